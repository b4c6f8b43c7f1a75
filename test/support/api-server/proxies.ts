import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type Socket } from 'node:net';
import { serverCertificate } from './certificates.ts';
import { portOf } from './https-server.ts';

export interface TestProxy {
  readonly port: number;
  /** What it was asked to connect to, in order. */
  readonly asked: string[];
  readonly authorizations: (string | undefined)[];
  close(): Promise<void>;
}

/** Where a proxy really connects to: every target leads to one port on loopback, whatever its name. */
export interface ProxyOptions {
  readonly to: number;
  /** Answers CONNECT with this status instead of connecting. */
  readonly refuseWith?: number;
  readonly tls?: boolean;
}

export async function startConnectProxy(options: ProxyOptions): Promise<TestProxy> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = options.tls
    ? https.createServer({ cert: serverCertificate.certificatePem, key: serverCertificate.privateKeyPem })
    : http.createServer();
  server.on('connect', (request, client, head) => {
    asked.push(request.url ?? '');
    authorizations.push(request.headers['proxy-authorization']);
    if (options.refuseWith !== undefined) {
      client.end(`HTTP/1.1 ${options.refuseWith} No\r\n\r\n`);
      return;
    }
    const upstream = net.connect(options.to, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  return listening(server, asked, authorizations);
}

/** SOCKS 5 without authentication (RFC 1928), CONNECT only. */
export async function startSocksProxy(options: ProxyOptions): Promise<TestProxy> {
  const asked: string[] = [];
  const server = net.createServer((client) => {
    client.on('error', () => undefined);
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (request: Buffer) => {
        asked.push(socksTarget(request));
        const upstream = net.connect(options.to, '127.0.0.1', () => {
          client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          upstream.pipe(client).pipe(upstream);
        });
        upstream.on('error', () => client.destroy());
      });
    });
  });
  return listening(server, asked, []);
}

function socksTarget(request: Buffer): string {
  if (request[3] === 1) return `${[...request.subarray(4, 8)].join('.')}:${request.readUInt16BE(8)}`;
  const length = request[4] ?? 0;
  return `${request.subarray(5, 5 + length).toString()}:${request.readUInt16BE(5 + length)}`;
}

async function listening(
  server: net.Server,
  asked: string[],
  authorizations: (string | undefined)[],
): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    asked,
    authorizations,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
