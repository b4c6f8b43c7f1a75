/**
 * What is wrong with a text that should be PEM, judged as strictly as the BoringSSL in Envoy judges it.
 * What each means for Envoy: `x509/pem-problems.ts`.
 */
export type PemProblem =
  | 'empty'
  | 'no-pem-block'
  | 'other-blocks-only'
  | 'base64-twice'
  | 'der'
  | 'pkcs12'
  | 'blocks-joined'
  | 'begin-without-end'
  | 'begin-inside-line'
  | 'lost-line-breaks'
  | 'bad-header'
  | 'bad-base64'
  | 'not-a-certificate'
  | 'not-a-crl'
  | 'encrypted'
  | 'unreadable-key'
  | 'utf-16'
  | 'byte-order-mark'
  | 'several-keys'
  | 'key-among-certificates';

export type KeyAlgorithm = 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448' | 'dsa' | 'unknown';

/** A public key by what one may tell of it. `bits` is the modulus length of RSA, the field size of a curve. */
export interface PublicKeyFacts {
  readonly algorithm: KeyAlgorithm;
  readonly bits?: number;
  /** As OpenSSL names curves: `prime256v1`, `secp384r1`. */
  readonly curve?: string;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. Two halves of one pair have the same. */
  readonly sha256: string;
}

/** One X.509 certificate. All dates are ISO 8601 in UTC. */
export interface Certificate {
  /** The distinguished name on one line, most specific part first, as `CN=shop,O=Example`. */
  readonly subject: string;
  readonly issuer: string;
  readonly commonName?: string;
  /** Lower-case hex without leading zeros. */
  readonly serialNumber: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256 of the whole certificate, lower-case hex. */
  readonly sha256: string;
  readonly publicKey: PublicKeyFacts;
  /** Subject alternative names by type; `dnsNames` in lower case. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
  readonly isCa: boolean;
  /** How many intermediates may follow below this CA, where it says so. */
  readonly pathLength?: number;
  /** Subject and issuer are the same name. Whether it signed itself is for `x509/chain.ts` to say. */
  readonly selfIssued: boolean;
  /** Extended key usages as dotted OIDs; undefined when the extension is absent (every use is allowed). */
  readonly extendedKeyUsage?: readonly string[];
  /** Key usage bits by their RFC 5280 names; undefined when the extension is absent. */
  readonly keyUsage?: readonly string[];
  /** As OpenSSL names it, for instance `sha256WithRSAEncryption`. */
  readonly signatureAlgorithm: string;
  readonly mustStaple: boolean;
  /** Addresses that the certificate names, never followed without `--phone-out`. */
  readonly ocspUrls: readonly string[];
  readonly issuerUrls: readonly string[];
  readonly crlUrls: readonly string[];
  /** The certificate itself, one PEM block with a final newline. */
  readonly pem: string;
}

/** A private key, never the key: what may leave the process of it. */
export interface PrivateKeyFacts {
  readonly encrypted: boolean;
  /** Absent when the text could not be read as a key. */
  readonly publicKey?: PublicKeyFacts;
  /** The label of its PEM block: `PRIVATE KEY`, `RSA PRIVATE KEY`, `EC PRIVATE KEY`, … */
  readonly label?: string;
}

/** A certificate revocation list. */
export interface RevocationList {
  readonly issuer: string;
  readonly thisUpdate: string;
  readonly nextUpdate?: string;
  /** Lower-case hex without leading zeros. */
  readonly revoked: readonly string[];
}
