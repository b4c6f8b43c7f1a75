import { envoyMinor } from '../istio/release.ts';
import type { Certificate, PemProblem } from '../model/certificate.ts';
import type { SecretValue } from '../model/secret.ts';
import { placeOfKey } from '../x509/chain.ts';
import { refusedByEnvoy } from '../x509/envoy-accepts.ts';
import { isFatal } from '../x509/pem-problems.ts';
import type { Evidence } from './evidence.ts';
import type { KeyPair, PairUse } from './key-pairs.ts';
import { envoysOf } from './proxies.ts';
import type { RefusalReason } from './refusal-reason.ts';
import type { Workload } from './workloads.ts';

/** The problems for which Envoy takes nothing of a value. */
export const fatalProblems = ({ pemProblems }: SecretValue): readonly PemProblem[] => pemProblems.filter(isFatal);

/**
 * The place in the chain of the certificate that the key belongs to: 0 as it should be, -1 for none of them; undefined
 * where either half cannot be read, so that nothing can be compared.
 */
export function placeOfPairKey({ chain, privateKey }: KeyPair): number | undefined {
  const publicKey = privateKey.privateKey?.publicKey;
  if (!publicKey || chain.certificates.length === 0 || fatalProblems(chain).length > 0) return undefined;
  return placeOfKey(chain.certificates, publicKey);
}

/** The release of the Envoy that a workload runs, as it says itself, else as its Istio ships it. */
export function envoyRelease(evidence: Evidence, workload: Workload | undefined): string | undefined {
  if (!workload) return undefined;
  const told = envoysOf(evidence, workload).find(({ node }) => node?.envoyVersion !== undefined)?.node?.envoyVersion;
  if (told !== undefined) return told;
  return workload.release && `1.${envoyMinor(workload.release)}`;
}

const hasStaple = ({ secret, certKey }: KeyPair): boolean =>
  certKey === 'tls.crt' && (secret.values['tls.ocsp-staple']?.bytes ?? 0) > 0;

/** Why the Envoy of a use refuses the leaf, which is well-formed; undefined when it takes it. */
export function refusedLeaf(evidence: Evidence, pair: KeyPair, { workload }: PairUse): string | undefined {
  const [leaf] = pair.chain.certificates;
  if (!leaf || fatalProblems(pair.chain).length > 0) return undefined;
  return refusedByEnvoy(leaf, envoyRelease(evidence, workload), hasStaple(pair));
}

/** The words for which Envoy would refuse a pair; empty when it takes it. */
export function expectedRefusals(evidence: Evidence, pair: KeyPair): readonly RefusalReason[] {
  const reasons: RefusalReason[] = [];
  if (fatalProblems(pair.chain).length > 0) reasons.push('certificate-chain');
  if (pair.uses.some((use) => refusedLeaf(evidence, pair, use) !== undefined)) {
    reasons.push('certificate-algorithm', 'certificate-chain', 'nameless-certificate', 'unreadable-key', 'staple');
  }
  const key = fatalProblems(pair.privateKey);
  if (key.includes('encrypted')) reasons.push('encrypted-key', 'key-without-cause');
  else if (key.length > 0) reasons.push('unreadable-key', 'key-without-cause');
  const place = placeOfPairKey(pair);
  if (place !== undefined && place !== 0) {
    reasons.push('key-of-another-certificate', 'key-of-another-type', 'key-without-cause');
  }
  return reasons;
}

/** The leaf of a pair: the certificate of its key, else the first. */
export function leafOf(pair: KeyPair): Certificate | undefined {
  const place = placeOfPairKey(pair);
  return pair.chain.certificates[place === undefined || place < 0 ? 0 : place];
}
