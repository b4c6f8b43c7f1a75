import type { Evidence } from '../../facts/evidence.ts';
import { keyPairs, type KeyPair, type PairUse } from '../../facts/key-pairs.ts';
import { envoyRelease, placeOfPairKey, refusedLeaf } from '../../facts/pair-problems.ts';
import { heldBy } from '../../facts/proxies.ts';
import { certificateText } from '../../facts/served-chains.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { credentialRefused } from '../symptoms.ts';
import { unseen } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';
import { toldByRefusal } from './refusal-cause.ts';
import { refusedPair } from './refused-pair.ts';

const remedy =
  'issue the certificate anew for an RSA key of 2048 bits or more, or for ECDSA P-256, and put both into the Secret';

/** Whether an Envoy is seen to serve with this very certificate: then it does not refuse it, whatever the rules say. */
function isTaken(evidence: Evidence, leaf: Certificate, { workload, sdsName }: PairUse): boolean {
  if (!workload) return false;
  return heldBy(evidence, workload, sdsName).some(
    ({ envoy, state, secret }) =>
      state === 'active' &&
      secret?.certificates[0]?.sha256 === leaf.sha256 &&
      envoy.loadedCertificates?.some(({ serialNumber }) => serialNumber === leaf.serialNumber) === true,
  );
}

interface Refused {
  readonly use: PairUse;
  readonly why: string;
}

function refusedBy(evidence: Evidence, pair: KeyPair): readonly Refused[] {
  const [leaf] = pair.chain.certificates;
  // a CA’s certificate in the first place is `cert-chain-order` where the leaf stands further down
  if (!leaf || (placeOfPairKey(pair) ?? 0) !== 0) return [];
  return pair.uses.flatMap((use) => {
    const why = refusedLeaf(evidence, pair, use);
    return why === undefined || isTaken(evidence, leaf, use) ? [] : [{ use, why }];
  });
}

function remedyFor(leaf: Certificate, why: string): string {
  if (leaf.mustStaple && why.includes('must-staple')) {
    return 'issue the certificate without must-staple, or keep a fresh OCSP response under tls.ocsp-staple';
  }
  if (leaf.keyUsage && why.includes('digitalSignature')) {
    return 'issue the leaf anew with the key usage digitalSignature; where this is a CA’s certificate, put the leaf in its place';
  }
  if (why.includes('common name') || why.includes('neither'))
    return 'issue the certificate anew with the hosts as names';
  return remedy;
}

function faultOf(evidence: Evidence, pair: KeyPair, refused: readonly [Refused, ...Refused[]]): Fault {
  const { secret, certKey, keyKey } = pair;
  const [leaf] = pair.chain.certificates;
  const [{ use, why }] = refused;
  const release = envoyRelease(evidence, use.workload);
  return refusedPair(
    evidence,
    { uses: refused.map((one) => one.use) },
    {
      secret,
      key: certKey,
      title: `Envoy cannot serve the certificate in Secret ${secret.namespace}/${secret.name} ${certKey}: ${why}`,
      what: `The certificate under ${certKey} is well-formed, and this Envoy${release === undefined ? '' : ` (${release})`} does not serve it: ${why}.`,
      detail: leaf ? certificateText(leaf) : 'no certificate',
      reasons: ['certificate-algorithm', 'certificate-chain', 'nameless-certificate', 'unreadable-key'],
      fix: replaceValues(evidence, secret, {
        summary: leaf ? remedyFor(leaf, why) : remedy,
        values: newPair(certKey, keyKey),
      }),
      misleading: ['Other servers and openssl take this certificate, and kubectl accepts the Secret.'],
    },
  );
}

/** A well-formed certificate that this release of Envoy does not serve: by its key, its usage or its (missing) names. */
export const certAlgorithmUnsupported: Check = {
  name: 'cert-algorithm-unsupported',
  title: 'Every certificate is of a kind that Envoy serves',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'gateway-log', 'istiod-log', 'config-dump', 'resource'],
  explains: credentialRefused,
  *inspect(evidence): Iterable<Judgement> {
    for (const pair of keyPairs(evidence)) {
      const [first, ...rest] = refusedBy(evidence, pair);
      if (first) yield faultOf(evidence, pair, [first, ...rest]);
    }
    yield* toldByRefusal(evidence, 'cert-algorithm-unsupported', remedy);
    yield* unseen(evidence, 'whether Envoy serves a certificate of that kind');
  },
};
