import { createDecipheriv, createHmac, createSecretKey } from 'node:crypto';
import type { DecipherChaCha20Poly1305, DecipherGCM, KeyObject } from 'node:crypto';
import { contentTypes } from './records.ts';
import type { TlsRecord } from './records.ts';

interface Aead {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly hash: 'sha256' | 'sha384';
  readonly keySize: number;
}

/** The suites of TLS 1.3 by their codes (RFC 8446 appendix B.4), without the CCM ones, which no client here offers. */
const aeads: Readonly<Record<number, Aead>> = {
  0x1301: { cipher: 'aes-128-gcm', hash: 'sha256', keySize: 16 },
  0x1302: { cipher: 'aes-256-gcm', hash: 'sha384', keySize: 32 },
  0x1303: { cipher: 'chacha20-poly1305', hash: 'sha256', keySize: 32 },
};

const ivSize = 12;
const tagSize = 16;

/** What was inside of a protected record: the true content type and the content without padding. */
export interface Content {
  readonly type: number;
  readonly bytes: Buffer;
}

/**
 * Opens the records of TLS 1.3 that one side protected with one traffic secret, in the order they were sent (RFC 8446
 * sections 5.2 and 7.3). Undefined for a suite that is not of TLS 1.3. The function that it gives returns undefined for
 * a record that these keys do not open, as the first one after a change of keys.
 */
export function recordOpener(
  suite: number,
  trafficSecret: Buffer,
): ((record: TlsRecord) => Content | undefined) | undefined {
  const aead = aeads[suite];
  if (!aead) return undefined;
  // Key objects: Node takes longer to look at the bytes of a key than to decrypt a record with it.
  const secret = createSecretKey(trafficSecret);
  const key = createSecretKey(expandLabel(aead.hash, secret, 'key', aead.keySize));
  const iv = expandLabel(aead.hash, secret, 'iv', ivSize);
  let sequence = 0;
  return (record) => {
    const inner = open(aead, key, nonce(iv, sequence), record);
    sequence += 1;
    return inner && withoutPadding(inner);
  };
}

function open(aead: Aead, key: KeyObject, iv: Buffer, record: TlsRecord): Buffer | undefined {
  const split = record.fragment.length - tagSize;
  if (record.type !== contentTypes.applicationData || split < 1) return undefined;
  const decipher = decipherOf(aead, key, iv);
  decipher.setAAD(record.header, { plaintextLength: split });
  decipher.setAuthTag(record.fragment.subarray(split));
  try {
    return Buffer.concat([decipher.update(record.fragment.subarray(0, split)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function decipherOf({ cipher }: Aead, key: KeyObject, iv: Buffer): DecipherChaCha20Poly1305 | DecipherGCM {
  const options = { authTagLength: tagSize };
  return cipher === 'chacha20-poly1305'
    ? createDecipheriv(cipher, key, iv, options)
    : createDecipheriv(cipher, key, iv, options);
}

/** The record's number, exclusive-ored into the end of the static IV. */
function nonce(iv: Buffer, sequence: number): Buffer {
  const result = Buffer.from(iv);
  const tail = ivSize - 4;
  result.writeUInt32BE((result.readUInt32BE(tail) ^ sequence) >>> 0, tail);
  return result;
}

function withoutPadding(inner: Buffer): Content | undefined {
  let end = inner.length - 1;
  while (end >= 0 && inner[end] === 0) end -= 1;
  const type = inner[end];
  return type === undefined ? undefined : { type, bytes: inner.subarray(0, end) };
}

/** HKDF-Expand-Label without a context, for results that fit into one block of the hash. */
function expandLabel(hash: string, secret: KeyObject, label: string, size: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, size, name.length]), name, Buffer.from([0])]);
  return createHmac(hash, secret)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, size);
}
