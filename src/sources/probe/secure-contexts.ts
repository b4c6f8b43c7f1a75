import { createSecureContext, DEFAULT_CIPHERS } from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { IstlsError } from '../../model/errors.ts';
import { cipherSuite } from '../../tls/cipher-suites.ts';
import { errorCode } from '../../tls/error-codes.ts';
import { compareTlsVersions } from '../../tls/versions.ts';
import type { ClientCertificate, ProbePlan, Trust } from './plan.ts';
import { hasRootsOnly, rootsOf, sharedTrust } from './trusted-roots.ts';

export const defaultVersions = { min: 'TLSv1.2', max: 'TLSv1.3' } as const;

/**
 * The first group alone gets a key share. Left to itself, OpenSSL 3.5 also sends one of ML-KEM, which makes the
 * ClientHello three times as long and a probe a fifth slower; offered without, it serves gateways that take nothing else.
 */
const groups = ['X25519', 'P-256', 'P-384', 'P-521', ...(hasMlKem() ? ['X25519MLKEM768'] : [])].join(':');

/** OpenSSL's codes for own material that its security level does not allow; servers take some of it all the same. */
const tooWeak = new Set(['ERR_SSL_EE_KEY_TOO_SMALL', 'ERR_SSL_CA_KEY_TOO_SMALL', 'ERR_SSL_CA_MD_TOO_WEAK']);

const noClient = {};

/**
 * Contexts by trust, then by client certificate, then by settings. Making one parses every trusted root (20 ms for the
 * public ones), and a thousand probes differ in their names only. A context holds no sessions: those are never kept.
 */
const contexts = new WeakMap<object, WeakMap<object, Map<string, SecureContext>>>();

/** The plan's TLS settings as Node wants them. Throws an IstlsError for settings that OpenSSL cannot use. */
export function secureContext(plan: ProbePlan): SecureContext {
  const trust = sharedTrust(plan.trust);
  const byClient = entry(contexts, trust, () => new WeakMap<object, Map<string, SecureContext>>());
  const bySettings = entry(byClient, plan.client ?? noClient, () => new Map<string, SecureContext>());
  const settings = JSON.stringify([plan.min, plan.max, plan.ciphers]);
  return entry(bySettings, settings, () => create(plan, trust));
}

function create(plan: ProbePlan, trust: Trust): SecureContext {
  const min = plan.min ?? defaultVersions.min;
  const ciphers = cipherList(plan.ciphers);
  // OpenSSL 3 has TLS 1.0 and 1.1 at security level 0 only.
  const weak = compareTlsVersions(min, 'TLSv1.2') < 0;
  const options: SecureContextOptions = {
    // An empty list, unlike none at all, keeps Node from loading its own roots.
    ca: [...rootsOf(trust)],
    ecdhCurve: groups,
    // As curl does: an intermediate that is trusted by name needs no root above it. Not set without need, because it
    // takes from OpenSSL the code for a leaf that came alone.
    allowPartialTrustChain: !hasRootsOnly(trust),
    minVersion: min,
    maxVersion: plan.max ?? defaultVersions.max,
    ciphers: weak ? `${ciphers}:@SECLEVEL=0` : ciphers,
    ...(plan.client && keyPair(plan.client)),
  };
  try {
    return createSecureContext(options);
  } catch (error) {
    if (!tooWeak.has(codeOf(error))) throw unusable(error);
    return createSecureContext({ ...options, ciphers: `${ciphers}:@SECLEVEL=0` });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function unusable(error: unknown): IstlsError {
  const known = errorCode(codeOf(error));
  return new IstlsError('tls-settings-unusable', known?.meaning ?? `TLS cannot be set up so: ${String(error)}`, {
    exit: 2,
    cause: error,
  });
}

function keyPair(client: ClientCertificate): SecureContextOptions {
  return { cert: client.chain.join(''), key: client.key.export({ type: 'pkcs8', format: 'pem' }) };
}

/** Node leaves TLS 1.3 out altogether if no suite of it is named. */
function cipherList(names: readonly string[] | undefined): string {
  if (!names) return DEFAULT_CIPHERS;
  const known = names.map((name) => cipherSuite(name)?.name ?? name);
  const suites13 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];
  return [...suites13.filter((suite) => !known.includes(suite)), ...known].join(':');
}

/** OpenSSL has it since 3.5, Node since 24.5. */
function hasMlKem(): boolean {
  const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 5);
}

interface Entries<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
}

function entry<K, V>(entries: Entries<K, V>, key: K, make: () => V): V {
  const found = entries.get(key);
  if (found !== undefined) return found;
  const made = make();
  entries.set(key, made);
  return made;
}
