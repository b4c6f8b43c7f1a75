import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performServerHandshake } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { HttpAnswer } from './http-answer.ts';
import type { RoutedRequest } from './http-routing.ts';

export type AnswerHttp = (request: RoutedRequest, protocol: 'HTTP/1.1' | 'HTTP/2') => HttpAnswer;

/** What Envoy says to bytes that are no HTTP. */
export const badRequest =
  'HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text/plain\r\n' +
  'server: istio-envoy\r\nconnection: close\r\n\r\nBad Request';

/** Speaks HTTP/1.1 on connections that are handed to it, each with the function that answers it. */
export class Http1Front {
  readonly #answers = new WeakMap<Duplex, AnswerHttp>();
  readonly #server = createServer((request, response) => this.#respond(request, response));

  constructor() {
    this.#server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end(badRequest);
    });
  }

  serve(socket: Duplex, answer: AnswerHttp): void {
    this.#answers.set(socket, answer);
    this.#server.emit('connection', socket);
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const answer = this.#answers.get(request.socket)?.(routedRequest(request), 'HTTP/1.1');
    if (!answer) {
      response.destroy();
      return;
    }
    try {
      response.writeHead(answer.status, headersOf(answer));
      response.end(request.method === 'HEAD' ? undefined : answer.body);
    } catch {
      // What the client asked for came back in a header, and is none.
      response.destroy();
    }
  }
}

/** Speaks HTTP/2 on one connection: after ALPN, or in clear with prior knowledge. */
export function serveHttp2(socket: Duplex, answerHttp: AnswerHttp): void {
  const session = performServerHandshake(socket);
  session.on('error', () => session.destroy());
  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => stream.destroy());
    const answer = answerHttp(
      {
        method: headers[':method'] ?? 'GET',
        path: headers[':path'] ?? '/',
        authority: headers[':authority'] ?? headers.host ?? '',
        headers: plainHeaders(headers),
      },
      'HTTP/2',
    );
    try {
      stream.respond({ ':status': answer.status, ...headersOf(answer) });
      stream.end(answer.body);
    } catch {
      // The client has gone, or what it asked for came back in a header and is none.
      stream.destroy();
    }
  });
}

/** The bytes with which every HTTP/2 client begins. */
export const http2Preface = Buffer.from('PRI * HTTP/2.0');

function routedRequest(request: IncomingMessage): RoutedRequest {
  return {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    authority: request.headers.host ?? '',
    headers: plainHeaders(request.headers),
  };
}

function headersOf({ headers, body }: HttpAnswer): Record<string, string | number> {
  return { ...headers, 'content-length': Buffer.byteLength(body), server: 'istio-envoy' };
}

function plainHeaders(headers: NodeJS.Dict<string | string[]>): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return Object.fromEntries(entries);
}
