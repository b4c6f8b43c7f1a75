import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { pemErrors, readPemBlocks } from './pem-blocks.ts';
import type { PemError } from './pem-blocks.ts';

/** What a control plane sends under one SDS name: texts out of a Secret. */
export type SecretText =
  | { readonly kind: 'key-pair'; readonly chain: string; readonly key: string; readonly crl?: string }
  | { readonly kind: 'ca'; readonly ca: string; readonly crl?: string };

/** The same once Envoy has accepted it. PEM, of certificates alone. */
export type Credential =
  | { readonly kind: 'key-pair'; readonly chain: string; readonly key: string }
  | { readonly kind: 'ca'; readonly anchors: readonly string[]; readonly crl?: string };

export type Acceptance = { readonly accepted: Credential } | { readonly refused: string };

/**
 * Loads a secret as Envoy 1.38 loads it. A refusal is the text of its NACK, which names neither Secret nor host
 * (seen on Istio 1.29.5).
 */
export function acceptSecret(text: SecretText): Acceptance {
  return text.kind === 'ca' ? acceptCa(text.ca, text.crl) : acceptKeyPair(text.chain, text.key);
}

const chainRefused = 'Failed to load certificate chain from <inline>';

function acceptKeyPair(chainText: string, keyText: string): Acceptance {
  const reading = readPemBlocks(chainText);
  const chain = certificatesOf(chainText);
  const [leaf] = chain ?? [];
  if (reading.stoppedBy !== 'NO_START_LINE' || !chain || !leaf) return { refused: chainRefused };
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey;
  if (type === 'rsa' && (details?.modulusLength ?? 0) < 2048) {
    return { refused: `${chainRefused}, only RSA certificates with 2048-bit or larger keys are supported` };
  }
  // The curve is not named: BoringSSL does not even read such a key.
  if (type === 'ec' && !acceptedCurves.has(details?.namedCurve ?? '')) return { refused: chainRefused };
  const key = readKey(keyText);
  if ('refused' in key) return key;
  const mismatch = keyMismatch(leaf, key.key);
  if (mismatch !== undefined) return { refused: `Failed to load private key from <inline>, Cause: ${mismatch}` };
  const pem = key.key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { accepted: { kind: 'key-pair', chain: chain.map(String).join(''), key: pem } };
}

/** Since Envoy 1.33; before, P-256 alone. */
const acceptedCurves = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

function certificatesOf(text: string): readonly X509Certificate[] | undefined {
  const blocks = readPemBlocks(text).blocks.filter(({ label }) => certificateLabels.has(label));
  try {
    return blocks.map(({ der }) => new X509Certificate(der));
  } catch {
    return undefined;
  }
}

const certificateLabels = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']);

function readKey(text: string): { readonly key: KeyObject } | { readonly refused: string } {
  const { blocks, stoppedBy } = readPemBlocks(text);
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (!block) return { refused: keyRefused(stoppedBy) };
  if (block.encrypted) return { refused: keyRefused('BAD_PASSWORD_READ') };
  try {
    const body = block.der.toString('base64');
    return { key: createPrivateKey(`-----BEGIN ${block.label}-----\n${body}\n-----END ${block.label}-----\n`) };
  } catch {
    return {
      refused:
        'Failed to load private key from <inline>, Cause: error:06000066:public key routines:OPENSSL_internal:DECODE_ERROR',
    };
  }
}

function keyRefused(error: PemError): string {
  return `Failed to load private key from <inline>, Cause: error:${pemErrors[error]}:PEM routines:OPENSSL_internal:${error}`;
}

function keyMismatch(leaf: X509Certificate, key: KeyObject): string | undefined {
  if (leaf.publicKey.asymmetricKeyType !== key.asymmetricKeyType) {
    return 'error:0b000073:X.509 certificate routines:OPENSSL_internal:KEY_TYPE_MISMATCH';
  }
  if (leaf.checkPrivateKey(key)) return undefined;
  return 'error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH';
}

function acceptCa(text: string, crl: string | undefined): Acceptance {
  const anchors = certificatesOf(text);
  if (!anchors || anchors.length === 0) return { refused: 'Failed to load trusted CA certificates from <inline>' };
  const lists = crl === undefined ? [] : readPemBlocks(crl).blocks.filter(({ label }) => label === 'X509 CRL');
  if (crl !== undefined && lists.length === 0) return { refused: 'Failed to load CRL from <inline>' };
  return { accepted: { kind: 'ca', anchors: anchors.map(String), ...(crl !== undefined && { crl }) } };
}
