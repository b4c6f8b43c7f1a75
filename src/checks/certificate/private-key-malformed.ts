import type { Evidence } from '../../facts/evidence.ts';
import { keyPairs, type KeyPair } from '../../facts/key-pairs.ts';
import { fatalProblems } from '../../facts/pair-problems.ts';
import { pemProblemTexts } from '../../facts/pem-problem-texts.ts';
import type { PemProblem } from '../../model/certificate.ts';
import { refusedKey } from '../../x509/envoy-accepts.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { credentialRefused } from '../symptoms.ts';
import { unseen } from './chain-fault.ts';
import { replaceValues } from './pair-remedies.ts';
import { toldByRefusal } from './refusal-cause.ts';
import { refusedPair } from './refused-pair.ts';

const remedy = 'put the private key into the Secret as PEM, encoded once; no restart is needed';

/** How to come to a PEM key from what lies there. */
const ways: Readonly<Partial<Record<PemProblem, string>>> = {
  'base64-twice': 'decode the value once more, or put the text under stringData, where nothing is encoded by hand',
  der: 'convert it: openssl pkey -inform DER -in KEY.der -out KEY.pem',
  pkcs12: 'take the key out of it: openssl pkcs12 -in FILE.p12 -nocerts -nodes -out KEY.pem',
  'utf-16': 'write the file anew as ASCII: iconv -f UTF-16 -t ASCII KEY.txt > KEY.pem',
};

const problemsOf = ({ privateKey }: KeyPair): readonly PemProblem[] =>
  fatalProblems(privateKey).filter((problem) => problem !== 'encrypted' && problem !== 'empty');

function faultOf(evidence: Evidence, pair: KeyPair, problems: readonly PemProblem[]): Fault {
  const { keySecret, keyKey, privateKey, chain } = pair;
  const swapped = privateKey.certificates.length > 0 && chain.privateKey !== undefined;
  const texts = problems.map((problem) => pemProblemTexts[problem]);
  const what = swapped
    ? `${keyKey} holds a certificate, and the private key lies under ${pair.certKey}: the two are swapped.`
    : privateKey.certificates.length > 0
      ? `${keyKey} holds a certificate where the private key belongs.`
      : `${keyKey} ${texts.join(', and ')}.`;
  const way = problems.flatMap((problem) => ways[problem] ?? [])[0];
  return refusedPair(evidence, pair, {
    secret: keySecret,
    key: keyKey,
    title: `Secret ${keySecret.namespace}/${keySecret.name} ${keyKey} is no private key that Envoy can read`,
    what,
    detail: `${privateKey.bytes} bytes; ${problems.join(', ')}`,
    reasons: ['unreadable-key', 'key-without-cause'],
    fix: replaceValues(evidence, keySecret, {
      summary: way === undefined ? remedy : `${remedy}: ${way}`,
      values: { [keyKey]: '<BASE64_OF_KEY.pem>' },
    }),
    misleading: ['istiod sends the value as it is; only Envoy tries to read it.'],
  });
}

/** A key of a type that Envoy does not have is not malformed: that is `cert-algorithm-unsupported`. */
function isOfUnsupportedType({ chain, privateKey }: KeyPair): boolean {
  const leaf = chain.certificates[0];
  return (
    leaf !== undefined &&
    fatalProblems(privateKey).every((problem) => problem === 'unreadable-key') &&
    refusedKey(leaf.publicKey) !== undefined
  );
}

/** The key is not PEM, or not a key. */
export const privateKeyMalformed: Check = {
  name: 'private-key-malformed',
  title: 'Every private key is PEM that Envoy can read',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'gateway-log', 'istiod-log', 'config-dump', 'resource'],
  explains: credentialRefused,
  *inspect(evidence): Iterable<Judgement> {
    for (const pair of keyPairs(evidence)) {
      const problems = problemsOf(pair);
      if (problems.length > 0 && !isOfUnsupportedType(pair)) yield faultOf(evidence, pair, problems);
    }
    yield* toldByRefusal(evidence, 'private-key-malformed', remedy);
    yield* unseen(evidence, 'whether the private key can be read');
  },
};
