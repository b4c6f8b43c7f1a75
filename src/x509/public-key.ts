import { hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { KeyAlgorithm, PublicKeyFacts } from '../model/certificate.ts';
import type { Der } from './der.ts';
import { bytesOf, child, encodeDer, oidOf, parseDer } from './der.ts';
import { curves, keyAlgorithms } from './oids.ts';

/** What a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) says. A curve given by its parameters has no name. */
export function publicKeyFacts(spki: Der): PublicKeyFacts {
  const algorithm = keyAlgorithms[oidOf(child(child(spki, 0), 0)) ?? ''] ?? 'unknown';
  const curveOid = algorithm === 'ec' ? oidOf(child(child(spki, 0), 1)) : undefined;
  const curve = curveOid === undefined ? undefined : curves[curveOid];
  const bits = curve?.bits ?? modulusBits(algorithm, spki);
  return {
    algorithm,
    ...(bits !== undefined && { bits }),
    ...(curveOid !== undefined && { curve: curve?.name ?? curveOid }),
    sha256: hash('sha256', encodeDer(spki)),
  };
}

/** The facts of a key's public half. The key may be a public one only. */
export function publicKeyFactsOf(publicKey: KeyObject): PublicKeyFacts | undefined {
  const spki = parseDer(publicKey.export({ format: 'der', type: 'spki' }));
  return spki && publicKeyFacts(spki);
}

/** Whether two are the halves of one pair, or the same public key twice. */
export function samePublicKey(a: PublicKeyFacts, b: PublicKeyFacts): boolean {
  return a.sha256 === b.sha256;
}

function modulusBits(algorithm: KeyAlgorithm, spki: Der): number | undefined {
  if (algorithm === 'dsa') return bitLength(bytesOf(child(child(child(spki, 0), 1), 0)));
  if (algorithm !== 'rsa' && algorithm !== 'rsa-pss') return undefined;
  const key = bytesOf(child(spki, 1))?.subarray(1);
  return bitLength(key && bytesOf(child(parseDer(key), 0)));
}

function bitLength(integer: Buffer | undefined): number | undefined {
  const start = integer?.findIndex((byte) => byte !== 0) ?? -1;
  const first = integer?.[start];
  if (!integer || first === undefined) return undefined;
  return 8 * (integer.length - start - 1) + (32 - Math.clz32(first));
}
