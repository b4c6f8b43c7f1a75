/** The versions of TLS as OpenSSL and Node spell them, oldest first. */
export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** `TLSv1_2` of Envoy, `TLSV1_2` of Istio, `TLS 1.2`, `tls1.2`, `1.2` of curl, `tlsv1.0`. */
const spelling = /^(?:tls)?[ _]?v?(1)(?:[._]([0-3]))?$/i;

/** A version in any spelling as Node's; undefined for `TLS_AUTO` and for what is no version. */
export function tlsVersion(text: string): TlsVersion | undefined {
  const match = spelling.exec(text.trim());
  if (!match) return undefined;
  return tlsVersions[Number(match[2] ?? 0)];
}

/** The version of a `legacy_version` or `supported_versions` field (RFC 8446 section 4.2.1). */
export function tlsVersionOfCode(code: number): TlsVersion | undefined {
  return code >> 8 === 3 ? tlsVersions[(code & 0xff) - 1] : undefined;
}

/** Negative when `a` is older than `b`. */
export function compareTlsVersions(a: TlsVersion, b: TlsVersion): number {
  return tlsVersions.indexOf(a) - tlsVersions.indexOf(b);
}
