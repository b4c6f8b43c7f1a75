import asn1 from 'node-forge/lib/asn1.js';
import type { Der } from '../x509/der.ts';
import { parseDer, tagClasses, tags } from '../x509/der.ts';

/** Building DER, one function a kind of value; `encodeDer` of `x509/der.ts` turns the whole into bytes. */

export function sequence(...items: readonly (Der | undefined)[]): Der {
  return constructed(tags.sequence, items);
}

export function set(...items: readonly (Der | undefined)[]): Der {
  return constructed(tags.set, items);
}

export function oid(dotted: string): Der {
  return primitive(tags.oid, asn1.oidToDer(dotted).getBytes());
}

/** A non-negative integer out of hex digits. */
export function integer(hex: string): Der {
  const digits = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Buffer.from(digits, 'hex');
  return primitive(tags.integer, latin1((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes));
}

export function boolean(value: boolean): Der {
  return primitive(tags.boolean, value ? '\xff' : '\0');
}

export function nothing(): Der {
  return primitive(tags.null, '');
}

export function utf8(text: string): Der {
  return primitive(tags.utf8String, latin1(Buffer.from(text, 'utf8')));
}

export function octets(bytes: Uint8Array): Der {
  return primitive(tags.octetString, latin1(bytes));
}

export function bits(bytes: Uint8Array, unused = 0): Der {
  return primitive(tags.bitString, String.fromCharCode(unused) + latin1(bytes));
}

/** A Time of RFC 5280: UTCTime before the year 2050, GeneralizedTime from then. */
export function time(date: Date): Der {
  return date.getUTCFullYear() < 2050
    ? primitive(tags.utcTime, asn1.dateToUtcTime(date))
    : primitive(tags.generalizedTime, asn1.dateToGeneralizedTime(date));
}

/** `[number]` around other values. */
export function context(number: number, ...items: readonly Der[]): Der {
  return asn1.create(tagClasses.contextSpecific, number, true, items);
}

/** `[number]` in the place of a primitive value's own tag. */
export function contextBytes(number: number, bytes: Uint8Array): Der {
  return asn1.create(tagClasses.contextSpecific, number, false, latin1(bytes));
}

/** A structure that exists as bytes already. Throws when they are no DER. */
export function raw(bytes: Uint8Array): Der {
  const node = parseDer(bytes);
  if (!node) throw new TypeError('These bytes are no DER structure.');
  return node;
}

function primitive(tag: number, value: string): Der {
  return asn1.create(tagClasses.universal, tag, false, value);
}

function constructed(tag: number, items: readonly (Der | undefined)[]): Der {
  const present = items.filter((item) => item !== undefined);
  return asn1.create(tagClasses.universal, tag, true, present);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
