import type { Duplex } from 'node:stream';
import type { Probe, ProbePhase } from '../../model/probe.ts';
import type { ConnectionError } from '../../tls/classify.ts';
import { readServerFlight } from '../../tls/server-flight.ts';
import type { ServerFlight } from '../../tls/server-flight.ts';
import { timeLimit, unlessAborted } from './abort.ts';
import { dial } from './dial.ts';
import { startHandshake } from './handshake.ts';
import type { Handshake, Negotiated } from './handshake.ts';
import type { ProbePlan } from './plan.ts';
import { proxyHeader } from './proxy-protocol.ts';
import { request, UnreadableAnswer } from './request.ts';
import { secureContext } from './secure-contexts.ts';
import { Wire } from './wire.ts';

const defaultTimeoutMs = 3000;

/** How long a gateway may take to judge a client certificate, besides two round trips: silence then counts as consent. */
const judgementMs = { beforeRequest: 50, withoutRequest: 300 } as const;

/** All that one connection showed. */
export interface Attempt {
  readonly at: string;
  readonly ms: number;
  /** How far it came. */
  readonly phase: ProbePhase | 'done';
  readonly timedOut: boolean;
  /** Why it came no further. */
  readonly failure?: ConnectionError;
  /** Our end of the connection. */
  readonly from?: string;
  readonly received?: { readonly bytes: number; readonly lastAtMs?: number };
  /** The beginning of what the server sent; absent when nothing failed. */
  readonly firstBytes?: Buffer;
  readonly flight?: ServerFlight;
  readonly negotiated?: Negotiated;
  readonly http?: NonNullable<Probe['http']>;
}

/** An attempt while it is made. */
type Making = { -readonly [Key in keyof Attempt]: Attempt[Key] };

/**
 * Makes one connection after the plan, and closes it. What goes wrong is in the result; rejects only with the reason of
 * `signal`, and with an IstlsError for settings that OpenSSL cannot use.
 */
export async function attempt(plan: ProbePlan, signal: AbortSignal): Promise<Attempt> {
  if (plan.scheme !== 'http') secureContext(plan);
  const startedAt = performance.now();
  const making: Making = { at: new Date().toISOString(), ms: 0, phase: 'connect', timedOut: false };
  const limit = timeLimit(signal, plan.timeoutMs ?? defaultTimeoutMs);
  try {
    await carryOut(plan, making, startedAt, limit.signal);
    making.phase = 'done';
  } catch (error) {
    signal.throwIfAborted();
    making.timedOut = limit.expired();
    making.failure = connectionError(error);
  } finally {
    limit.clear();
  }
  making.ms = Math.round(performance.now() - startedAt);
  return making;
}

async function carryOut(plan: ProbePlan, making: Making, startedAt: number, signal: AbortSignal): Promise<void> {
  const { stream, from } = await dial(plan, signal);
  if (from !== undefined) making.from = from;
  const connectMs = performance.now() - startedAt;
  const wire = new Wire(stream, startedAt);
  wire.on('error', () => {});
  try {
    if (plan.proxyProtocol) wire.write(proxyHeader(stream));
    if (plan.scheme === 'http') await askInClear(plan, making, wire, signal);
    else await askByTls(plan, making, wire, connectMs, signal);
  } finally {
    wire.destroy();
    making.received = wire.received;
  }
}

async function askInClear(plan: ProbePlan, making: Making, wire: Wire, signal: AbortSignal): Promise<void> {
  making.phase = 'request';
  try {
    if (plan.request !== null) making.http = await ask(plan, wire, false, signal);
  } catch (error) {
    making.firstBytes = wire.firstBytes;
    throw trueReason(error, wire);
  }
}

async function askByTls(
  plan: ProbePlan,
  making: Making,
  wire: Wire,
  connectMs: number,
  signal: AbortSignal,
): Promise<void> {
  making.phase = 'handshake';
  const handshake = startHandshake(wire, plan);
  const flight = (): ServerFlight => readServerFlight(wire.firstBytes, handshake.handshakeSecret());
  try {
    const negotiated = await unlessAborted(Promise.race([handshake.finished, handshake.ended]), signal);
    if (!negotiated) throw new Error('the connection was closed');
    making.negotiated = negotiated;
    making.flight = flight();
    making.phase = 'request';
    await outlastJudgement(plan, making, handshake, connectMs, signal);
    if (plan.request !== null) making.http = await ask(plan, handshake.socket, negotiated.alpn === 'h2', signal);
  } catch (error) {
    making.flight ??= flight();
    making.firstBytes = wire.firstBytes;
    throw trueReason(error, wire, handshake.error());
  } finally {
    handshake.socket.destroy();
  }
}

function ask(plan: ProbePlan, connection: Duplex, http2: boolean, signal: AbortSignal): ReturnType<typeof request> {
  const { scheme = 'https', host, port, urlPort = port } = plan;
  return request(connection, { scheme, host, port: urlPort, path: plan.request?.path ?? '/', http2 }, signal);
}

/**
 * With TLS 1.3 a client is done before the server has judged its certificate, and a server that accepts says nothing
 * until it is asked something. Without a request only silence for longer than a refusal takes tells. With one, the
 * silence spares the alert: a server that closes while a request lies unread resets, and the alert is lost on the way.
 */
async function outlastJudgement(
  plan: ProbePlan,
  { negotiated, flight }: Making,
  handshake: Handshake,
  connectMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (negotiated?.protocol !== 'TLSv1.3') return;
  const isJudged = flight?.certificateRequest !== undefined || flight?.complete !== true;
  if (!isJudged && plan.request !== null) return;
  const leastMs = plan.request === null ? judgementMs.withoutRequest : judgementMs.beforeRequest;
  const quiet = Promise.withResolvers<'quiet'>();
  const timer = setTimeout(() => quiet.resolve('quiet'), Math.max(2 * connectMs, isJudged ? leastMs : 0));
  // Unread, an alert would stay unseen. What is read here belongs to nobody: no request was sent.
  handshake.socket.read(0);
  try {
    const end = await unlessAborted(Promise.race([quiet.promise, handshake.ended]), signal);
    if (end !== 'quiet') throw new Error('the connection was closed');
  } finally {
    clearTimeout(timer);
  }
}

/**
 * TLS names alerts, HTTP what it cannot read, the network resets; what follows from one of them is worth nothing. A
 * reset that the network knows nothing of is Node's word for an answer that broke off.
 */
function trueReason(error: unknown, wire: Wire, tls?: Error): unknown {
  if (/^(?:ERR_SSL_|EPROTO$)/.test(codeOf(tls) ?? '')) return tls;
  if (error instanceof UnreadableAnswer) return error;
  if (wire.failure) return wire.failure;
  const isOver = wire.ended || codeOf(error) === 'ECONNRESET';
  return isOver ? new Error('the server closed the connection') : (tls ?? error);
}

function connectionError(error: unknown): ConnectionError {
  const code = codeOf(error);
  return { message: error instanceof Error ? error.message : String(error), ...(code !== undefined && { code }) };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
