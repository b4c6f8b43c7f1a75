import type { Probe, ProbeOutcome } from '../../model/probe.ts';
import { classify } from '../../tls/classify.ts';
import type { Classification } from '../../tls/classify.ts';
import { natureOfPlainAnswer } from '../../tls/plain-answer.ts';
import { alertInClear, beginsLikeTls } from '../../tls/records.ts';
import { alertByNumber } from '../../tls/alerts.ts';
import { pemBlock } from '../../x509/pem-text.ts';
import type { Attempt } from './attempt.ts';
import { defaultAlpn, serverName } from './handshake.ts';
import { defaultVersions } from './secure-contexts.ts';
import type { ProbePlan } from './plan.ts';
import { certificateRequestOf } from './certificate-request.ts';
import { unreadableAnswer } from './request.ts';
import { verification } from './verification.ts';

/** The record of one connection. What only further connections can tell is added by `probe`. */
export function recordOf(plan: ProbePlan, made: Attempt): Probe {
  const verify = verification(plan, made);
  const ending = endingOf(plan, made);
  const refused = refusedAfterHandshake(made, ending);
  return {
    ...askedOf(plan),
    outcome: outcomeOf(ending, refused, verify),
    ...(ending.alert && { alert: ending.alert }),
    ...failureOf(made),
    ...(refused && { refusedAfterHandshake: true }),
    ...(ending.plainAnswer !== undefined && { plainAnswer: ending.plainAnswer }),
    ...agreementOf(made),
    ...certificateRequestOf(plan, made),
    ...(verify && { verify }),
    ...(made.http && { http: made.http }),
    ...(made.from !== undefined && { from: [made.from] }),
    own: true,
    at: made.at,
    ms: made.ms,
  };
}

/** A late refusal is one and the same, whether its FIN or the reset behind it was seen first. */
function outcomeOf({ outcome }: Ending, refused: boolean, verify: Probe['verify']): ProbeOutcome {
  if (outcome === 'ok' && verify?.ok === false) return 'verify-failed';
  return refused && outcome === 'reset' ? 'closed' : outcome;
}

/** What a plan asks, in the words of a record; `equivalentCommands` takes it as well. */
export function askedOf(plan: ProbePlan): Omit<Probe, 'outcome' | 'ms'> {
  const https = plan.scheme !== 'http';
  return {
    host: plan.host,
    sni: https ? serverName(plan) : null,
    address: plan.address,
    port: plan.port,
    via: plan.via,
    ...(plan.urlPort !== undefined && plan.urlPort !== plan.port && { urlPort: plan.urlPort }),
    ...(!https && { scheme: 'http' }),
    ...(plan.proxyProtocol && { proxyProtocol: true }),
    ...(plan.pod !== undefined && { pod: plan.pod }),
    clientCertificate: plan.client?.subject ?? 'none',
    ...(plan.client && { clientChain: plan.client.chain }),
    ...(https && { offered: offerOf(plan), trust: trustOf(plan) }),
  };
}

function offerOf(plan: ProbePlan): NonNullable<Probe['offered']> {
  return {
    min: plan.min ?? defaultVersions.min,
    max: plan.max ?? defaultVersions.max,
    ...(plan.ciphers && { ciphers: plan.ciphers.join(':') }),
    alpn: plan.alpn ?? defaultAlpn,
  };
}

function trustOf({ trust }: ProbePlan): string {
  if (!trust) return 'system';
  return trust.kind === 'certificates' ? trust.source : trust.kind;
}

interface Ending extends Classification {
  readonly plainAnswer?: string;
}

function endingOf(plan: ProbePlan, made: Attempt): Ending {
  const { phase, failure, firstBytes } = made;
  if (phase === 'done' || !failure) return { outcome: 'ok' };
  if (plan.scheme === 'http') return endingInClear(made);
  if (phase === 'handshake' && firstBytes && firstBytes.length > 0 && !beginsLikeTls(firstBytes)) {
    return { outcome: 'not-tls', plainAnswer: natureOfPlainAnswer(firstBytes) };
  }
  if (made.timedOut) return { outcome: 'timeout' };
  const clear = phase === 'handshake' && firstBytes ? alertEnding(firstBytes) : undefined;
  if (clear) return clear;
  if (phase === 'request' && failure.code === unreadableAnswer) return { outcome: 'ok' };
  const classified = classify(failure, phase);
  // What began as TLS and goes on as something else was changed on the way, or is broken.
  return classified.outcome === 'not-tls' && made.flight?.began ? { outcome: 'closed' } : classified;
}

/** A plain HTTP request may meet TLS: then the answer is an alert record, or nothing. */
function endingInClear({ phase, failure, firstBytes, timedOut }: Attempt): Ending {
  const alert = firstBytes && alertEnding(firstBytes);
  if (alert) return alert;
  if (timedOut) return { outcome: 'timeout' };
  const plainAnswer = firstBytes && firstBytes.length > 0 ? { plainAnswer: natureOfPlainAnswer(firstBytes) } : {};
  if (failure?.code === unreadableAnswer) return { outcome: 'closed', ...plainAnswer };
  return { ...classify(failure ?? {}, phase === 'done' ? 'request' : phase), ...plainAnswer };
}

/** Some alerts make Node say no more than that the connection ended; in clear they are seen all the same. */
function alertEnding(bytes: Buffer): Ending | undefined {
  const number = alertInClear(bytes);
  if (number === undefined) return undefined;
  return { outcome: 'alert', alert: { number, name: alertByNumber(number)?.name ?? 'unknown' } };
}

/**
 * Whether a server that had asked for a certificate ended a TLS 1.3 connection that was finished for the client, before
 * it answered. The end may be an alert, a FIN or a reset: real gateways show all of them for the same refusal. An error
 * of the client's own TLS is none.
 */
function refusedAfterHandshake({ phase, negotiated, flight, failure }: Attempt, { outcome, alert }: Ending): boolean {
  if (phase !== 'request' || negotiated?.protocol !== 'TLSv1.3' || !flight?.certificateRequest) return false;
  if (outcome === 'alert') return alert?.by !== 'client';
  return (outcome === 'closed' || outcome === 'reset') && failure?.code?.startsWith('ERR_SSL_') !== true;
}

function failureOf({ phase, failure, received }: Attempt): Pick<Probe, 'phase' | 'error' | 'received'> {
  if (phase === 'done' || !failure) return {};
  return { phase, error: errorText(failure.code, failure.message ?? ''), ...(received && { received }) };
}

/** OpenSSL's texts begin with the number of a thread and end with a line break. */
function errorText(code: string | undefined, message: string): string {
  if (code === unreadableAnswer) return message;
  const text = message.replace(/^[0-9A-F]+:(?=error:)/, '').trim();
  return code === undefined || text.includes(code) ? text : `${code}: ${text}`;
}

/** A handshake that was not finished agreed on nothing, though a chain may have come. */
function agreementOf({ negotiated, flight }: Attempt): Pick<Probe, 'protocol' | 'cipher' | 'alpn' | 'chain'> {
  return {
    ...(negotiated && { protocol: negotiated.protocol, cipher: negotiated.cipher }),
    ...(negotiated?.alpn !== undefined && { alpn: negotiated.alpn }),
    ...(flight && flight.chain.length > 0 && { chain: flight.chain.map((der) => pemBlock('CERTIFICATE', der)) }),
  };
}
