import { createPrivateKey, createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Der } from '../x509/der.ts';
import { certificateStructure } from '../x509/certificate-structure.ts';
import { pemBlock } from '../x509/pem-text.ts';
import type { CertificateDescription, Issuer, Minted } from './certificate-description.ts';
import { context, integer, raw, sequence, time } from './der-writer.ts';
import { certificateExtensions } from './extensions.ts';
import { distinguishedName } from './name.ts';
import { generateKey } from './private-key.ts';
import { signed } from './signature.ts';

const hour = 3600_000;
const day = 24 * hour;

/**
 * Makes a certificate as described, signed by the issuer, or by its own key without one. Throws for a description that
 * cannot be written (an IP address that is none, an unknown attribute) and for keys that cannot sign.
 */
export function mintCertificate(description: CertificateDescription, issuer?: Issuer): Minted {
  const privateKey = createPrivateKey(description.privateKeyPem ?? generateKey(description.key ?? 'ec-p256'));
  const subject = distinguishedName(description.subject);
  const spki = spkiOf(createPublicKey(privateKey));
  const signer = issuer ? signerOf(issuer) : { name: subject, spki, key: privateKey };
  const notBefore = description.notBefore ?? new Date(Date.now() - hour);
  const notAfter = description.notAfter ?? new Date(+notBefore + (description.ca === true ? 3650 : 90) * day);
  const publicKey = { spki, type: privateKey.asymmetricKeyType };

  const certificateDer = signed(signer.key, description.signature ?? 'sha256', (algorithm) =>
    sequence(
      context(0, integer('02')),
      integer(description.serialNumber ?? randomSerialNumber()),
      algorithm,
      signer.name,
      sequence(time(notBefore), time(notAfter)),
      subject,
      spki,
      context(3, sequence(...certificateExtensions(description, publicKey, signer.spki))),
    ),
  );
  return {
    certificatePem: pemBlock('CERTIFICATE', certificateDer),
    certificateDer,
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

/**
 * What an issuer contributes: its name and public key as its certificate has them, and the key that signs.
 * Throws when either text cannot be read.
 */
export function signerOf(issuer: Issuer): { readonly name: Der; readonly spki: Der; readonly key: KeyObject } {
  const certificate = new X509Certificate(issuer.certificatePem);
  const structure = certificateStructure(certificate.raw);
  if (!structure) throw new TypeError('The issuer has no readable certificate.');
  return { name: structure.subject, spki: spkiOf(certificate.publicKey), key: createPrivateKey(issuer.privateKeyPem) };
}

function spkiOf(key: KeyObject): Der {
  return raw(key.export({ format: 'der', type: 'spki' }));
}

/** Positive and of 127 bits at most: RFC 5280 allows 20 bytes, the first bit being the sign. */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
