import { X509Certificate } from 'node:crypto';
import type { Certificate, PublicKeyFacts } from '../model/certificate.ts';
import { comparableName } from './distinguished-name.ts';
import { samePublicKey } from './public-key.ts';

const parsed = new WeakMap<Certificate, X509Certificate>();
const names = new WeakMap<Certificate, { readonly subject: string; readonly issuer: string }>();
/** Signatures that were verified, by the hashes of issuer and certificate. Emptied when full. */
const verified = new Map<string, boolean>();
const mostVerified = 50_000;

/** Whether the issuer's name and key identifier are those that the certificate names, and it may sign certificates. */
export function namesIssuer(certificate: Certificate, issuer: Certificate): boolean {
  return (
    comparableName(certificate.issuer) === comparableName(issuer.subject) && x509(certificate).checkIssued(x509(issuer))
  );
}

/** Whether the issuer's key made the certificate's signature. */
export function signedBy(certificate: Certificate, issuer: Certificate): boolean {
  const pair = `${issuer.sha256}/${certificate.sha256}`;
  const known = verified.get(pair);
  if (known !== undefined) return known;
  if (verified.size >= mostVerified) verified.clear();
  const result = verifySignature(certificate, issuer);
  verified.set(pair, result);
  return result;
}

/** Whether one certificate issued the other: by name and by signature. */
export function issued(issuer: Certificate, certificate: Certificate): boolean {
  return namesIssuer(certificate, issuer) && signedBy(certificate, issuer);
}

/** Whether a certificate is its own issuer, as roots are. Its key usage may forbid it to sign others. */
export function isSelfSigned(certificate: Certificate): boolean {
  return certificate.selfIssued && signedBy(certificate, certificate);
}

/** The certificates of one value, put in order. */
export interface ChainOrder {
  /** The leaf, and each certificate's issuer behind it, as far as they are there. */
  readonly chain: readonly [Certificate, ...Certificate[]];
  /** What is no link of the chain. */
  readonly extra: readonly Certificate[];
  /** The leaf stands first, as Envoy wants it, which takes the first certificate for the key's. */
  readonly leafFirst: boolean;
  /** The chain stands at the beginning in its order. Clients mend another order of the intermediates; not all do. */
  readonly inOrder: boolean;
}

/**
 * Finds the leaf and the way up from it. With a key, the leaf is the certificate of that key if there is one; else the
 * first that issued none of the others, rather no CA. Undefined for no certificates at all.
 */
export function orderChain(certificates: readonly Certificate[], key?: PublicKeyFacts): ChainOrder | undefined {
  const bySubject = Map.groupBy(certificates, (certificate) => namesOf(certificate).subject);
  const issuerOf = (certificate: Certificate): Certificate | undefined =>
    bySubject.get(namesOf(certificate).issuer)?.find((candidate) => issued(candidate, certificate));

  const leaf = findLeaf(certificates, issuerOf, key);
  if (!leaf) return undefined;
  const chain: [Certificate, ...Certificate[]] = [leaf];
  for (let next = issuerOf(leaf); next && !chain.includes(next); next = issuerOf(next)) chain.push(next);
  return {
    chain,
    extra: certificates.filter((certificate) => !chain.includes(certificate)),
    leafFirst: certificates[0] === leaf,
    inOrder: chain.every((certificate, place) => certificates[place] === certificate),
  };
}

/** The place of the certificate that a key belongs to; -1 when it fits none. */
export function placeOfKey(certificates: readonly Certificate[], key: PublicKeyFacts): number {
  return certificates.findIndex(({ publicKey }) => samePublicKey(publicKey, key));
}

function findLeaf(
  certificates: readonly Certificate[],
  issuerOf: (certificate: Certificate) => Certificate | undefined,
  key: PublicKeyFacts | undefined,
): Certificate | undefined {
  const ofKey = key && certificates[placeOfKey(certificates, key)];
  if (ofKey) return ofKey;
  const issuers = new Set(
    certificates.flatMap((certificate) => {
      const issuer = issuerOf(certificate);
      return issuer && issuer !== certificate ? [issuer] : [];
    }),
  );
  const ends = certificates.filter((certificate) => !issuers.has(certificate));
  return ends.find(({ isCa }) => !isCa) ?? ends[0] ?? certificates[0];
}

function verifySignature(certificate: Certificate, issuer: Certificate): boolean {
  try {
    return x509(certificate).verify(x509(issuer).publicKey);
  } catch {
    // A public key that OpenSSL cannot use has signed nothing.
    return false;
  }
}

function namesOf(certificate: Certificate): { readonly subject: string; readonly issuer: string } {
  const known = names.get(certificate);
  if (known) return known;
  const fresh = { subject: comparableName(certificate.subject), issuer: comparableName(certificate.issuer) };
  names.set(certificate, fresh);
  return fresh;
}

function x509(certificate: Certificate): X509Certificate {
  const known = parsed.get(certificate);
  if (known) return known;
  const fresh = new X509Certificate(certificate.pem);
  parsed.set(certificate, fresh);
  return fresh;
}
