import type { Certificate, PublicKeyFacts } from '../model/certificate.ts';

type Refusal = string | undefined;

const refusedKeyTypes: Readonly<Partial<Record<PublicKeyFacts['algorithm'], string>>> = {
  'rsa-pss': 'its key is of type RSA-PSS, which BoringSSL has not; a plain RSA key is needed',
  dsa: 'its key is of type DSA, which BoringSSL does not take for TLS',
  ed448: 'its key is of type Ed448, which BoringSSL has not',
  unknown: 'its key is of a type that BoringSSL has not',
};

/** The curves that Envoy takes, and the first release to do so. */
const curveSince: Readonly<Record<string, number>> = { prime256v1: 0, secp384r1: 33, secp521r1: 33 };

/**
 * Why Envoy refuses to serve with a certificate that is well-formed, as what follows "Envoy refuses it: "; undefined
 * when it takes it. Expiry, names and usages for servers are nothing to Envoy. Settled with Envoy 1.38.3 (`--mode
 * validate`); that older ones take P-256 only is of the release notes of 1.33.
 *
 * `envoyRelease` is like `1.38.3`; without it, a release from 1.33 on is assumed. `ocspStaple`: whether the Secret has
 * `tls.ocsp-staple`.
 */
export function refusedByEnvoy(certificate: Certificate, envoyRelease?: string, ocspStaple = false): Refusal {
  return (
    refusedKey(certificate.publicKey, envoyRelease) ??
    refusedUsage(certificate) ??
    refusedNames(certificate) ??
    (certificate.mustStaple && !ocspStaple
      ? 'it demands a stapled OCSP response (must-staple), and the Secret has none under tls.ocsp-staple'
      : undefined)
  );
}

/** Why Envoy refuses a key, of a certificate or without one. */
export function refusedKey({ algorithm, bits, curve }: PublicKeyFacts, envoyRelease?: string): Refusal {
  if (algorithm === 'rsa') {
    return (bits ?? 0) < 2048 ? `its RSA key has ${bits ?? 'unknown'} bits, and Envoy wants 2048 at least` : undefined;
  }
  if (algorithm !== 'ec') return refusedKeyTypes[algorithm];
  if (curve === undefined) return 'its key names the parameters of its curve in place of the curve';
  const since = curveSince[curve];
  if (since === undefined) return `its key is on the curve ${curve}, and Envoy takes P-256, P-384 and P-521 only`;
  if (minorOf(envoyRelease) >= since) return undefined;
  return `its key is on the curve ${curve}, and Envoy before 1.${since} takes P-256 only`;
}

/** BoringSSL looks at the key usage of EC leaves when it loads them, at that of RSA leaves only in the handshake. */
function refusedUsage({ publicKey, keyUsage }: Certificate): Refusal {
  const isRefused = publicKey.algorithm === 'ec' && keyUsage && !keyUsage.includes('digitalSignature');
  return isRefused
    ? `its EC key may not be used for digitalSignature, only for ${keyUsage.join(', ') || 'nothing'} (a CA certificate in the place of the leaf?)`
    : undefined;
}

/** Envoy makes the identity of its TLS sessions from these names. */
function refusedNames({ commonName, dnsNames, uris, ipAddresses }: Certificate): Refusal {
  if (commonName === '') return 'its common name is there and empty';
  const hasName = commonName !== undefined || dnsNames.length + uris.length + ipAddresses.length > 0;
  return hasName ? undefined : 'it has neither a common name nor a DNS, URI or IP name';
}

function minorOf(release: string | undefined): number {
  const [, minor] = /^\D*1\.(\d+)/.exec(release ?? '') ?? [];
  return minor === undefined ? Infinity : Number(minor);
}
