import { atLeast, type Release } from './release.ts';

/** TLS versions in their order; the index compares them. */
export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

const written: Readonly<Record<string, TlsVersion>> = {
  TLSV1_0: 'TLSv1',
  TLSV1_1: 'TLSv1.1',
  TLSV1_2: 'TLSv1.2',
  TLSV1_3: 'TLSv1.3',
  'TLSv1.0': 'TLSv1',
  '1.0': 'TLSv1',
  '1.1': 'TLSv1.1',
  '1.2': 'TLSv1.2',
  '1.3': 'TLSv1.3',
};

/** A version as a Gateway, a probe or a user writes it; undefined for TLS_AUTO and what is no version. */
export function readTlsVersion(text: string | undefined): TlsVersion | undefined {
  if (text === undefined) return undefined;
  return tlsVersions.find((version) => version === text) ?? (Object.hasOwn(written, text) ? written[text] : undefined);
}

export const isOlder = (a: TlsVersion, b: TlsVersion): boolean => tlsVersions.indexOf(a) < tlsVersions.indexOf(b);

/** The oldest version that Envoy takes where nothing is said: TLS 1.2 since Envoy 1.22 (Istio 1.14), 1.0 before. */
export const defaultMinimum = (rules: Release | undefined): TlsVersion => (atLeast(rules, 1, 14) ? 'TLSv1.2' : 'TLSv1');

/** Suites that `cipherSuites` may name (istio pkg/config/validation, ValidCipherSuites); TLS 1.3 has its own, not settable. */
export const settableSuites: ReadonlySet<string> = new Set([
  ...['ECDSA', 'RSA'].flatMap((kind) =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA'].map(
      (rest) => `ECDHE-${kind}-${rest}`,
    ),
  ),
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]);

/** Suites that TLS 1.0 and 1.1 know: CBC with SHA-1. Envoy's defaults have none of them since 1.23 (Istio 1.15). */
export const isForOldVersions = (suite: string): boolean => suite.endsWith('-SHA');

/** The key that the certificate must have for a suite. */
export const keyOfSuite = (suite: string): 'ec' | 'rsa' => (suite.startsWith('ECDHE-ECDSA-') ? 'ec' : 'rsa');
