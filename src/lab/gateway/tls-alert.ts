import { createCipheriv, createHmac } from 'node:crypto';
import type { CipherGCM } from 'node:crypto';

/** Numbers of the alerts (RFC 8446 section 6) with which BoringSSL refuses a client certificate. */
export const alerts = {
  handshakeFailure: 40,
  badCertificate: 42,
  unsupportedCertificate: 43,
  certificateRevoked: 44,
  certificateExpired: 45,
  certificateUnknown: 46,
  unknownCa: 48,
  decryptError: 51,
  badCertificateHashValue: 114,
  certificateRequired: 116,
} as const;

const fatal = 2;
const alertRecord = 21;
const applicationDataRecord = 23;
/** `legacy_record_version`, the same for TLS 1.2 and 1.3. */
const recordVersion = [3, 3];

/** A fatal alert in clear, as TLS 1.2 sends it before its ChangeCipherSpec. */
export function plaintextAlert(number: number): Buffer {
  return Buffer.of(alertRecord, ...recordVersion, 0, 2, fatal, number);
}

interface Suite {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly keyBytes: number;
  readonly hash: string;
}

/** By the names that `TLSSocket.getCipher()` gives. */
const suites: Readonly<Record<string, Suite>> = {
  TLS_AES_128_GCM_SHA256: { cipher: 'aes-128-gcm', keyBytes: 16, hash: 'sha256' },
  TLS_AES_256_GCM_SHA384: { cipher: 'aes-256-gcm', keyBytes: 32, hash: 'sha384' },
  TLS_CHACHA20_POLY1305_SHA256: { cipher: 'chacha20-poly1305', keyBytes: 32, hash: 'sha256' },
};

/**
 * A fatal alert as a TLS 1.3 server sends it after its own handshake is complete: the first record under its application
 * traffic key (RFC 8446 sections 5.2 and 7.3).
 * @param secret `server_application_traffic_secret_0`, as NSS key logs give it.
 */
export function encryptedAlert(number: number, suiteName: string, secret: Buffer): Buffer {
  const suite = suites[suiteName];
  if (!suite) throw new TypeError(`${suiteName} is no cipher suite of TLS 1.3.`);
  const key = expandLabel(suite.hash, secret, 'key', suite.keyBytes);
  // The nonce is the IV, combined with the sequence number: this is record 0.
  const nonce = expandLabel(suite.hash, secret, 'iv', 12);
  const content = Buffer.of(fatal, number, alertRecord);
  const tagBytes = 16;
  const header = Buffer.of(applicationDataRecord, ...recordVersion, 0, content.length + tagBytes);
  const cipher = cipherOf(suite.cipher, key, nonce);
  cipher.setAAD(header, { plaintextLength: content.length });
  return Buffer.concat([header, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

// Two calls, because the overloads of node:crypto take one family of ciphers each.
function cipherOf(name: Suite['cipher'], key: Buffer, nonce: Buffer): CipherGCM {
  const options = { authTagLength: 16 };
  if (name === 'chacha20-poly1305') return createCipheriv(name, key, nonce, options);
  return createCipheriv(name, key, nonce, options);
}

/**
 * HKDF-Expand-Label of RFC 8446 section 7.1 with an empty context. One round of HMAC is enough: no key of these suites is
 * longer than the hash.
 */
function expandLabel(hash: string, secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.of(length >> 8, length & 0xff, name.length), name, Buffer.of(0)]);
  return createHmac(hash, secret).update(info).update(Buffer.of(1)).digest().subarray(0, length);
}
