import { hash, X509Certificate } from 'node:crypto';
import type { Certificate } from '../model/certificate.ts';
import {
  authorityUrls,
  basicConstraints,
  crlUrls,
  extendedKeyUsage,
  isMustStaple,
  keyUsage,
  subjectAltNames,
} from './certificate-extensions.ts';
import type { CertificateStructure } from './certificate-structure.ts';
import { certificateStructure } from './certificate-structure.ts';
import { child, integerHexOf, lengthOfFirst, oidOf, timeOf } from './der.ts';
import { comparableName, commonNameOf, nameText } from './distinguished-name.ts';
import { extensions as oids, signatureAlgorithms } from './oids.ts';
import { certificateLabels, looseBlocks, pemBlock } from './pem-text.ts';
import { publicKeyFacts } from './public-key.ts';

/**
 * The certificates read so far, by the SHA-256 of their bytes: one CA stands in hundreds of Secrets and in every
 * config dump. Emptied when full, so that a long run over many clusters does not keep them all.
 */
const known = new Map<string, Certificate>();
const mostKnown = 10_000;

/**
 * One certificate out of DER, or out of a PEM text, which may hold other things around it; of several the first.
 * Undefined when there is none that OpenSSL reads, or one without readable dates.
 */
export function readCertificate(pemOrDer: string | Uint8Array): Certificate | undefined {
  const block = typeof pemOrDer === 'string' ? firstBlock(pemOrDer) : pemOrDer;
  if (block?.[0] !== 0x30) return undefined;
  // What follows a certificate in its block is passed over, as BoringSSL and OpenSSL do.
  const der = block.subarray(0, lengthOfFirst(block));
  const sha256 = hash('sha256', der);
  const seen = known.get(sha256);
  if (seen) return seen;
  const certificate = read(der, sha256);
  if (!certificate) return undefined;
  if (known.size >= mostKnown) known.clear();
  known.set(sha256, certificate);
  return certificate;
}

function firstBlock(text: string): Buffer | undefined {
  for (const { label, der } of looseBlocks(text)) if (certificateLabels.has(label)) return der;
  return undefined;
}

function read(der: Uint8Array, sha256: string): Certificate | undefined {
  const pem = pemBlock('CERTIFICATE', der);
  if (!isCertificate(der, pem)) return undefined;
  const structure = certificateStructure(der);
  const facts = structure && factsOf(structure);
  return facts && { ...facts, sha256, pem };
}

/**
 * OpenSSL's word, which is stricter than the outline that `certificateStructure` looks for. It gets PEM: of DER,
 * node:crypto first asks whether there is a PEM block somewhere inside, and would read that. What OpenSSL would encode
 * in another way is BER, which it lets pass and BoringSSL does not.
 */
function isCertificate(der: Uint8Array, pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.equals(der);
  } catch {
    return false;
  }
}

function factsOf(structure: CertificateStructure): Omit<Certificate, 'sha256' | 'pem'> | undefined {
  const { extensions } = structure;
  const serialNumber = integerHexOf(structure.serialNumber);
  const notBefore = timeOf(child(structure.validity, 0));
  const notAfter = timeOf(child(structure.validity, 1));
  if (serialNumber === undefined || notBefore === undefined || notAfter === undefined) return undefined;

  const subject = nameText(structure.subject);
  const issuer = nameText(structure.issuer);
  const commonName = commonNameOf(structure.subject);
  const usages = keyUsage(extensions.get(oids.keyUsage));
  const extendedUsages = extendedKeyUsage(extensions.get(oids.extendedKeyUsage));
  const signatureOid = oidOf(child(structure.signatureAlgorithm, 0)) ?? 'unknown';
  return {
    subject,
    issuer,
    ...(commonName !== undefined && { commonName }),
    serialNumber,
    notBefore,
    notAfter,
    publicKey: publicKeyFacts(structure.spki),
    ...subjectAltNames(extensions.get(oids.subjectAltName)),
    ...basicConstraints(extensions.get(oids.basicConstraints)),
    selfIssued: comparableName(subject) === comparableName(issuer),
    ...(extendedUsages && { extendedKeyUsage: extendedUsages }),
    ...(usages && { keyUsage: usages }),
    signatureAlgorithm: signatureAlgorithms[signatureOid] ?? signatureOid,
    mustStaple: isMustStaple(extensions.get(oids.tlsFeature)),
    ocspUrls: authorityUrls(extensions.get(oids.authorityInformationAccess), 'ocsp'),
    issuerUrls: authorityUrls(extensions.get(oids.authorityInformationAccess), 'caIssuers'),
    crlUrls: crlUrls(extensions.get(oids.crlDistributionPoints)),
  };
}
