import { present } from '../envoy/present.ts';
import { accessPatterns } from './access-patterns.ts';
import { type BoringsslError, decodeBoringssl, noteOfVerification } from './decode-boringssl.ts';
import { type Envelope, longestMessage, readEnvelope, withoutPrefix } from './envelope.ts';
import type { EventFields, LogMeaning, Parts } from './log-pattern.ts';
import { matchMessage } from './match-message.ts';
import { type AccessLineFields, readAccessLine } from './read-access-log.ts';
import { type ResponseFlag, responseFlag } from './response-flags.ts';

/** What a single line says, taken apart and explained. */
export interface LogLineExplanation {
  readonly meaning: LogMeaning;
  /** The named parts of the message: `resource`, `namespace`, `reason`, … */
  readonly parts: Parts;
  /** ISO 8601, where the line has a time. */
  readonly at?: string;
  readonly level?: string;
  readonly scope?: string;
  /** What istls itself takes from such a line. */
  readonly events: readonly EventFields[];
  /** For a line of an access log. */
  readonly access?: AccessLineFields;
  readonly flags?: readonly ResponseFlag[];
  /** The errors of BoringSSL in it. */
  readonly tlsErrors: readonly BoringsslError[];
}

/** An envelope that begins further on in the line, behind what a log viewer put before it. */
const laterStart = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\[Envoy \(Epoch|\{"/g;
const mostStarts = 4;

/**
 * Explains one raw line, of istiod, an agent, Envoy or an access log, in any envelope or none, also with a prefix such as
 * `[pod/x/istio-proxy]`. Undefined where no pattern fits.
 */
export function explainLogLine(text: string): LogLineExplanation | undefined {
  const line = text.slice(0, longestMessage).trim();
  for (const start of startsOf(line)) {
    const found = explainAccess(start) ?? explainMessage(readEnvelope(start));
    if (found) return found;
  }
  return explainMessage({ message: withoutPrefix(line) }) ?? explainTlsError(line);
}

/** The line, and its rest from each place on where an envelope could begin. */
function startsOf(line: string): readonly string[] {
  const later = [...line.slice(0, 600).matchAll(laterStart)].slice(0, mostStarts).map(({ index }) => index);
  // An access log line in brackets begins one character before its time.
  const bracketed = later.flatMap((index) => (line[index - 1] === '[' ? [index - 1, index] : [index]));
  return [line, ...bracketed.filter((index) => index > 0).map((index) => line.slice(index))];
}

function explainMessage(envelope: Envelope | undefined): LogLineExplanation | undefined {
  const match = envelope && matchMessage(envelope.message, undefined, envelope.labels);
  if (!match) return undefined;
  const { before: _before, message, ...parts } = match.parts;
  const resource = match.context.resource;
  const tlsErrors = decodeBoringssl(message ?? '');
  return {
    meaning: match.pattern.isHandshake === true ? ofHandshake(match.meaning, tlsErrors, parts) : match.meaning,
    parts: { ...(resource !== undefined && { resource }), ...parts },
    ...present({ at: envelope.at, level: envelope.level, scope: envelope.scope }),
    events: match.pattern.events?.(match.parts, match.context) ?? [],
    tlsErrors,
  };
}

/** That a handshake failed says little; the error in it says why. */
function ofHandshake(meaning: LogMeaning, errors: readonly BoringsslError[], { reason = '' }: Parts): LogMeaning {
  const note = errors.find((error) => error.note)?.note ?? noteOfVerification(reason);
  return note ? { ...meaning, ...note } : meaning;
}

function explainAccess(line: string): LogLineExplanation | undefined {
  const access = readAccessLine(line);
  const meaning = access && accessPatterns.find((pattern) => pattern.is(access));
  if (!access || !meaning) return undefined;
  const failures = [access.details, access.upstreamFailure, access.downstreamFailure].map((each) => each ?? '');
  return {
    meaning,
    parts: Object.fromEntries(Object.entries(access).map(([name, value]) => [name, String(value ?? '-')])),
    ...present({ at: access.at }),
    events: [],
    access,
    flags: access.flags.flatMap((flag) => responseFlag(flag) ?? []),
    tlsErrors: decodeBoringssl(failures.join('\n')),
  };
}

/** No line of a log, but an error text out of one. */
function explainTlsError(text: string): LogLineExplanation | undefined {
  const tlsErrors = decodeBoringssl(text);
  const first = tlsErrors.find(({ note }) => note !== undefined) ?? tlsErrors[0];
  if (!first) return undefined;
  const { library, reason } = first;
  return {
    meaning: {
      id: 'tls-error',
      versions: { from: '1.0' },
      severity: 'error',
      meaning:
        first.note?.meaning ?? `BoringSSL reports ${reason || 'an error'} of its library ${library || 'unknown'}.`,
      causes: first.note?.causes ?? [],
    },
    parts: present({ library, reason, detail: first.detail }),
    events: [],
    tlsErrors,
  };
}
