import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:http';
import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { Application, ApplicationAnswer, ApplicationRequest } from '../gateway/upstream.ts';

const shortAndStout =
  '\n    -=[ teapot ]=-\n\n       _...._\n     .\'  _ _ `.\n    | ."` ^ `". _,\n    \\_;`"---"`|//\n      |       ;/\n      \\_     _/\n        `"""`\n';

/** What every application of the lab says: 200 on `/`, the status asked for on `/status/CODE`, 404 on any other path. */
function echo(application: string, { method, path, authority }: ApplicationRequest): ApplicationAnswer {
  const plainPath = path.replace(/\?.*$/, '');
  const code = Number(/^\/status\/(\d{3})$/.exec(plainPath)?.[1] ?? 0);
  if (code === 418) return { status: 418, contentType: 'text/plain', body: shortAndStout };
  if (code >= 200 && code < 600) return { status: code, contentType: 'text/plain', body: '' };
  const known = plainPath === '/';
  const body = JSON.stringify({ application, method, path, host: authority, ...(!known && { error: 'no such page' }) });
  return { status: known ? 200 : 404, contentType: 'application/json', body: `${body}\n` };
}

/**
 * An application behind a Service. It lives in this process and opens no port.
 * @param tls the certificate that it shows, when it speaks TLS itself.
 */
export function echoApplication(name: string, tls?: { readonly cert: string; readonly key: string }): Application {
  return {
    answer: (request) => echo(name, request),
    connect: () => {
      const [near, far] = duplexPair();
      if (tls) serveTls(far, tls, httpServer(name));
      else httpServer(name).emit('connection', far);
      return near;
    },
  };
}

function httpServer(name: string): Server {
  return createHttpServer((request, response) => {
    request.resume();
    const { method = 'GET', url = '/', headers } = request;
    const { status, contentType, body } = echo(name, { method, path: url, authority: headers.host ?? '' });
    response.writeHead(status, { 'content-type': contentType, server: 'echo' });
    response.end(body);
  });
}

function serveTls(connection: Duplex, pair: { readonly cert: string; readonly key: string }, http: Server): void {
  const server = createTlsServer({ ...pair, ALPNProtocols: ['http/1.1'] });
  connection.on('error', () => connection.destroy());
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    http.emit('connection', socket);
  });
  server.emit('connection', connection);
}
