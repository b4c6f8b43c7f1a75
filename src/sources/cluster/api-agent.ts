import http from 'node:http';
import https from 'node:https';
import { PassThrough, type Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { openTunnel } from './proxy-tunnel.ts';

/** How to speak TLS to the API server. */
export interface ApiTls {
  readonly secureContext: SecureContext;
  /** `tls-server-name`: the name to send and to verify, where it is not the server's own. */
  readonly servername?: string;
  /** False with `insecure-skip-tls-verify`. */
  readonly rejectUnauthorized: boolean;
}

/**
 * One agent for plain requests and for WebSockets, so that both take the same way with the same credentials.
 * Connections, through a proxy or not, are kept and used again.
 */
export function createApiAgent(server: URL, tls: ApiTls, proxy: URL | undefined): http.Agent {
  if (server.protocol === 'http:') return proxy ? new PlainTunnelAgent(proxy) : new http.Agent({ keepAlive: true });
  const options = { keepAlive: true, ...tls };
  return proxy ? new TunnelAgent(proxy, options) : new https.Agent(options);
}

type Connected = (error: Error | null, stream: Duplex) => void;

class TunnelAgent extends https.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: https.RequestOptions, callback?: Connected): undefined {
    const secured = (socket: Duplex) => {
      const throughTunnel: https.RequestOptions & { socket: Duplex } = { ...options, socket };
      return super.createConnection(throughTunnel) ?? socket;
    };
    hand(openTunnel(this.#proxy, options.host ?? '', Number(options.port)).then(secured), callback);
    return undefined;
  }
}

class PlainTunnelAgent extends http.Agent {
  readonly #proxy: URL;

  constructor(proxy: URL) {
    super({ keepAlive: true });
    this.#proxy = proxy;
  }

  override createConnection(options: http.ClientRequestArgs, callback?: Connected): undefined {
    hand(openTunnel(this.#proxy, options.host ?? '', Number(options.port)), callback);
    return undefined;
  }
}

/** Gives an agent the connection that it waits for. The type of Node's callback wants a stream even beside an error. */
export function hand(connection: Promise<Duplex>, callback: Connected | undefined): void {
  connection.then(
    (stream) => callback?.(null, stream),
    (error: Error) => callback?.(error, new PassThrough().destroy()),
  );
}
