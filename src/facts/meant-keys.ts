import type { Secret, SecretValue } from '../model/secret.ts';
import { samePublicKey } from '../x509/public-key.ts';
import type { Server } from './servers.ts';
import { fitsServer } from './twins.ts';

/** Two keys of a Secret that hold a certificate chain and its private key, under names that nobody reads. */
export interface MeantKeys {
  readonly certKey: string;
  readonly keyKey: string;
}

const isChain = (value: SecretValue): boolean => value.kind === 'certificates' && value.certificates.length > 0;

/** A CA lies beside many pairs: one that is no CA, and for these hosts, is more likely the chain that is meant. */
function byLikeness(server: Server): (a: [string, SecretValue], b: [string, SecretValue]) => number {
  const score = ([, { certificates }]: [string, SecretValue]): number => {
    const [leaf] = certificates;
    if (!leaf) return 0;
    return (fitsServer(leaf, server) ? 2 : 0) + (leaf.isCa ? 0 : 1);
  };
  return (a, b) => score(b) - score(a) || a[0].localeCompare(b[0]);
}

/** The keys of a Secret that somebody meant for the pair: a key and the chain that it belongs to, whatever they are called. */
export function meantKeys(secret: Secret, server: Server): MeantKeys | undefined {
  const entries = Object.entries(secret.values);
  const chains = entries.filter(([, value]) => isChain(value)).sort(byLikeness(server));
  const keys = entries.filter(([, value]) => value.kind === 'private-key');
  for (const [certKey, chain] of chains) {
    const own = chain.certificates[0]?.publicKey;
    const match = keys.find(([, { privateKey }]) => {
      const publicKey = privateKey?.publicKey;
      return own !== undefined && publicKey !== undefined && samePublicKey(own, publicKey);
    });
    if (match) return { certKey, keyKey: match[0] };
  }
  const [chain] = chains;
  const [key] = keys;
  return chain && key && keys.length === 1 ? { certKey: chain[0], keyKey: key[0] } : undefined;
}
