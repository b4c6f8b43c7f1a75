import type { ProbeOutcome, ProbePhase } from '../model/probe.ts';
import { alertByName, alertInText } from './alerts.ts';
import type { Alert } from './alerts.ts';
import { errorCode } from './error-codes.ts';
import { verificationCode } from './verification-codes.ts';

/** What of an error decides. Node puts the system's or OpenSSL's name into `code`. */
export interface ConnectionError {
  readonly code?: string;
  readonly message?: string;
}

export interface Classification {
  readonly outcome: ProbeOutcome;
  readonly alert?: { readonly number: number; readonly name: string; readonly by?: 'client' };
  /** True when the error says something of the client's machine or input and nothing of the server. */
  readonly local?: true;
}

/** Node's words for a FIN during the handshake, which it gives the code of a reset. */
const endedInHandshake = /^Client network socket disconnected before secure TLS connection/;

/**
 * What an error that ended a connection says of the server. Codes differ between OpenSSL 3.0 (Node 22) and 3.5
 * (Node 24), and one and the same alert comes as `ERR_SSL_…` or as `EPROTO`: the number in the message decides first.
 */
export function classify(error: ConnectionError, phase: ProbePhase): Classification {
  const { code = '', message = '' } = error;
  const received = alertOf(code, message);
  if (received) return { outcome: 'alert', alert: { number: received.number, name: received.name } };
  if (endedInHandshake.test(message)) return { outcome: 'closed' };
  if (verificationCode(code)) return { outcome: 'verify-failed' };
  const known = errorCode(opensslCode(message) ?? code) ?? errorCode(code);
  if (!known) return { outcome: phase === 'connect' ? 'unreachable' : 'closed' };
  if (known.kind === 'input') return { outcome: 'unreachable', local: true };
  const outcome = known.outcome ?? 'unreachable';
  const sent = known.sends === undefined ? undefined : alertByName(known.sends);
  return sent ? { outcome, alert: { number: sent.number, name: sent.name, by: 'client' } } : { outcome };
}

/** Texts other than OpenSSL's own can hold the word "alert" by chance: they are not searched. */
function alertOf(code: string, message: string): Alert | undefined {
  const fromTls = code === 'EPROTO' || code.startsWith('ERR_SSL_');
  return fromTls ? (alertInText(message) ?? alertInText(code)) : undefined;
}

/** `error:0A00010B:SSL routines:ssl3_get_record:wrong version number:…` as the code that Node would have given. */
function opensslCode(message: string): string | undefined {
  const reason = /\berror:[0-9A-F]{8}:SSL routines:[^:]*:([^:]+):/i.exec(message)?.[1];
  return reason === undefined ? undefined : `ERR_SSL_${reason.trim().toUpperCase().replaceAll(' ', '_')}`;
}
