import type { TlsVersion } from './versions.ts';

/** What a suite asks of the server's key. Suites of TLS 1.3 ask nothing: the signature is negotiated apart. */
type SuiteKey = 'rsa' | 'ecdsa' | 'any';

export interface CipherSuite {
  /** OpenSSL's name, which Envoy and Istio use. */
  readonly name: string;
  /** The name in the IANA registry, which Go, Java and most documents use. */
  readonly iana: string;
  readonly code: number;
  readonly key: SuiteKey;
  /** The oldest version of TLS that has it. */
  readonly since: TlsVersion;
  readonly forwardSecrecy: boolean;
}

/**
 * The suites that Istio lets a Gateway's `cipherSuites` name (istio:pkg/config/security/security.go), and those of
 * TLS 1.3, which cannot be configured and are always on.
 */
export const cipherSuites: readonly CipherSuite[] = [
  tls13('TLS_AES_128_GCM_SHA256', 0x1301),
  tls13('TLS_AES_256_GCM_SHA384', 0x1302),
  tls13('TLS_CHACHA20_POLY1305_SHA256', 0x1303),
  ephemeral('ECDHE-ECDSA-AES128-GCM-SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 0xc02b, 'TLSv1.2'),
  ephemeral('ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 0xc02c, 'TLSv1.2'),
  ephemeral('ECDHE-ECDSA-CHACHA20-POLY1305', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca9, 'TLSv1.2'),
  ephemeral('ECDHE-ECDSA-AES128-SHA', 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 0xc009, 'TLSv1'),
  ephemeral('ECDHE-ECDSA-AES256-SHA', 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 0xc00a, 'TLSv1'),
  ephemeral('ECDHE-RSA-AES128-GCM-SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc02f, 'TLSv1.2'),
  ephemeral('ECDHE-RSA-AES256-GCM-SHA384', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 0xc030, 'TLSv1.2'),
  ephemeral('ECDHE-RSA-CHACHA20-POLY1305', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca8, 'TLSv1.2'),
  ephemeral('ECDHE-RSA-AES128-SHA', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 0xc013, 'TLSv1'),
  ephemeral('ECDHE-RSA-AES256-SHA', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 0xc014, 'TLSv1'),
  keyTransport('AES128-GCM-SHA256', 'TLS_RSA_WITH_AES_128_GCM_SHA256', 0x009c, 'TLSv1.2'),
  keyTransport('AES256-GCM-SHA384', 'TLS_RSA_WITH_AES_256_GCM_SHA384', 0x009d, 'TLSv1.2'),
  keyTransport('AES128-SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA', 0x002f, 'TLSv1'),
  keyTransport('AES256-SHA', 'TLS_RSA_WITH_AES_256_CBC_SHA', 0x0035, 'TLSv1'),
  keyTransport('DES-CBC3-SHA', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', 0x000a, 'TLSv1'),
];

const byName = new Map(cipherSuites.flatMap((suite) => [suite.name, suite.iana].map((name) => [name, suite])));
const byCode = new Map(cipherSuites.map((suite) => [suite.code, suite]));

/** The suite of an OpenSSL or IANA name. */
export function cipherSuite(name: string): CipherSuite | undefined {
  return byName.get(name.trim().toUpperCase());
}

export function cipherSuiteOfCode(code: number): CipherSuite | undefined {
  return byCode.get(code);
}

/** The single names in a list as Envoy takes it, where `[A|B]` stands for suites of equal preference. */
export function cipherNames(list: readonly string[]): readonly string[] {
  return list.flatMap((entry) => entry.replaceAll(/[[\]\s]/g, '').split('|')).filter((name) => name !== '');
}

/** Whether a server whose key is of this type can use the suite. */
export function suiteTakesKey(suite: CipherSuite, key: 'rsa' | 'ecdsa'): boolean {
  return suite.key === 'any' || suite.key === key;
}

function tls13(name: string, code: number): CipherSuite {
  return { name, iana: name, code, key: 'any', since: 'TLSv1.3', forwardSecrecy: true };
}

function ephemeral(name: string, iana: string, code: number, since: TlsVersion): CipherSuite {
  return { name, iana, code, key: name.startsWith('ECDHE-ECDSA-') ? 'ecdsa' : 'rsa', since, forwardSecrecy: true };
}

function keyTransport(name: string, iana: string, code: number, since: TlsVersion): CipherSuite {
  return { name, iana, code, key: 'rsa', since, forwardSecrecy: false };
}
