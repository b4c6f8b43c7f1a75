import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export const keyKinds = [
  'rsa-1024',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ec-p224',
  'ec-p256',
  'ec-p384',
  'ec-p521',
  'ed25519',
] as const;
export type KeyKind = (typeof keyKinds)[number];

/** `pkcs8` is `BEGIN PRIVATE KEY`; `traditional` is `BEGIN RSA PRIVATE KEY` (PKCS#1) or `BEGIN EC PRIVATE KEY` (SEC 1). */
export type KeyForm = 'pkcs8' | 'traditional' | 'encrypted-pkcs8' | 'encrypted-traditional';

const curves: Readonly<Record<string, string>> = {
  'ec-p224': 'secp224r1',
  'ec-p256': 'prime256v1',
  'ec-p384': 'secp384r1',
  'ec-p521': 'secp521r1',
};

/** A fresh private key as PKCS#8 PEM. An RSA key of 2048 bits takes 50 to 80 ms, the others next to nothing. */
export function generateKey(kind: KeyKind): string {
  return pkcs8(freshKey(kind));
}

const shared = new Map<string, string>();

/**
 * The private key that every caller in this process gets for this kind and number: for chains in which it does not
 * matter whose key is whose, so that RSA keys are made once. Never for a certificate that somebody relies on.
 */
export function sharedKey(kind: KeyKind, number = 0): string {
  const name = `${kind}/${number}`;
  const known = shared.get(name);
  if (known !== undefined) return known;
  const fresh = generateKey(kind);
  shared.set(name, fresh);
  return fresh;
}

/**
 * A private key in another text form. `encrypted-traditional` is the form with `Proc-Type: 4,ENCRYPTED` headers.
 * Throws for a form that the key's type does not have: Ed25519 has no traditional one.
 */
export function privateKeyText(privateKeyPem: string, form: KeyForm, passphrase = 'changeit'): string {
  const key = createPrivateKey(privateKeyPem);
  const encryption = { cipher: 'aes-256-cbc', passphrase };
  const encrypted = form.startsWith('encrypted-');
  if (form === 'pkcs8' || form === 'encrypted-pkcs8') {
    return key.export({ format: 'pem', type: 'pkcs8', ...(encrypted && encryption) }).toString();
  }
  const type = key.asymmetricKeyType;
  if (type === 'rsa') return key.export({ format: 'pem', type: 'pkcs1', ...(encrypted && encryption) }).toString();
  if (type === 'ec') return key.export({ format: 'pem', type: 'sec1', ...(encrypted && encryption) }).toString();
  throw new TypeError(`A key of type ${type ?? 'unknown'} has no traditional text form.`);
}

function freshKey(kind: KeyKind): KeyObject {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  const namedCurve = curves[kind];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve }).privateKey;
  return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice('rsa-'.length)) }).privateKey;
}

function pkcs8(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}
