import type { Evidence } from '../../facts/evidence.ts';
import { keyPairs, serversUsing, type KeyPair } from '../../facts/key-pairs.ts';
import { placeOfPairKey } from '../../facts/pair-problems.ts';
import { servedChains, type ServedChain } from '../../facts/served-chains.ts';
import { orderChain } from '../../x509/chain.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { credentialRefused } from '../symptoms.ts';
import { affectedBy, confidenceBySource, confirmServers } from './chain-fault.ts';
import { replaceValues } from './pair-remedies.ts';
import { toldByRefusal } from './refusal-cause.ts';
import { refusedPair } from './refused-pair.ts';

const remedy = 'write the chain anew with the leaf first, then each certificate’s issuer; no restart is needed';

function leafLater(evidence: Evidence, pair: KeyPair, place: number): Fault {
  const { secret, certKey, keyKey, chain } = pair;
  const [first] = chain.certificates;
  const leaf = chain.certificates[place];
  return refusedPair(evidence, pair, {
    secret,
    key: certKey,
    title: `Secret ${secret.namespace}/${secret.name} ${certKey} does not begin with the leaf, which stands in place ${place + 1}`,
    what: `${certKey} begins with ${first?.subject ?? '?'}, and the key belongs to certificate ${place + 1}, ${leaf?.subject ?? '?'}. Envoy takes the first certificate for the key’s.`,
    detail: chain.certificates.map(({ subject }, index) => `${index + 1} ${subject}`).join('; '),
    reasons: ['key-of-another-certificate', 'key-of-another-type', 'key-without-cause'],
    fix: replaceValues(evidence, secret, {
      summary: remedy,
      values: { [certKey]: '<BASE64_OF_LEAF_THEN_INTERMEDIATES.pem>' },
      doNot: ['issue a new certificate: this one and its key are good, only the order is wrong'],
    }),
    ruledOut: [`${keyKey} is the key of a certificate in the chain`],
    misleading: ['Envoy says KEY_VALUES_MISMATCH, as if the key were a wrong one.'],
  });
}

/** Clients of today put intermediates in order; some older ones do not. */
function outOfOrder(evidence: Evidence, served: ServedChain): Fault | undefined {
  const { pair, uses, from, subject } = served;
  const certificates = pair?.chain.certificates ?? served.certificates;
  const order = orderChain(certificates);
  if (!order?.leafFirst || order.chain.length < 3 || order.inOrder) return undefined;
  const place = `${subject.kind} ${subject.namespace}/${subject.name}`;
  return {
    subject,
    title: `${place} has its intermediates out of order`,
    message: `${place}: behind the leaf, the certificates do not follow each other. Browsers, OpenSSL and Go put them in order themselves; some older clients (Java 6, embedded ones) give up.`,
    evidence: [
      {
        source: from,
        ref: `${subject.namespace}/${subject.name}`,
        detail: certificates.map(({ subject: name }, index) => `${index + 1} ${name}`).join('; '),
      },
    ],
    affects: affectedBy(uses),
    confidence: confidenceBySource[from],
    severity: 'info',
    step: 'server-certificate',
    clients: 'clients that do not sort a chain',
    fix: replaceValues(evidence, subject, {
      summary: remedy,
      values: { [pair?.certKey ?? 'tls.crt']: '<BASE64_OF_LEAF_THEN_INTERMEDIATES.pem>' },
    }),
    confirm: confirmServers(serversUsing(uses)),
  };
}

/** The leaf is in the chain, and not in the first place, where Envoy looks for it. */
export const certChainOrder: Check = {
  name: 'cert-chain-order',
  title: 'Every certificate chain begins with its leaf',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'gateway-log', 'istiod-log', 'config-dump', 'resource', 'probe'],
  explains: credentialRefused,
  *inspect(evidence): Iterable<Judgement> {
    for (const pair of keyPairs(evidence)) {
      const place = placeOfPairKey(pair);
      if (place !== undefined && place > 0) yield leafLater(evidence, pair, place);
    }
    for (const served of servedChains(evidence)) {
      const fault = served.refused ? undefined : outOfOrder(evidence, served);
      if (fault) yield fault;
    }
    yield* toldByRefusal(evidence, 'cert-chain-order', remedy);
  },
};
