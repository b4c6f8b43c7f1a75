import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { PemProblem, PrivateKeyFacts, PublicKeyFacts } from '../model/certificate.ts';
import type { PemBlock } from './pem-blocks.ts';
import { publicKeyFactsOf } from './public-key.ts';

/** What may be known of a private key, and what keeps Envoy from reading it. */
export interface KeyReading {
  readonly facts: PrivateKeyFacts;
  readonly problem?: Extract<PemProblem, 'encrypted' | 'bad-header' | 'unreadable-key'>;
}

interface Form {
  readonly type: 'pkcs8' | 'pkcs1' | 'sec1';
  /** The type of key that the label promises. */
  readonly keyType?: string;
}

/**
 * Which structures BoringSSL accepts under which label: PKCS#8 also under the labels of RSA and EC, but not the other
 * way round [Envoy 1.38.3]. DSA keys are left out: no certificate of that type is ever accepted.
 */
const forms: Readonly<Record<string, readonly Form[]>> = {
  'PRIVATE KEY': [{ type: 'pkcs8' }],
  'RSA PRIVATE KEY': [
    { type: 'pkcs1', keyType: 'rsa' },
    { type: 'pkcs8', keyType: 'rsa' },
  ],
  'EC PRIVATE KEY': [
    { type: 'sec1', keyType: 'ec' },
    { type: 'pkcs8', keyType: 'ec' },
  ],
};

/** Reads a block with a private key's label. The key itself does not outlive the call. */
export function readKeyBlock({ label, header, der }: PemBlock): KeyReading {
  if (label === 'ENCRYPTED PRIVATE KEY' || header.startsWith('Proc-Type: 4,ENCRYPTED')) {
    return { facts: { encrypted: true, label }, problem: 'encrypted' };
  }
  if (header !== '') return { facts: { encrypted: false, label }, problem: 'bad-header' };
  const publicKey = readKey(label, der);
  if (!publicKey) return { facts: { encrypted: false, label }, problem: 'unreadable-key' };
  return { facts: { encrypted: false, label, publicKey } };
}

function readKey(label: string, der: Buffer): PublicKeyFacts | undefined {
  for (const { type, keyType } of forms[label] ?? []) {
    try {
      const key = createPrivateKey({ key: der, format: 'der', type });
      if (keyType === undefined || key.asymmetricKeyType === keyType) return publicKeyFactsOf(createPublicKey(key));
    } catch {
      // Not of this form; the next may fit.
    }
  }
  return undefined;
}
