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
import { request } from './request.ts';
import { secureContext } from './secure-contexts.ts';
import { Wire } from './wire.ts';

const defaultTimeoutMs = 3000;

/** How long a gateway that judges a client certificate may be silent before silence counts as consent. */
const judgementMs = 300;

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
  /** The beginning of what the server sent, where it is no TLS. */
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
    if (plan.request !== null) making.http = await ask(plan, wire, signal);
  } catch (error) {
    making.firstBytes = wire.firstBytes;
    throw wire.failure ?? error;
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
    if (plan.request === null) await outlastJudgement(handshake, making, connectMs, signal);
    else making.http = await ask(plan, handshake.socket, signal);
  } catch (error) {
    making.flight ??= flight();
    making.firstBytes = wire.firstBytes;
    throw trueReason(handshake, wire) ?? error;
  } finally {
    handshake.socket.destroy();
  }
}

function ask(plan: ProbePlan, connection: Wire | Handshake['socket'], signal: AbortSignal): ReturnType<typeof request> {
  const { scheme = 'https', host, port } = plan;
  return request(connection, { scheme, host, port, path: plan.request?.path ?? '/' }, signal);
}

/**
 * With TLS 1.3 a client is done before the server has judged its certificate, and a server that accepts says nothing
 * until it is asked something. Without a request only silence for longer than the refusal would take tells.
 */
async function outlastJudgement(
  handshake: Handshake,
  { negotiated, flight }: Making,
  connectMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (negotiated?.protocol !== 'TLSv1.3') return;
  const asked = flight?.certificateRequest !== undefined || flight?.complete !== true;
  const quiet = Promise.withResolvers<'quiet'>();
  const timer = setTimeout(() => quiet.resolve('quiet'), Math.max(2 * connectMs, asked ? judgementMs : 0));
  handshake.socket.resume();
  try {
    const end = await unlessAborted(Promise.race([quiet.promise, handshake.ended]), signal);
    if (end !== 'quiet') throw new Error('the connection was closed');
  } finally {
    clearTimeout(timer);
  }
}

/** TLS names alerts, the network names resets; what follows from either is worth nothing. */
function trueReason({ error }: Handshake, wire: Wire): Error | undefined {
  const tls = error();
  const fromTls = tls && 'code' in tls && /^(?:ERR_SSL_|EPROTO$)/.test(String(tls.code));
  if (fromTls) return tls;
  if (wire.failure) return wire.failure;
  return wire.ended ? new Error('the server closed the connection') : tls;
}

function connectionError(error: unknown): ConnectionError {
  if (!(error instanceof Error)) return { message: String(error) };
  return { message: error.message, ...('code' in error && { code: String(error.code) }) };
}
