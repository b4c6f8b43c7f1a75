import type { Evidence } from '../../facts/evidence.ts';
import { keyPairs, type KeyPair } from '../../facts/key-pairs.ts';
import { fatalProblems } from '../../facts/pair-problems.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { credentialRefused } from '../symptoms.ts';
import { unseen } from './chain-fault.ts';
import { replaceValues } from './pair-remedies.ts';
import { toldByRefusal } from './refusal-cause.ts';
import { refusedPair } from './refused-pair.ts';

const remedy =
  'decrypt the key (openssl pkey -in KEY.pem -out PLAIN.pem) and put the plain one into the Secret; no restart is needed';

function faultOf(evidence: Evidence, pair: KeyPair): Fault {
  const { keySecret, keyKey, privateKey } = pair;
  const label = privateKey.privateKey?.label;
  return refusedPair(evidence, pair, {
    secret: keySecret,
    key: keyKey,
    title: `Secret ${keySecret.namespace}/${keySecret.name} ${keyKey} is an encrypted private key`,
    what: `The key under ${keyKey} is protected by a passphrase, and Istio has no place to give one.`,
    detail: `${label === undefined ? 'a PEM block' : `-----BEGIN ${label}-----`}, encrypted`,
    reasons: ['encrypted-key', 'key-without-cause'],
    fix: replaceValues(evidence, keySecret, {
      summary: remedy,
      values: { [keyKey]: '<BASE64_OF_PLAIN_KEY.pem>' },
      doNot: ['store the passphrase beside the key: nothing reads it there'],
    }),
    misleading: ['The certificate itself is good, and istiod sends the pair without a word.'],
  });
}

/** The key is encrypted, in PKCS#8 or in the traditional form of OpenSSL. */
export const privateKeyEncrypted: Check = {
  name: 'private-key-encrypted',
  title: 'No private key needs a passphrase',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'gateway-log', 'istiod-log', 'config-dump', 'resource'],
  explains: credentialRefused,
  *inspect(evidence): Iterable<Judgement> {
    for (const pair of keyPairs(evidence)) {
      if (fatalProblems(pair.privateKey).includes('encrypted')) yield faultOf(evidence, pair);
    }
    yield* toldByRefusal(evidence, 'private-key-encrypted', remedy);
    yield* unseen(evidence, 'whether the private key is encrypted');
  },
};
