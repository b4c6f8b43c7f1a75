import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../model/certificate.ts';
import { IstlsError } from '../../model/errors.ts';
import type { ClientIdentity } from '../../model/snapshot.ts';
import { judgePem } from '../../x509/judge-pem.ts';
import { publicKeyFactsOf, samePublicKey } from '../../x509/public-key.ts';
import { readInputFile } from './input-file.ts';
import type { ClientCertificate } from './plan.ts';

/** What the user's client shows. Without a key there is a certificate to judge, and no handshake to try. */
export interface ClientMaterial {
  /** What may be told and kept of it. */
  readonly identity: ClientIdentity;
  /** What a probe shows; absent without a key. */
  readonly client?: ClientCertificate;
}

/** A client pair as bytes, and what to call each half in messages. */
export interface ClientBytes {
  readonly certificate: Buffer;
  readonly certificateName: string;
  readonly key?: Buffer;
  readonly keyName?: string;
}

/**
 * Reads the files of `--cert` and `--key`. As with curl, the certificate's file may hold the key too. Throws an
 * IstlsError (exit 2) that names the file and what is wrong with it.
 */
export async function readClientIdentity(files: {
  readonly certFile: string;
  readonly keyFile?: string;
}): Promise<ClientMaterial> {
  const certificate = await readInputFile(files.certFile);
  const names = { certificate, certificateName: files.certFile };
  if (files.keyFile === undefined) return clientMaterial(names);
  return clientMaterial({ ...names, key: await readInputFile(files.keyFile), keyName: files.keyFile });
}

/** The same of bytes in memory, as of a Secret. The key goes into a KeyObject, and nowhere else. */
export function clientMaterial(bytes: ClientBytes): ClientMaterial {
  const chain = certificatesOf(bytes);
  const [leaf] = chain;
  if (!leaf) throw unusable('client-certificate-unusable', bytes.certificateName, 'it holds no certificate');
  const key = keyOf(bytes);
  const source = bytes.certificateName;
  if (!key) return { identity: { source, chain, keyGiven: false } };
  const publicKey = publicKeyFactsOf(createPublicKey(key));
  if (!publicKey || !samePublicKey(publicKey, leaf.publicKey)) throw notAPair(bytes, chain, publicKey);
  return {
    identity: { source, chain, publicKey, keyGiven: true },
    client: { chain: chain.map(({ pem }) => pem), key, subject: leaf.subject },
  };
}

function certificatesOf({ certificate, certificateName }: ClientBytes): readonly Certificate[] {
  const { certificates, problems } = judgePem(certificate, 'certificates');
  if (problems.includes('pkcs12')) {
    throw unusable(
      'client-certificate-unusable',
      certificateName,
      'it is PKCS#12, and PEM is needed',
      `openssl pkcs12 -in ${certificateName} -noenc -out client.pem writes it as PEM; then give --cert client.pem.`,
    );
  }
  if (certificates.length > 0 || problems.length === 0) return certificates;
  throw unusable('client-certificate-unusable', certificateName, `no certificate can be read (${problems.join(', ')})`);
}

function keyOf({ certificate, certificateName, key, keyName }: ClientBytes): KeyObject | undefined {
  const name = keyName ?? certificateName;
  const { privateKey, problems } = judgePem(key ?? certificate, 'private-key');
  if (privateKey?.encrypted) {
    throw unusable(
      'client-key-encrypted',
      name,
      'the key is encrypted, and istls takes no passphrase',
      'openssl pkey -in KEY -out PLAIN.key decrypts it; keep the result out of reach of others.',
    );
  }
  if (privateKey?.publicKey) return createPrivateKey((key ?? certificate).toString('latin1'));
  if (!key) return undefined;
  throw unusable('client-key-unusable', name, `no private key can be read (${problems.join(', ')})`);
}

function notAPair(
  { certificateName, keyName }: ClientBytes,
  chain: readonly Certificate[],
  publicKey: Certificate['publicKey'] | undefined,
): IstlsError {
  const other = chain.findIndex((certificate) => publicKey && samePublicKey(publicKey, certificate.publicKey));
  const message = `The key in ${keyName ?? certificateName} is not that of the first certificate in ${certificateName}.`;
  const hint =
    other > 0
      ? `It is that of certificate ${other + 1} (${chain[other]?.subject ?? ''}): the client's own must stand first.`
      : `The first certificate is of ${chain[0]?.subject ?? ''}.`;
  return new IstlsError('client-key-mismatch', message, { exit: 2, hint });
}

function unusable(code: string, name: string, reason: string, hint?: string): IstlsError {
  return new IstlsError(code, `${name} cannot be used: ${reason}.`, {
    exit: 2,
    ...(hint !== undefined && { hint }),
  });
}
