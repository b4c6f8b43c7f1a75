/** The part of `ws` that is used here; the package carries no types of its own. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';
  import type { Agent, ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';

  export interface ClientOptions {
    readonly agent: Agent;
    readonly headers: OutgoingHttpHeaders;
    readonly handshakeTimeout: number;
    readonly closeTimeout: number;
    readonly maxPayload: number;
    readonly perMessageDeflate: false;
    readonly followRedirects: false;
  }

  interface Events {
    open: [];
    upgrade: [response: IncomingMessage];
    'unexpected-response': [request: ClientRequest, response: IncomingMessage];
    message: [data: Buffer, isBinary: boolean];
    close: [code: number, reason: Buffer];
    error: [error: NodeJS.ErrnoException];
  }

  export class WebSocket extends EventEmitter<Events> {
    static readonly OPEN: 1;
    static readonly CLOSED: 3;
    readonly readyState: 0 | 1 | 2 | 3;
    constructor(address: URL, protocols: readonly string[], options: ClientOptions);
    send(data: Uint8Array, options: { readonly binary: boolean }, done: (error?: Error) => void): void;
    pause(): void;
    resume(): void;
    close(code?: number): void;
    terminate(): void;
  }
}
