import { alertByNumber } from '../tls/alerts.ts';
import { boringsslLibraries } from '../logs/boringssl-reasons.ts';
import type { Answer } from './answer.ts';
import { boringsslMeanings } from './boringssl-meanings.ts';
import { causesOfAlerts } from './client-causes.ts';

interface BoringsslError {
  readonly library: string;
  readonly reason: string;
  readonly code: number;
  /** Library and reason in one, as Envoy prints it: `(library << 24) | reason`. */
  readonly packed: number;
}

/**
 * What errors of BoringSSL mean: by packed number, decimal or hexadecimal, by the name of the reason, or in a text that
 * holds them as Envoy prints them (`268435581:SSL routines:OPENSSL_internal:…`, `error:0b000074:…`).
 */
export function boringsslErrors(asked: string): readonly Answer[] {
  const errors = found(asked.trim());
  // Several libraries share names such as DECODE_ERROR: those that a gateway can come to are meant.
  const likely = errors.filter(isExplained);
  return (likely.length > 0 ? likely : errors).map(toAnswer);
}

/** The reasons that have a meaning here, for telling somebody what he may have meant. */
export function boringsslNames(): readonly string[] {
  return errors()
    .filter(isExplained)
    .map(({ reason }) => reason);
}

function isExplained({ library, reason, code }: BoringsslError): boolean {
  return Object.hasOwn(boringsslMeanings, `${library} ${reason}`) || (library === 'SSL' && code >= 1000);
}

function found(asked: string): readonly BoringsslError[] {
  const decimal = /^[1-9]\d{7,9}$/.test(asked) ? byPacked(Number(asked)) : [];
  const [, hex] = /^(?:0x|error:)?([\da-f]{8}):?$/i.exec(asked) ?? [];
  // Eight digits may be either: what is no error in decimal is hexadecimal.
  if (decimal.length > 0) return decimal;
  if (hex !== undefined) return byPacked(Number.parseInt(hex, 16));
  const name = asked.toUpperCase().replace(/^SSL_R_/, '');
  if (/^[A-Z][A-Z\d_]+$/.test(name)) return errors().filter(({ reason }) => reason === name);
  const inText = [...asked.matchAll(printed)].flatMap(([, inHex, decimal, reason = '']) => {
    const known = byPacked(inHex === undefined ? Number(decimal) : Number.parseInt(inHex, 16));
    return known.length > 0 ? known : errors().filter((error) => error.reason === reason);
  });
  return [...new Set(inText)];
}

/** In a refusal `error:0b000074:LIBRARY:OPENSSL_internal:REASON`, in a handshake `268435581:LIBRARY:OPENSSL_internal:REASON`. */
const printed = /(?:\berror:([\da-f]{8})|(?<!\d)(\d{8,10})):[^:|]{1,60}:OPENSSL_internal:([A-Z\d_]{2,80})/gi;

function byPacked(packed: number): readonly BoringsslError[] {
  return errors().filter((error) => error.packed === packed);
}

let all: readonly BoringsslError[] | undefined;

/** Every error of the table; made once, when the first one is asked for. */
function errors(): readonly BoringsslError[] {
  all ??= boringsslLibraries.flatMap(({ code: library, name, reasons }) => {
    let next = 0;
    return reasons.split(/\s+/).flatMap((word) => {
      if (word === '') return [];
      if (word.startsWith('@')) {
        next = Number(word.slice(1));
        return [];
      }
      const code = next++;
      // Libraries up to 127: the shift never reaches the sign.
      return [{ library: name, reason: word, code, packed: library * 2 ** 24 + code }];
    });
  });
  return all;
}

function toAnswer({ library, reason, code, packed }: BoringsslError): Answer {
  const hex = packed.toString(16).padStart(8, '0');
  const head = {
    kind: 'boringssl-error',
    name: reason,
    title: `BoringSSL error ${reason} (${library}, ${packed}, ${hex})`,
  } as const;
  const alert = library === 'SSL' && code >= 1000 ? alertByNumber(code - 1000) : undefined;
  if (alert) {
    const ours = /certificate|unknown_ca/.test(alert.name);
    return {
      ...head,
      sections: [
        {
          heading: 'What it means',
          text: `The other side sent alert ${alert.number}, ${alert.name}. ${alert.meaning}`,
        },
        {
          heading: 'In a log of Envoy',
          text: ours
            ? 'From a client: it does not accept the certificate of the gateway. From a backend: it does not accept the certificate that the gateway shows, or the lack of one.'
            : 'It is the client or the backend that gave up; Envoy only tells what it was told.',
        },
      ],
      causes: ours
        ? (clientRefuses[alert.name] ?? clientRefuses['unknown_ca'] ?? [])
        : (causesOfAlerts[alert.name] ?? []),
    };
  }
  const known = boringsslMeanings[`${library} ${reason}`];
  if (!known) {
    return {
      ...head,
      sections: [
        { heading: 'What it means', text: 'istls knows the error, and of no way in which a gateway comes to it.' },
      ],
      causes: [],
    };
  }
  return {
    ...head,
    sections: [
      { heading: 'What it means', text: known.meaning },
      { heading: 'At an Istio gateway', text: known.atGateway },
    ],
    causes: known.causes,
  };
}

/** What to think of when a client refuses the gateway with this alert. */
const clientRefuses: Readonly<Record<string, readonly string[]>> = {
  unknown_ca: ['cert-issuer-untrusted', 'cert-chain-incomplete', 'backend-tls-origination'],
  certificate_expired: ['cert-expired', 'clock-skew', 'secret-rotation-stale'],
  unsupported_certificate: ['cert-eku-not-server', 'cert-weak'],
  certificate_revoked: ['cert-revoked'],
  certificate_required: ['backend-tls-origination'],
};
