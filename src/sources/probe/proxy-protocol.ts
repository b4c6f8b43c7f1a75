import { isIPv6, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * The header that a balancer sends ahead of a client's bytes, version 1 (haproxy.org/download/2.9/doc/proxy-protocol.txt
 * section 2.1). `UNKNOWN` where the stream is not a TCP connection of this machine.
 */
export function proxyHeader(stream: Duplex): string {
  if (!(stream instanceof Socket)) return 'PROXY UNKNOWN\r\n';
  const { localAddress, localPort, remoteAddress, remotePort } = stream;
  if (localAddress === undefined || remoteAddress === undefined) return 'PROXY UNKNOWN\r\n';
  const family = isIPv6(remoteAddress) ? 'TCP6' : 'TCP4';
  return `PROXY ${family} ${localAddress} ${remoteAddress} ${localPort} ${remotePort}\r\n`;
}
