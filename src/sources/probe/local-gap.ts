import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Gap } from '../../model/coverage.ts';
import { errorCode } from '../../tls/error-codes.ts';

/** An address of the global unicast range of IPv6 (RFC 4291 section 2.4); nothing is ever sent to it. */
const anywhere6 = '2000::1';

/** Whether this machine has a route for IPv6 beyond itself. Nothing is sent. */
export function hasRoute6(): Promise<boolean> {
  return hasRoute(anywhere6);
}

/**
 * Whether this machine's own routing table knows a way to an address. Connecting a UDP socket asks just that: no packet
 * leaves, so a refusal cannot be a router's.
 */
export function hasRoute(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const settle = (found: boolean): void => {
      socket.close();
      resolve(found);
    };
    socket.once('error', () => settle(false)).once('connect', () => settle(true));
    socket.connect(443, address);
  });
}

/** Codes of connect(2) that a machine without a way to the address gives by itself. */
const withoutRoute = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/**
 * The reason why a connection that failed with `code` says nothing of the server, if it lies with this machine: no
 * route to the family of the address, a local firewall, too many open files.
 */
export async function localGap(code: string | undefined, address: string): Promise<Gap | undefined> {
  if (code === undefined) return undefined;
  if (withoutRoute.has(code) && !(await hasRoute(address))) return unreachable(await missingRoute(address));
  const known = errorCode(code);
  return known?.kind === 'input' ? unreachable(`${code}: ${known.meaning}`) : undefined;
}

async function missingRoute(address: string): Promise<string> {
  return isIPv6(address) && !(await hasRoute6())
    ? 'This machine has no IPv6 route, so IPv6 addresses cannot be tried from here.'
    : `This machine has no route to ${address}.`;
}

function unreachable(detail: string): Gap {
  return { reason: 'unreachable', detail };
}
