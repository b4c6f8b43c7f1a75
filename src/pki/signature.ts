import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { signatureAlgorithms } from '../x509/oids.ts';
import type { Der } from '../x509/der.ts';
import { encodeDer } from '../x509/der.ts';
import { bits, nothing, oid, sequence } from './der-writer.ts';

export type Digest = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

const oidByName = new Map(Object.entries(signatureAlgorithms).map(([dotted, name]) => [name, dotted]));

/**
 * A signed structure as X.509 has them: what is signed, the algorithm, the signature. `build` gets the algorithm,
 * because certificates and revocation lists repeat it inside. Throws for a key that cannot sign with that digest.
 */
export function signed(key: KeyObject, digest: Digest, build: (algorithm: Der) => Der): Buffer {
  const algorithm = algorithmOf(key, digest);
  const content = build(algorithm);
  const signature = sign(key.asymmetricKeyType === 'ed25519' ? null : digest, encodeDer(content), key);
  return encodeDer(sequence(content, algorithm, bits(signature)));
}

/** AlgorithmIdentifier. The parameters are NULL for RSA (RFC 3279) and absent for ECDSA and Ed25519 (RFC 5758, 8410). */
function algorithmOf(key: KeyObject, digest: Digest): Der {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return sequence(oid(dotted(`${digest}WithRSAEncryption`)), nothing());
    case 'ec':
      return sequence(oid(dotted(`ecdsa-with-${digest.toUpperCase()}`)));
    case 'ed25519':
      return sequence(oid(dotted('ED25519')));
    default:
      throw new TypeError(`Certificates are not signed with keys of type ${key.asymmetricKeyType ?? 'unknown'} here.`);
  }
}

function dotted(name: string): string {
  const found = oidByName.get(name);
  if (found === undefined) throw new TypeError(`No signature algorithm is named ${name}.`);
  return found;
}
