import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Gap } from '../../model/coverage.ts';
import { apiPath, permission, podKind } from './api-kind.ts';
import { errorCode } from './error-code.ts';
import type { EnvoyAdminPath } from './envoy-admin-path.ts';
import type { Connection } from './kept-connection.ts';
import { budgetOver, noAnswerBecause, noAnswerWithin, NoAnswer, StaleConnection, wasClosed } from './no-answer.ts';
import { gapOf, isStatus, messageOf, wholeAnswer, type WholeAnswer } from './read-answer.ts';
import { apiUrl, type Transport } from './transport.ts';

export interface PodRef {
  readonly namespace: string;
  readonly pod: string;
}

/** What can be reached inside a pod: one of its ports, or one page of its Envoy through `pilot-agent request GET`. */
export type PodEndpoint =
  { readonly to: 'port'; readonly port: number } | { readonly to: 'envoy-page'; readonly path: EnvoyAdminPath };

/**
 * Why there is no way into a pod. `upgrade-refused`: the API server, a proxy before it or the node would not open one,
 * though the user may have it.
 */
export interface PodRefusal {
  readonly outcome: 'forbidden' | 'no-such-pod' | 'pod-not-running' | 'upgrade-refused' | 'unreachable' | 'timeout';
  readonly gap: Gap;
}

export type PodSocket = { readonly outcome: 'open'; readonly socket: WebSocket } | PodRefusal;

/** Frames are as large as a node's copy buffer, 32 kB; a peer that sends larger ones is not a node. */
const maxPayload = 4 * 1024 * 1024;
const closeTimeoutMs = 500;

/** Opens a WebSocket into a pod, with the credentials and by the way that plain requests take. Never throws. */
export async function openPodSocket(transport: Transport, ref: PodRef, endpoint: PodEndpoint): Promise<PodSocket> {
  const subresource = endpoint.to === 'port' ? 'portforward' : 'exec';
  const place = { namespace: ref.namespace, name: ref.pod, subresource };
  const path = apiPath(podKind, place);
  const wanted = permission('create', podKind, place);
  if (path === undefined) {
    const detail = `${JSON.stringify(ref.pod)} is no name of a pod`;
    return { outcome: 'no-such-pod', gap: { reason: 'unreachable', detail } };
  }
  const url = apiUrl(transport.access.server, path, queryFor(endpoint));
  try {
    const result = await upgrade(transport, url, subresource);
    return 'socket' in result ? { outcome: 'open', socket: result.socket } : refusal(result, wanted);
  } catch (error) {
    const { gap } = noAnswerBecause(error, url.origin);
    return { outcome: gap.reason === 'timeout' ? 'timeout' : 'unreachable', gap };
  }
}

/** One handshake; another where the first met a closed connection or credentials that can be renewed. */
async function upgrade(transport: Transport, url: URL, subresource: Subresource): Promise<Opened | WholeAnswer> {
  const { access } = transport;
  const connection = await access.connection();
  const first = await handshake(transport, connection, url, subresource).catch((error: unknown) => {
    // A kept connection may have been closed by the server meanwhile; nothing was asked on it then.
    if (!(error instanceof StaleConnection)) throw error;
    return handshake(transport, connection, url, subresource);
  });
  if ('socket' in first || first.status !== 401 || !access.renewCredentials(connection)) return first;
  return handshake(transport, await access.connection(), url, subresource);
}

function queryFor(endpoint: PodEndpoint): URLSearchParams {
  if (endpoint.to === 'port') return new URLSearchParams({ ports: String(endpoint.port) });
  const query = new URLSearchParams({ container: 'istio-proxy', stdout: 'true', stderr: 'true' });
  // pilot-agent puts the slash itself.
  for (const word of ['pilot-agent', 'request', 'GET', endpoint.path.slice(1)]) query.append('command', word);
  return query;
}

const protocols = {
  portforward: ['v4.channel.k8s.io'],
  exec: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
};
type Subresource = keyof typeof protocols;

interface Opened {
  readonly socket: WebSocket;
}

/** @throws NoAnswer, StaleConnection */
async function handshake(
  transport: Transport,
  { agent, headers }: Connection,
  url: URL,
  subresource: Subresource,
): Promise<Opened | WholeAnswer> {
  const { signal, requestTimeoutMs } = transport;
  if (signal.aborted) throw budgetOver(signal);
  const { promise, resolve, reject } = Promise.withResolvers<Opened | WholeAnswer>();
  const started = Date.now();
  const socket = new WebSocket(url, protocols[subresource], {
    agent,
    headers: { 'User-Agent': transport.userAgent, ...headers },
    handshakeTimeout: requestTimeoutMs,
    closeTimeout: closeTimeoutMs,
    maxPayload,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const record = (status: number | null, error?: string) =>
    transport.audit({
      time: new Date(started).toISOString(),
      method: 'GET',
      path: url.pathname,
      query: url.search.slice(1),
      status,
      ...(error !== undefined && { error }),
      ms: Date.now() - started,
      upgrade: 'websocket',
    });
  const limit = setTimeout(() => reject(noAnswerWithin(requestTimeoutMs, url.origin)), requestTimeoutMs);
  const budgetEnds = () => reject(budgetOver(signal));
  signal.addEventListener('abort', budgetEnds, { once: true });
  // Stays for good: an error that nobody listens to would end the process.
  socket.on('error', reject);
  socket.once('unexpected-response', (_, response) => void readRefusal(response).then(resolve, reject));
  socket.once('open', () => {
    // Nothing may be lost before the reader is there.
    socket.pause();
    resolve({ socket });
  });
  try {
    const result = await promise;
    record('socket' in result ? 101 : result.status);
    if (!('socket' in result)) socket.terminate();
    return result;
  } catch (error) {
    record(null, error instanceof NoAnswer ? 'ETIMEDOUT' : errorCode(error));
    socket.terminate();
    throw wasClosed(error) ? new StaleConnection(error) : noAnswerBecause(error, url.origin);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', budgetEnds);
  }
}

const refusalLimit = 64 * 1024;

async function readRefusal(response: IncomingMessage): Promise<WholeAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > refusalLimit) break;
  }
  const { location } = response.headers;
  return wholeAnswer({
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    ...(location !== undefined && { location }),
    text: Buffer.concat(chunks).toString(),
  });
}

/** What API servers and kubelets say of a pod or container that does not run. */
const notRunning =
  /does not have a host assigned|not running|completed pod|container not found|sandbox .*not found|unable to find/i;

function refusal(answer: WholeAnswer, wanted: string): PodRefusal {
  const gap = gapOf(answer, wanted);
  const unreachable: Gap = { ...gap, reason: 'unreachable' };
  if (gap.reason === 'forbidden') return { outcome: 'forbidden', gap };
  if (answer.status === 404 && isStatus(answer)) return { outcome: 'no-such-pod', gap: unreachable };
  if (notRunning.test(messageOf(answer))) return { outcome: 'pod-not-running', gap: unreachable };
  return { outcome: 'upgrade-refused', gap: unreachable };
}
