import { isUtf8 } from 'node:buffer';
import asn1 from 'node-forge/lib/asn1.js';
import type { Asn1 } from 'node-forge/lib/asn1.js';

/**
 * Walking DER that nobody vouches for: every step gives the value if it is there and of the kind asked for, else
 * nothing. Only `parseDer` touches the parser, so only there can it throw, and there it is caught.
 */
export type Der = Asn1;

export const tags = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  null: 5,
  oid: 6,
  utf8String: 12,
  sequence: 16,
  set: 17,
  utcTime: 23,
  generalizedTime: 24,
} as const;

export const tagClasses = { universal: 0x00, contextSpecific: 0x80 } as const;

/**
 * Bit strings are left as bytes: node-forge would otherwise look for structures inside of public keys and signatures,
 * and find some by chance.
 */
const options = { strict: true, parseAllBytes: true, decodeBitStrings: false } as const;

/** Twice what fits into a Secret. Two bytes can be a structure of their own, so the tree may be a hundred times as big. */
const mostBytes = 2 * 1024 * 1024;

/** The one structure that the bytes hold from end to end, or undefined; also for more than 2 MiB. */
export function parseDer(bytes: Uint8Array): Der | undefined {
  if (bytes.length > mostBytes) return undefined;
  try {
    return asn1.fromDer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), {
      ...options,
    });
  } catch {
    return undefined;
  }
}

/** How many of the bytes the first structure takes, its head included; undefined when they do not hold all of it. */
export function lengthOfFirst(bytes: Uint8Array): number | undefined {
  const [, short] = bytes;
  if (short === undefined) return undefined;
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  let content = short < 0x80 ? short : 0;
  for (const byte of bytes.subarray(2, 2 + lengthBytes)) content = 256 * content + byte;
  const total = 2 + lengthBytes + content;
  return total <= bytes.length ? total : undefined;
}

/** DER again. For a structure that was DER to begin with, the same bytes. */
export function encodeDer(node: Der): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

export function children(node: Der | undefined): readonly Der[] {
  return node === undefined || typeof node.value === 'string' ? [] : node.value;
}

export function child(node: Der | undefined, index: number): Der | undefined {
  return children(node)[index];
}

/** The bytes of a primitive value; undefined for one made of others. BMPString values are no bytes any more. */
export function bytesOf(node: Der | undefined): Buffer | undefined {
  return typeof node?.value === 'string' ? Buffer.from(node.value, 'latin1') : undefined;
}

export function isUniversal(node: Der | undefined, tag: number): boolean {
  return node?.tagClass === tagClasses.universal && node.type === tag;
}

/** Whether the node is `[number]` of a context, as optional fields and the kinds of a GeneralName are. */
export function isContext(node: Der | undefined, number: number): boolean {
  return node?.tagClass === tagClasses.contextSpecific && node.type === number;
}

/** The children that are `[number]`. */
export function contextChildren(node: Der | undefined, number: number): readonly Der[] {
  return children(node).filter((item) => isContext(item, number));
}

/** An object identifier in dotted form. */
export function oidOf(node: Der | undefined): string | undefined {
  const value = isUniversal(node, tags.oid) ? node?.value : undefined;
  if (typeof value !== 'string' || value === '') return undefined;
  try {
    return asn1.derToOid(value);
  } catch {
    return undefined;
  }
}

/** An INTEGER as lower-case hex without leading zeros; `-` before a negative one, as BoringSSL's BN_bn2hex prints it. */
export function integerHexOf(node: Der | undefined): string | undefined {
  const bytes = isUniversal(node, tags.integer) ? bytesOf(node) : undefined;
  const first = bytes?.[0];
  if (!bytes || first === undefined) return undefined;
  const unsigned = BigInt(`0x${bytes.toString('hex')}`);
  if (first < 0x80) return unsigned.toString(16);
  return `-${((1n << BigInt(8 * bytes.length)) - unsigned).toString(16)}`;
}

export function smallIntegerOf(node: Der | undefined): number | undefined {
  const hex = integerHexOf(node);
  return hex === undefined || hex.length > 8 || hex.startsWith('-') ? undefined : Number.parseInt(hex, 16);
}

export function booleanOf(node: Der | undefined): boolean | undefined {
  const bytes = isUniversal(node, tags.boolean) ? bytesOf(node) : undefined;
  return bytes === undefined ? undefined : bytes.some((byte) => byte !== 0);
}

/** The forms of RFC 5280 section 4.1.2.5, both in UTC. */
const timeForm = /^(?:\d{2})?\d{12}Z$/;

/** A UTCTime or GeneralizedTime as ISO 8601; undefined for a date that does not exist, as a 13th month. */
export function timeOf(node: Der | undefined): string | undefined {
  const value = node?.value;
  if (typeof value !== 'string' || !timeForm.test(value)) return undefined;
  const utc = isUniversal(node, tags.utcTime);
  if (!utc && !isUniversal(node, tags.generalizedTime)) return undefined;
  const date = utc ? asn1.utcTimeToDate(value) : asn1.generalizedTimeToDate(value);
  const text = `${date.toISOString().slice(0, -'.000Z'.length)}Z`;
  return text.replaceAll(/[-:T]/g, '').endsWith(value) ? text : undefined;
}

/**
 * A character string as text, whatever ASN.1 type carries it. What claims to be UTF-8 and is not is read byte by
 * byte, as are the eight-bit types: that loses nothing and invents nothing.
 */
export function textOf(node: Der | undefined): string {
  if (node === undefined || typeof node.value !== 'string') return '';
  if (!isUniversal(node, tags.utf8String)) return node.value;
  const bytes = Buffer.from(node.value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : node.value;
}
