import { present } from '../envoy/present.ts';
import { type BoringsslNote, boringsslNotes } from './boringssl-notes.ts';
import { boringsslLibraries } from './boringssl-reasons.ts';
import { verifyNotes } from './verification-notes.ts';

/** One error of BoringSSL, taken apart. */
export interface BoringsslError {
  /** `SSL`, `X509`, `PEM`, …; empty when not known. */
  readonly library: string;
  /** The name of the reason; of a system error that of its errno. Empty when this number is not known. */
  readonly reason: string;
  /** The number of the reason within its library. */
  readonly code?: number;
  /** Library and reason in one number, as Envoy prints it. */
  readonly packed?: number;
  /** The TLS alert that the OTHER side sent: reasons from 1000 on are what it complained of. */
  readonly alert?: { readonly number: number; readonly name: string };
  /** What Envoy adds: `verify cert failed: X509_verify_cert: …`. */
  readonly detail?: string;
  readonly note?: BoringsslNote;
}

const systemErrors: ReadonlyMap<number, string> = new Map([
  [32, 'EPIPE'],
  [104, 'ECONNRESET'],
  [107, 'ENOTCONN'],
  [110, 'ETIMEDOUT'],
  [111, 'ECONNREFUSED'],
  [113, 'EHOSTUNREACH'],
]);

const tables = new Map(
  boringsslLibraries.map((library) => [
    library.code,
    { ...library, byCode: library.name === 'SYS' ? systemErrors : reasonsOf(library.reasons) },
  ]),
);

/** Envoy prints the queue of errors of one handshake: a few, in a line. */
const longestText = 16_384;
const mostErrors = 32;
const firstAlert = 1000;
/** Reasons below 34 wrap an error of the library with that number. */
const lastWrapper = 34;
const generic: ReadonlyMap<number, string> = new Map([
  [65, 'MALLOC_FAILURE'],
  [66, 'SHOULD_NOT_HAVE_BEEN_CALLED'],
  [67, 'PASSED_NULL_PARAMETER'],
  [68, 'INTERNAL_ERROR'],
  [69, 'OVERFLOW'],
]);

function reasonsOf(text: string): ReadonlyMap<number, string> {
  const reasons = new Map<number, string>();
  let code = 0;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (word.startsWith('@')) code = Number(word.slice(1));
    else {
      reasons.set(code, word);
      code += 1;
    }
  }
  return reasons;
}

/**
 * The errors in a text, in their order, or the one of a packed number: `268435581`, `0b000074`, `error:0b000074:…`,
 * `TLS error: 268435581:SSL routines:…`, `TLS_error:|268435581:…:TLS_error_end`, the same with underscores as an access
 * log has it, the words of an Envoy that is built on OpenSSL, or the name of a reason alone.
 */
export function decodeBoringssl(input: string | number): readonly BoringsslError[] {
  if (typeof input === 'number') return decodePacked(input);
  const text = input.slice(0, longestText).trim();
  if (/^\d{1,10}$/.test(text)) return decodePacked(Number(text));
  if (/^(?:0x)?[0-9a-f]{8}$/i.test(text)) return decodePacked(Number.parseInt(text.replace(/^0x/i, ''), 16));
  const found = errorsIn(text);
  return found.length > 0 ? found : byName(text);
}

function decodePacked(packed: number): readonly BoringsslError[] {
  const error = ofPacked(packed);
  return error.library === '' ? [] : [error];
}

function ofPacked(packed: number): BoringsslError {
  const library = tables.get(Math.floor(packed / 2 ** 24) % 256);
  const code = packed % 4096;
  const reason = library && (library.byCode.get(code) ?? wrapped(code));
  return complete({ library: library?.name ?? '', reason: reason ?? '', code, packed });
}

function wrapped(code: number): string | undefined {
  const inner = code < lastWrapper ? tables.get(code) : undefined;
  return inner ? `${inner.name}_LIB` : generic.get(code);
}

/** OpenSSL's reasons are several small words; BoringSSL's is one, and another error may follow after a blank. */
const errorStart =
  /(?:error:([0-9a-fA-F]{8})|\b(\d{6,10})):([^:|]{0,60}):([^:|]{0,80}):(\w{1,80}(?: [a-z][a-z0-9]{0,20}){0,12})/g;

function errorsIn(text: string): readonly BoringsslError[] {
  const errors: BoringsslError[] = [];
  for (const match of text.matchAll(errorStart)) {
    const [whole, hex, decimal, library = '', called = '', words = ''] = match;
    const packed = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const detail = detailAfter(text.slice(match.index + whole.length));
    const known = called === 'OPENSSL_internal' ? ofPacked(packed) : ofOpenSsl(library, words);
    // A reason that is newer than the table still has its name in the text.
    const named = known.reason === '' ? { ...known, reason: words.trim().split(' ')[0] ?? '' } : known;
    errors.push(complete(present({ ...named, detail })));
    if (errors.length >= mostErrors) break;
  }
  return errors;
}

/** What follows a reason after a colon, up to the next error or the end mark. */
function detailAfter(rest: string): string | undefined {
  if (!rest.startsWith(':')) return undefined;
  const ends = [rest.indexOf(':TLS_error_end'), rest.indexOf('|')].filter((at) => at >= 0);
  const detail = rest.slice(1, ends.length > 0 ? Math.max(1, Math.min(...ends)) : undefined).trim();
  if (detail === '') return undefined;
  return detail.includes(' ') ? detail : detail.replaceAll('_', ' ').replace('X509 verify cert', 'X509_verify_cert');
}

/** OpenSSL has other numbers for the same names: the words decide. */
function ofOpenSsl(libraryText: string, words: string): BoringsslError {
  const reason = words.trim().replaceAll(' ', '_').toUpperCase();
  const text = libraryText.replaceAll('_', ' ').toLowerCase();
  const library = [...tables.values()].find((each) => each.text.toLowerCase() === text);
  const code = library && codeOf(library.byCode, reason);
  return complete(present({ library: library?.name ?? '', reason, code }));
}

function codeOf(reasons: ReadonlyMap<number, string>, name: string): number | undefined {
  for (const [code, reason] of reasons) if (reason === name) return code;
  return undefined;
}

function byName(text: string): readonly BoringsslError[] {
  if (!/^[A-Z][A-Z0-9_]{4,80}$/.test(text)) return [];
  // BoringSSL once left ALERT out of the names of the newer alerts.
  const names = [text, text.replace(/^TLSV1_(?!ALERT_)/, 'TLSV1_ALERT_')];
  return [...tables.values()].flatMap((library) => {
    const code = names.map((name) => codeOf(library.byCode, name)).find((each) => each !== undefined);
    return code === undefined ? [] : decodePacked(library.code * 2 ** 24 + code);
  });
}

function complete(error: BoringsslError): BoringsslError {
  const { library, reason, code, detail } = error;
  const isAlert = library === 'SSL' && code !== undefined && code >= firstAlert;
  const name = reason.replace(/^(?:SSLV3|TLSV1)_(?:ALERT_)?/, '').toLowerCase();
  return present({
    ...error,
    alert: isAlert ? { number: code - firstAlert, name } : undefined,
    note: noteOfVerification(detail ?? '') ?? boringsslNotes.get(`${library}/${reason}`),
  });
}

/** What it means that a certificate was refused for this reason: `certificate has expired`, `SAN matcher`, … */
export function noteOfVerification(text: string): BoringsslNote | undefined {
  return verifyNotes.find(([known]) => known.test(text))?.[1];
}
