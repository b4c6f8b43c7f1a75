import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Minted } from '../../../src/pki/certificate-description.ts';
import { authority, serverCertificate } from './certificates.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  /** Each header as it came, for those that come several times. */
  readonly all: Readonly<NodeJS.Dict<string[]>>;
  readonly body: string;
  /** The common name of the client certificate. */
  readonly client?: string;
  readonly upgrade: boolean;
}

export type Respond = (request: SeenRequest, response: http.ServerResponse) => void;
export type Upgrade = (request: SeenRequest, socket: Duplex, head: Buffer) => void;

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly seen: SeenRequest[];
  /** Connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly certificate?: Minted;
  readonly plain?: boolean;
  readonly upgrade?: Upgrade;
}

/** A real server on loopback that records what it is asked and answers as the test says. */
export async function startServer(respond: Respond, options: TestServerOptions = {}): Promise<TestServer> {
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const certificate = options.certificate ?? serverCertificate;
  const server = options.plain
    ? http.createServer()
    : https.createServer({
        cert: certificate.certificatePem,
        key: certificate.privateKeyPem,
        ca: authority.certificatePem,
        requestCert: true,
        rejectUnauthorized: false,
      });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    void bodyOf(request).then((body) => {
      const noted = note(request, body, false);
      seen.push(noted);
      respond(noted, response);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    const noted = note(request, '', true);
    seen.push(noted);
    socket.on('error', () => undefined);
    if (options.upgrade) options.upgrade(noted, socket, head);
    else socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  return {
    url: `${options.plain ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    seen,
    connections: () => connections,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}

function note(request: http.IncomingMessage, body: string, upgrade: boolean): SeenRequest {
  const url = new URL(request.url ?? '/', 'http://test');
  const { socket } = request;
  const client = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined;
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    all: request.headersDistinct,
    body,
    ...(typeof client === 'string' && { client }),
    upgrade,
  };
}

async function bodyOf(request: http.IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}

export function json(response: http.ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A refusal in the API server's own words. */
export function refuse(response: http.ServerResponse, code: number, reason: string, message: string, more = {}): void {
  json(response, code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
    ...more,
  });
}

export function answerVersion(request: SeenRequest, response: http.ServerResponse): boolean {
  if (request.path !== '/version') return false;
  json(response, 200, { major: '1', minor: '35', gitVersion: 'v1.35.3' });
  return true;
}
