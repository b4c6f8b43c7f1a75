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
  printableString: 19,
  teletexString: 20,
  ia5String: 22,
  utcTime: 23,
  generalizedTime: 24,
  bmpString: 30,
} as const;

export const tagClasses = { universal: 0x00, contextSpecific: 0x80 } as const;

/**
 * Bit strings are left as bytes: node-forge would otherwise look for structures inside of public keys and signatures,
 * and find some by chance.
 */
const options = { strict: true, parseAllBytes: true, decodeBitStrings: false } as const;

/** The one structure that the bytes hold from end to end, or undefined. */
export function parseDer(bytes: Uint8Array): Der | undefined {
  try {
    return asn1.fromDer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), {
      ...options,
    });
  } catch {
    return undefined;
  }
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

/** The forms that RFC 5280 allows and the near ones that OpenSSL reads; all of them name UTC or an offset from it. */
const timeForm = /^\d{10,14}(?:\.\d+)?(?:Z|[+-]\d{4})$/;

/** A UTCTime or GeneralizedTime as ISO 8601 without fractions of a second. */
export function timeOf(node: Der | undefined): string | undefined {
  const value = node?.value;
  if (typeof value !== 'string' || !timeForm.test(value)) return undefined;
  const utc = isUniversal(node, tags.utcTime);
  if (!utc && !isUniversal(node, tags.generalizedTime)) return undefined;
  try {
    const date = utc ? asn1.utcTimeToDate(value) : asn1.generalizedTimeToDate(value);
    return `${date.toISOString().slice(0, -5)}Z`;
  } catch {
    return undefined;
  }
}

/**
 * A character string as text, whatever ASN.1 type carries it. What claims to be UTF-8 and is not is read byte by
 * byte, as are the eight-bit types: that loses nothing and invents nothing.
 */
export function textOf(node: Der | undefined): string {
  if (node === undefined || typeof node.value !== 'string') return '';
  if (!isUniversal(node, tags.utf8String)) return node.value;
  const bytes = Buffer.from(node.value, 'latin1');
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') ? node.value : text;
}
