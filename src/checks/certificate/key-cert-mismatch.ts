import type { Evidence } from '../../facts/evidence.ts';
import { keyPairs, type KeyPair } from '../../facts/key-pairs.ts';
import { placeOfPairKey } from '../../facts/pair-problems.ts';
import { certificateText } from '../../facts/served-chains.ts';
import type { Secret } from '../../model/secret.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { credentialRefused } from '../symptoms.ts';
import { unseen } from './chain-fault.ts';
import { newPair, replaceValues } from './pair-remedies.ts';
import { toldByRefusal } from './refusal-cause.ts';
import { refusedPair } from './refused-pair.ts';

const remedy = 'put a chain and the key that its request was made with into the Secret; no restart is needed';

/** Secrets of the evidence whose key is that of a certificate. */
function keysFor(evidence: Evidence, sha256: string): readonly string[] {
  const holds = ({ values }: Secret): boolean =>
    Object.values(values).some(({ privateKey }) => privateKey?.publicKey?.sha256 === sha256);
  return evidence.snapshot.secrets.filter(holds).map(({ namespace, name }) => `${namespace}/${name}`);
}

const shortHash = (sha256: string | undefined): string => sha256?.slice(0, 16) ?? '?';

function faultOf(evidence: Evidence, pair: KeyPair): Fault {
  const { secret, certKey, keyKey, chain, privateKey } = pair;
  const [first] = chain.certificates;
  const key = privateKey.privateKey?.publicKey;
  const elsewhere = first ? keysFor(evidence, first.publicKey.sha256) : [];
  // a chain that lost its leaf begins with the certificate that issued it
  const leafLost = first?.isCa === true;
  const place = `Secret ${secret.namespace}/${secret.name}`;
  const what = leafLost
    ? `${certKey} begins with a CA’s certificate (${first.subject}) and none of its certificates is the key’s: the leaf is missing.`
    : `The key under ${keyKey} is not that of the certificate under ${certKey}: the two come from different requests.`;
  const hint = elsewhere.length > 0 ? ` The key of this certificate is in Secret ${elsewhere.join(', ')}.` : '';
  return refusedPair(evidence, pair, {
    secret,
    key: certKey,
    title: leafLost
      ? `${place} ${certKey} lacks the leaf that ${keyKey} belongs to`
      : `${place} ${keyKey} is not the key of the certificate in ${certKey}`,
    what: `${what}${hint}`,
    detail: `${first ? certificateText(first) : 'no certificate'}; public key sha256 ${shortHash(first?.publicKey.sha256)}…, that of ${keyKey} ${shortHash(key?.sha256)}…`,
    reasons: ['key-of-another-certificate', 'key-of-another-type', 'key-without-cause'],
    fix: replaceValues(evidence, pair.secret, {
      summary: remedy,
      values: newPair(certKey, keyKey),
      doNot: ['replace one half alone: certificate and key are renewed together, or with the old key on purpose'],
    }),
    ruledOut: chain.certificates.length > 1 ? ['order of the chain: the key fits none of its certificates'] : [],
    misleading: ['istiod compares nothing and sends the pair; istioctl proxy-config secret shows it as ACTIVE.'],
  });
}

/** The key is not that of any certificate of the chain. Where it is that of a later one, it is `cert-chain-order`. */
export const keyCertMismatch: Check = {
  name: 'key-cert-mismatch',
  title: 'The private key belongs to the certificate beside it',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'gateway-log', 'istiod-log', 'config-dump', 'resource'],
  explains: credentialRefused,
  *inspect(evidence): Iterable<Judgement> {
    for (const pair of keyPairs(evidence)) {
      if (placeOfPairKey(pair) === -1) yield faultOf(evidence, pair);
    }
    yield* toldByRefusal(evidence, 'key-cert-mismatch', remedy);
    yield* unseen(evidence, 'whether key and certificate belong together');
  },
};
