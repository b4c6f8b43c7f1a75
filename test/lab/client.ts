import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import type { GatewayWorld } from './gateway-world.ts';

/** What one connection came to. */
export interface Met {
  /** `ok`, or the code of the error: `ECONNRESET`, `ECONNREFUSED`, `ERR_SSL_…`; `end` when it was closed without a word. */
  readonly outcome: string;
  /** The serial number of the certificate shown. */
  readonly serialNumber?: string;
  readonly protocol?: string;
  readonly alpn?: string;
  /** The first line of the answer, and all of it. */
  readonly status?: string;
  readonly text?: string;
}

/** Opens TLS to the gateway's port and asks for `/` over HTTP/1.1, as a client that trusts everybody. */
export async function meet(
  world: GatewayWorld,
  servername: string | undefined,
  options: ConnectionOptions & { readonly port?: number; readonly path?: string; readonly authority?: string } = {},
): Promise<Met> {
  const { port = 443, path = '/', authority = servername ?? 'nobody', ...tls } = options;
  const real = await world.portTo(port);
  if (real === undefined) return { outcome: 'ECONNREFUSED' };
  return new Promise((resolve) => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: real,
      rejectUnauthorized: false,
      ...(servername !== undefined && { servername }),
      ...tls,
    });
    let text = '';
    let known: Omit<Met, 'outcome'> = {};
    socket.once('secureConnect', () => {
      const { serialNumber } = socket.getPeerX509Certificate() ?? {};
      known = {
        ...(serialNumber !== undefined && { serialNumber }),
        protocol: socket.getProtocol() ?? '',
        alpn: socket.alpnProtocol === false || socket.alpnProtocol === null ? '' : socket.alpnProtocol,
      };
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${authority}\r\nconnection: close\r\n\r\n`);
    });
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve({ outcome: error.code ?? error.message, ...known }));
    socket.once('close', () => {
      const status = text.split('\r\n')[0] ?? '';
      resolve(text === '' ? { outcome: 'end', ...known } : { outcome: 'ok', ...known, status, text });
    });
  });
}

/** Sends bytes in clear and gives what comes back, or the code of the error. */
export async function say(world: GatewayWorld, port: number, bytes: string): Promise<string> {
  const real = await world.portTo(port);
  if (real === undefined) return 'ECONNREFUSED';
  return new Promise((resolve) => {
    const socket = connectTcp(real, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve(text));
    socket.write(bytes);
  });
}

/** One request over HTTP/2, by ALPN. */
export async function askHttp2(world: GatewayWorld, host: string): Promise<number> {
  const port = await world.portTo(443);
  const session = connectHttp2(`https://${host}:${port}`, {
    createConnection: () =>
      connectTls({
        host: '127.0.0.1',
        port: port ?? 0,
        servername: host,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
      }),
  });
  const status = await new Promise<number>((resolve, reject) => {
    session.once('error', reject);
    const stream = session.request({ ':path': '/', ':authority': host });
    stream.once('error', reject);
    stream.once('response', (headers) => resolve(Number(headers[':status'])));
    stream.resume();
  });
  session.destroy();
  return status;
}
