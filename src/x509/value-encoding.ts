import type { PemProblem } from '../model/certificate.ts';
import { looseBase64 } from './base64.ts';
import { child, oidOf, parseDer, smallIntegerOf } from './der.ts';
import { beginMark } from './pem-text.ts';

/** A value that is no PEM text as a whole: what it is, and the PEM text or the DER that it was made of. */
export interface OtherEncoding {
  readonly problem: Extract<PemProblem, 'base64-twice' | 'der' | 'pkcs12' | 'utf-16'>;
  readonly text?: string;
  readonly der?: Buffer;
}

const pkcs7Types = '1.2.840.113549.1.7.';

/** What the bytes are, when they are not PEM but something that one could have meant as PEM. */
export function otherEncoding(bytes: Buffer): OtherEncoding | undefined {
  const utf16 = utf16Text(bytes);
  if (utf16?.includes(beginMark) === true) return { problem: 'utf-16', text: utf16 };
  if (bytes[0] === 0x30) return derEncoding(bytes);
  const decoded = looseBase64(bytes.toString('latin1'));
  if (!decoded) return undefined;
  const text = utf16Text(decoded) ?? decoded.toString('latin1');
  return text.includes(beginMark) ? { problem: 'base64-twice', text } : undefined;
}

/** UTF-16 by its byte order mark, or by the zero bytes of two ASCII characters at its start. */
function utf16Text(bytes: Buffer): string | undefined {
  if (bytes.length < 4) return undefined;
  const [first, second, third, fourth] = bytes;
  const little = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0 && fourth === 0);
  const big = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && third === 0);
  if (little) return bytes.toString('utf16le');
  if (!big) return undefined;
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    .swap16()
    .toString('utf16le');
}

/** PKCS#12 (RFC 7292 section 4) is told by its version 3 before a content of a PKCS#7 type. */
function derEncoding(bytes: Buffer): OtherEncoding | undefined {
  const structure = parseDer(bytes);
  if (!structure) return undefined;
  const isPkcs12 =
    smallIntegerOf(child(structure, 0)) === 3 && oidOf(child(child(structure, 1), 0))?.startsWith(pkcs7Types) === true;
  return isPkcs12 ? { problem: 'pkcs12' } : { problem: 'der', der: bytes };
}
