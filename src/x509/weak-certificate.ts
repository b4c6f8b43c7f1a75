import type { Certificate } from '../model/certificate.ts';

const weakSignature = /^(?:md2|md5|sha1)With|-with-SHA1$|^dsaWithSHA1$/;

/**
 * Why clients of today refuse a certificate that Envoy serves, as what follows "clients refuse it: "; undefined when
 * nothing speaks against it. The signature of a self-signed certificate is looked at by nobody.
 */
export function weakFor({ signatureAlgorithm, selfIssued, publicKey }: Certificate): string | undefined {
  if (!selfIssued && weakSignature.test(signatureAlgorithm)) {
    return `it is signed with ${signatureAlgorithm}, which browsers and OpenSSL 3 no longer accept`;
  }
  if (publicKey.algorithm === 'rsa' && (publicKey.bits ?? 0) < 2048) {
    return `its RSA key has ${publicKey.bits ?? 'unknown'} bits, and browsers and OpenSSL want 2048`;
  }
  if (publicKey.algorithm === 'ed25519') return 'its key is of type Ed25519, which browsers do not offer to accept';
  if (publicKey.curve === 'secp521r1') return 'its key is on the curve P-521, which Chrome and Edge do not accept';
  return undefined;
}
