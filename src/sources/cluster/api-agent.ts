import http from 'node:http';
import https from 'node:https';
import { PassThrough, type Duplex } from 'node:stream';
import tls from 'node:tls';
import { proxyName } from './api-proxy.ts';

/** How to speak TLS to the API server. */
export interface ApiTls {
  readonly secureContext: tls.SecureContext;
  /** `tls-server-name`: the name to send and to verify, where it is not the server's own. */
  readonly servername?: string;
  /** False with `insecure-skip-tls-verify`. */
  readonly rejectUnauthorized: boolean;
}

/** The proxy, not the API server, is what failed. `status` is there when it answered CONNECT with a refusal. */
export class ProxyFailure extends Error {
  readonly code = 'PROXY_FAILED';
  readonly proxy: string;
  readonly status?: number;

  constructor(proxy: URL, reason: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(`the proxy ${proxyName(proxy)} ${reason}`, { cause: options.cause });
    this.name = 'ProxyFailure';
    this.proxy = proxyName(proxy);
    if (options.status !== undefined) this.status = options.status;
  }
}

/** Longer than any proxy needs to connect, shorter than the run: the request's own time limit usually comes first. */
const connectTimeoutMs = 10_000;

/**
 * One agent for plain requests and for WebSockets, so that both take the same way with the same credentials.
 * Connections are kept and used again. `proxy` is of the scheme http or https.
 */
export function createApiAgent(server: URL, tlsOptions: ApiTls, proxy: URL | undefined): http.Agent {
  if (server.protocol === 'http:') return proxy ? new PlainTunnelAgent(proxy) : new http.Agent({ keepAlive: true });
  const options = { keepAlive: true, ...tlsOptions };
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
    hand(tunnel(this.#proxy, options).then(secured), callback);
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
    hand(tunnel(this.#proxy, options), callback);
    return undefined;
  }
}

/** The type of Node's callback wants a stream even beside an error. */
export function noStream(): Duplex {
  return new PassThrough().destroy();
}

function hand(connection: Promise<Duplex>, callback: Connected | undefined): void {
  connection.then(
    (stream) => callback?.(null, stream),
    (error: Error) => callback?.(error, noStream()),
  );
}

function tunnel(proxy: URL, target: http.ClientRequestArgs): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const host = target.host ?? '';
  const authority = `${host.includes(':') ? `[${host}]` : host}:${target.port ?? ''}`;
  const secure = proxy.protocol === 'https:';
  const request = (secure ? https : http).request({
    method: 'CONNECT',
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (secure ? 443 : 80),
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    timeout: connectTimeoutMs,
    ...(secure && { ca: trustedByThisMachine() }),
  });
  request.once('connect', (response, socket, head) => {
    socket.setTimeout(0);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) {
      socket.destroy();
      reject(new ProxyFailure(proxy, `answered ${status} to CONNECT ${authority}`, { status }));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    resolve(socket);
  });
  request.once('timeout', () => request.destroy(new Error(`no answer within ${connectTimeoutMs / 1000} s`)));
  request.once('error', (cause) => reject(new ProxyFailure(proxy, `cannot be used: ${cause.message}`, { cause })));
  request.end();
  return promise;
}

function proxyAuthorization(proxy: URL): http.OutgoingHttpHeaders {
  if (proxy.username === '' && proxy.password === '') return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Node's own authorities and those of the operating system: Go, hence kubectl, trusts the latter. */
export function trustedByThisMachine(): string[] {
  return [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
}
