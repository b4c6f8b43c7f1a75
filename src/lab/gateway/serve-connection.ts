import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { accessLogLine } from './access-log.ts';
import type { AccessLogEntry } from './access-log.ts';
import type { ClientHello } from './client-hello.ts';
import { answerRequest } from './http-answer.ts';
import type { HttpAnswer } from './http-answer.ts';
import { badRequest, http2Preface, serveHttp2 } from './http-front.ts';
import type { AnswerHttp, Http1Front } from './http-front.ts';
import type { RoutedRequest } from './http-routing.ts';
import type { ChainPlan, HttpPlan, TcpPlan } from './plan.ts';
import type { ChainTlsServer } from './tls-server.ts';
import type { FindUpstream } from './upstream.ts';
import { VerdictSocket, endGently } from './verdict-socket.ts';

export interface LiveChain extends ChainPlan {
  /** Absent on a chain without TLS, and while a secret of it is missing. */
  readonly tlsServer?: ChainTlsServer;
}

/** A connection whose first bytes have been read. */
export interface PeekedConnection {
  readonly connection: Duplex;
  readonly bytes: Buffer;
  /** Absent when the client does not speak TLS. */
  readonly hello?: ClientHello;
  readonly localAddress: string;
  readonly remoteAddress: string;
}

export interface Serving {
  readonly http1: Http1Front;
  readonly findUpstream: FindUpstream;
  readonly accessLog: (line: string) => void;
  readonly now: () => Date;
  /** The routes of a chain as they are now: they may change while a connection lives. */
  readonly routesOf: (chain: ChainPlan) => HttpPlan | undefined;
}

/** Does with a connection what Envoy does once the filter chain is chosen; without a chain, it resets. */
export function serveConnection(serving: Serving, peeked: PeekedConnection, chain: LiveChain | undefined): void {
  const { connection, bytes, hello } = peeked;
  if (!chain) {
    log(serving, peeked, { status: 0, flags: 'NR', details: 'filter_chain_not_found' });
    reset(connection);
    return;
  }
  if (!chain.tls) servePlaintext(serving, peeked, chain);
  // A chain whose secret never came, or was refused: the same reset, without a line in any log.
  else if (!chain.tlsServer) reset(connection);
  else if (hello)
    chain.tlsServer.accept(connection, bytes, hello, (socket) => serveTls(serving, peeked, chain, socket));
  // Plaintext to a chain with TLS: BoringSSL sees an HTTP request and leaves without a word.
  else endGently(connection);
}

function serveTls(serving: Serving, peeked: PeekedConnection, chain: ChainPlan, socket: TLSSocket): void {
  if (chain.traffic.kind === 'tcp') {
    void passBytes(serving, peeked, chain.traffic, socket);
    return;
  }
  const answer = answererOf(serving, peeked, chain, true);
  if (socket.alpnProtocol === 'h2') serveHttp2(socket, answer);
  else serving.http1.serve(socket, answer);
}

function servePlaintext(serving: Serving, peeked: PeekedConnection, chain: ChainPlan): void {
  const { connection, bytes, hello } = peeked;
  if (chain.traffic.kind === 'http' && hello) {
    const entry = { protocol: 'HTTP/1.1', status: 400, flags: 'DPE', details: 'http1.codec_error', bytesSent: 11 };
    log(serving, peeked, entry);
    endGently(connection, Buffer.from(badRequest));
    return;
  }
  const socket = new VerdictSocket(connection, bytes, { awaitVerdict: false });
  socket.on('error', () => socket.destroy());
  if (chain.traffic.kind === 'tcp') {
    void passBytes(serving, peeked, chain.traffic, socket);
    return;
  }
  const answer = answererOf(serving, peeked, chain, false);
  if (bytes.subarray(0, http2Preface.length).equals(http2Preface)) serveHttp2(socket, answer);
  else serving.http1.serve(socket, answer);
}

function answererOf(serving: Serving, peeked: PeekedConnection, chain: ChainPlan, isTls: boolean): AnswerHttp {
  return (request, protocol) => {
    const plan = serving.routesOf(chain) ?? { kind: 'http', virtualHosts: [] };
    const answer = answerRequest(plan, request, isTls, serving.findUpstream);
    log(serving, peeked, { ...requestEntry(request, answer, peeked), protocol });
    return answer;
  };
}

type LogFields = Omit<AccessLogEntry, 'at' | 'localAddress' | 'remoteAddress' | 'serverName'>;

function requestEntry(request: RoutedRequest, answer: HttpAnswer, peeked: PeekedConnection): LogFields {
  const { upstream, upstreamFailure, flags, routeName } = answer;
  const isVia = answer.details === 'via_upstream';
  return {
    method: request.method,
    path: request.path,
    authority: request.authority,
    status: answer.status,
    details: answer.details,
    bytesSent: Buffer.byteLength(answer.body),
    milliseconds: isVia ? 1 : 0,
    forwardedFor: addressOnly(peeked.remoteAddress),
    ...(request.headers['user-agent'] !== undefined && { userAgent: request.headers['user-agent'] }),
    ...(flags !== undefined && { flags }),
    ...(routeName !== undefined && { routeName }),
    ...(upstreamFailure !== undefined && { upstreamFailure }),
    ...(isVia && { upstreamMilliseconds: 1 }),
    ...(upstream && { upstream: { ...upstream, localAddress: isVia ? upstreamSide(peeked) : '-' } }),
  };
}

/** Passes bytes between the client and the application, as `tcp_proxy` does. */
async function passBytes(serving: Serving, peeked: PeekedConnection, plan: TcpPlan, client: Duplex): Promise<void> {
  const upstream = serving.findUpstream(plan.destination);
  if (upstream.state !== 'ready') {
    const gone = upstream.state === 'no-cluster';
    const entry = { status: 0, flags: gone ? 'NC' : 'UH', details: gone ? 'cluster_not_found' : 'no_healthy_upstream' };
    log(serving, peeked, entry);
    reset(peeked.connection);
    return;
  }
  const [start, application] = [serving.now(), upstream.application.connect()];
  const [received, sent] = [byteCounter(client), byteCounter(application)];
  application.on('error', () => client.destroy());
  client.on('error', () => application.destroy());
  client.pipe(application).pipe(client);
  application.once('close', () => client.end());
  client.once('close', () => application.destroy());
  await once(client, 'close');
  log(serving, peeked, {
    status: 0,
    bytesReceived: received(),
    bytesSent: sent(),
    milliseconds: serving.now().getTime() - start.getTime(),
    upstream: { ...upstream, localAddress: upstreamSide(peeked) },
  });
}

function byteCounter(stream: Duplex): () => number {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  return () => bytes;
}

function log(serving: Serving, peeked: PeekedConnection, fields: LogFields): void {
  const { localAddress, remoteAddress, hello } = peeked;
  const serverName = hello?.serverName;
  const place = { at: serving.now(), localAddress, remoteAddress, ...(serverName !== undefined && { serverName }) };
  serving.accessLog(accessLogLine({ ...fields, ...place }));
}

function addressOnly(addressAndPort: string): string {
  return addressAndPort.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

/** The gateway's end of its connection to the application. The lab opens none; the port is one that it could have had. */
function upstreamSide({ localAddress }: PeekedConnection): string {
  return `${addressOnly(localAddress)}:${32768 + Math.floor(Math.random() * 28000)}`;
}

/** Closes as Envoy does without reading what the client sent: the client's kernel sees a reset, and no alert. */
function reset(connection: Duplex): void {
  if (connection instanceof Socket) connection.resetAndDestroy();
  else connection.destroy();
}
