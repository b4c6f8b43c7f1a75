import { createPrivateKey } from 'node:crypto';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions, TLSSocket } from 'node:tls';
import type { TestContext } from 'node:test';
import type { Minted } from '../../src/pki/certificate-description.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import type { ClientCertificate, ProbePlan, Trust } from '../../src/sources/probe/plan.ts';

export const host = 'shop.example.com';
export const root = mintCertificate({ subject: 'CN=Test Root,O=Example', ca: true });
export const otherRoot = mintCertificate({ subject: 'CN=Other Root,O=Example', ca: true });
export const leaf = mintCertificate({ subject: `CN=${host}`, dnsNames: [host, '*.many.example.com'] }, root);
export const trustsRoot: Trust = { kind: 'certificates', certificates: [root.certificatePem], source: 'ca.crt' };
export const keyPair = { cert: leaf.certificatePem, key: leaf.privateKeyPem };

/** Never aborted. */
export const noSignal = new AbortController().signal;

export function clientOf(...[own, ...issuers]: readonly [Minted, ...Minted[]]): ClientCertificate {
  return {
    chain: [own, ...issuers].map(({ certificatePem }) => certificatePem),
    key: createPrivateKey(own.privateKeyPem),
    subject: 'CN=client',
  };
}

/** A plan for a server of this machine, which has to answer within five seconds. */
export function planFor(port: number, changes: Partial<ProbePlan> = {}): ProbePlan {
  return { host, address: '127.0.0.1', port, via: 'direct', trust: trustsRoot, timeoutMs: 5000, ...changes };
}

/** A server in clear. It and its connections are closed with the test. Gives the port. */
export function tcpServer(
  t: TestContext,
  onConnection: (socket: Socket) => void,
  address = '127.0.0.1',
): Promise<number> {
  return listening(t, createTcpServer({ allowHalfOpen: true }, quietly(onConnection)), address);
}

/** A TLS server that shows `leaf` unless told otherwise, and answers each request with an empty 200. */
export function tlsServer(
  t: TestContext,
  options: TlsOptions = {},
  onConnection: (socket: TLSSocket) => void = (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
): Promise<number> {
  const server = createTlsServer({ ...keyPair, ...options }, quietly(onConnection));
  server.on('tlsClientError', () => {});
  return listening(t, server);
}

export async function listening(t: TestContext, server: Server, address = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    socket.once('end', () => socket.destroySoon());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, address, resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
}

export function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('The server has no port.');
  return address.port;
}

function quietly<S extends Socket>(handle: (socket: S) => void): (socket: S) => void {
  return (socket) => {
    socket.on('error', () => {});
    handle(socket);
  };
}
