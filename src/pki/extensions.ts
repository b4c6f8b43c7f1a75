import { createHash } from 'node:crypto';
import type { Der } from '../x509/der.ts';
import { bytesOf, child, encodeDer } from '../x509/der.ts';
import { ipBytes } from '../x509/ip-address.ts';
import { accessMethods, extendedKeyUsages, extensions, keyUsageBits } from '../x509/oids.ts';
import type { KeyUsageBit } from '../x509/oids.ts';
import type { CertificateDescription } from './certificate-description.ts';
import { bits, boolean, context, contextBytes, integer, octets, oid, sequence } from './der-writer.ts';

/** The extensions of a certificate (RFC 5280 section 4.2), each only where the description asks for it. */
export function certificateExtensions(
  description: CertificateDescription,
  publicKey: { readonly spki: Der; readonly type: string | undefined },
  issuerSpki: Der,
): readonly Der[] {
  const written = [
    extension(extensions.basicConstraints, basicConstraints(description), true),
    keyUsage(description.keyUsage ?? defaultKeyUsage(description, publicKey.type)),
    extendedKeyUsage(description.extendedKeyUsage ?? []),
    subjectAltName(description),
    extension(extensions.subjectKeyIdentifier, octets(keyIdentifier(publicKey.spki))),
    authorityKeyIdentifier(issuerSpki),
    crlDistributionPoints(description.crlUrls ?? []),
    authorityInformationAccess(description.ocspUrls ?? [], description.issuerUrls ?? []),
    // RFC 7633: the TLS extension 5, status_request, must be answered.
    description.mustStaple === true ? extension(extensions.tlsFeature, sequence(integer('05'))) : undefined,
  ];
  return written.filter((item) => item !== undefined);
}

/** RFC 5280 section 4.2.1.1. */
export function authorityKeyIdentifier(issuerSpki: Der): Der {
  return extension(extensions.authorityKeyIdentifier, sequence(contextBytes(0, keyIdentifier(issuerSpki))));
}

export function extension(id: string, value: Der, critical = false): Der {
  return sequence(oid(id), critical ? boolean(true) : undefined, octets(encodeDer(value)));
}

/** RFC 5280 section 4.2.1.2, the first method: SHA-1 of the key itself, without its algorithm. */
function keyIdentifier(spki: Der): Buffer {
  const key = bytesOf(child(spki, 1))?.subarray(1) ?? Buffer.alloc(0);
  return createHash('sha1').update(key).digest();
}

function basicConstraints({ ca, pathLength }: CertificateDescription): Der {
  if (ca !== true) return sequence();
  return sequence(boolean(true), pathLength === undefined ? undefined : integer(pathLength.toString(16)));
}

function defaultKeyUsage({ ca }: CertificateDescription, keyType: string | undefined): readonly KeyUsageBit[] {
  if (ca === true) return ['keyCertSign', 'cRLSign'];
  return keyType === 'rsa' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];
}

function keyUsage(usages: readonly KeyUsageBit[]): Der | undefined {
  const places = usages.map((usage) => keyUsageBits.indexOf(usage));
  if (places.length === 0) return undefined;
  const bytes = Buffer.alloc(Math.max(...places) < 8 ? 1 : 2);
  for (const place of places) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (0x80 >> (place & 7));
  // DER wants the zero bits at the end counted, not written.
  const unused = 8 * bytes.length - 1 - Math.max(...places);
  return extension(extensions.keyUsage, bits(bytes, unused), true);
}

function extendedKeyUsage(usages: NonNullable<CertificateDescription['extendedKeyUsage']>): Der | undefined {
  if (usages.length === 0) return undefined;
  const known: Readonly<Record<string, string>> = extendedKeyUsages;
  return extension(extensions.extendedKeyUsage, sequence(...usages.map((usage) => oid(known[usage] ?? usage))));
}

/** Critical when the subject is empty, RFC 5280 section 4.2.1.6. */
function subjectAltName(description: CertificateDescription): Der | undefined {
  const { dnsNames = [], ipAddresses = [], uris = [], emails = [], subject } = description;
  const names = [
    ...emails.map((email) => contextBytes(1, Buffer.from(email))),
    ...dnsNames.map((name) => contextBytes(2, Buffer.from(name))),
    ...uris.map((uri) => contextBytes(6, Buffer.from(uri))),
    ...ipAddresses.map((address) => contextBytes(7, addressBytes(address))),
  ];
  if (names.length === 0) return undefined;
  return extension(extensions.subjectAltName, sequence(...names), subject === undefined || subject === '');
}

function addressBytes(address: string): Buffer {
  const bytes = ipBytes(address);
  if (!bytes) throw new TypeError(`"${address}" is no IP address.`);
  return bytes;
}

function crlDistributionPoints(urls: readonly string[]): Der | undefined {
  if (urls.length === 0) return undefined;
  const points = urls.map((url) => sequence(context(0, context(0, contextBytes(6, Buffer.from(url))))));
  return extension(extensions.crlDistributionPoints, sequence(...points));
}

function authorityInformationAccess(ocspUrls: readonly string[], issuerUrls: readonly string[]): Der | undefined {
  const entries = [
    ...ocspUrls.map((url) => sequence(oid(accessMethods.ocsp), contextBytes(6, Buffer.from(url)))),
    ...issuerUrls.map((url) => sequence(oid(accessMethods.caIssuers), contextBytes(6, Buffer.from(url)))),
  ];
  if (entries.length === 0) return undefined;
  return extension(extensions.authorityInformationAccess, sequence(...entries));
}
