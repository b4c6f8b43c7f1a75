import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { SocksClient } from 'socks';
import { proxyName } from './api-proxy.ts';

/** The proxy, not the API server, is what failed. `status` is there when it answered CONNECT with a refusal. */
export class ProxyFailure extends Error {
  readonly code = 'PROXY_FAILED';
  readonly status?: number;

  constructor(proxy: URL, reason: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(`the proxy ${proxyName(proxy)} ${reason}`, { cause: options.cause });
    this.name = 'ProxyFailure';
    if (options.status !== undefined) this.status = options.status;
  }
}

/** Longer than any proxy needs to connect, shorter than the run: the request's own time limit usually comes first. */
const connectTimeoutMs = 10_000;

/**
 * Connects to a host and port through a proxy, by CONNECT (RFC 9110) or SOCKS 5 (RFC 1928). The proxy resolves the name,
 * as it does for kubectl.
 *
 * @throws ProxyFailure
 */
export function openTunnel(proxy: URL, host: string, port: number): Promise<Duplex> {
  return proxy.protocol.startsWith('socks') ? bySocks(proxy, host, port) : byConnect(proxy, host, port);
}

async function bySocks(proxy: URL, host: string, port: number): Promise<Duplex> {
  const password = decodeURIComponent(proxy.password);
  try {
    const { socket } = await SocksClient.createConnection({
      command: 'connect',
      destination: { host, port },
      proxy: {
        type: 5,
        host: hostOf(proxy),
        port: Number(proxy.port || 1080),
        ...(proxy.username !== '' && { userId: decodeURIComponent(proxy.username), password }),
      },
      timeout: connectTimeoutMs,
    });
    return socket;
  } catch (cause) {
    throw unusable(proxy, cause);
  }
}

function byConnect(proxy: URL, host: string, port: number): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const secure = proxy.protocol === 'https:';
  const request = (secure ? https : http).request({
    method: 'CONNECT',
    host: hostOf(proxy),
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
  request.once('error', (cause) => reject(unusable(proxy, cause)));
  request.end();
  return promise;
}

function unusable(proxy: URL, cause: unknown): ProxyFailure {
  return new ProxyFailure(proxy, `cannot be used: ${cause instanceof Error ? cause.message : 'unknown'}`, { cause });
}

function hostOf(proxy: URL): string {
  return proxy.hostname.replace(/^\[|\]$/g, '');
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
