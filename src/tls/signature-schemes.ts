import type { TlsVersion } from './versions.ts';

/** A key as far as it decides which signatures it can make. `curve` as OpenSSL names it. */
export interface SigningKey {
  readonly algorithm: string;
  readonly curve?: string;
}

/** SignatureScheme codes (RFC 8446 section 4.2.3) by key. Those of SHA-1 and of PKCS#1 are left to TLS 1.2. */
const rsaPss = [0x0804, 0x0805, 0x0806];
const rsaPkcs1 = [0x0401, 0x0501, 0x0601, 0x0201];
const ecdsa = [0x0403, 0x0503, 0x0603, 0x0203];
const ecdsaByCurve: Readonly<Record<string, number>> = { prime256v1: 0x0403, secp384r1: 0x0503, secp521r1: 0x0603 };
const schemesByAlgorithm: Readonly<Record<string, readonly number[]>> = {
  'rsa-pss': [0x0809, 0x080a, 0x080b],
  ed25519: [0x0807],
  ed448: [0x0808],
};

/**
 * Whether a client with this key can answer a request for a certificate that names these signature schemes. If not, it
 * sends none, without a word: that is how an Ed25519 certificate gets "no certificate" from an Istio gateway.
 * An empty list (TLS 1.1 and before) names nothing and excludes nothing.
 */
export function canSign(key: SigningKey, schemes: readonly number[], version: TlsVersion | undefined): boolean {
  if (schemes.length === 0) return true;
  return schemesOf(key, version).some((scheme) => schemes.includes(scheme));
}

function schemesOf(key: SigningKey, version: TlsVersion | undefined): readonly number[] {
  if (key.algorithm === 'rsa') return version === 'TLSv1.3' ? rsaPss : [...rsaPss, ...rsaPkcs1];
  if (key.algorithm !== 'ec') return schemesByAlgorithm[key.algorithm] ?? [];
  if (version !== 'TLSv1.3') return ecdsa;
  const scheme = ecdsaByCurve[key.curve ?? ''];
  return scheme === undefined ? [] : [scheme];
}
