import { chainEnds, type ChainAtItsEnd } from '../../facts/chain-ends.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { isPresented } from '../../facts/served-chains.ts';
import { named } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { affectedBy, confirmServers, probeObservations, unseen } from './chain-fault.ts';
import { replaceValues } from './pair-remedies.ts';

/** How sure it is: the missing certificate is in the evidence, clients failed for it, its name says what it is. */
function confidenceOf({ state, failing }: ChainAtItsEnd): number {
  if (state.end !== 'missing') return 0;
  if (state.found) return 0.93;
  if (failing.length > 0) return state.sure ? 0.88 : 0.78;
  return 0.6;
}

function faultOf(evidence: Evidence, ended: ChainAtItsEnd): Fault | undefined {
  const { chain, path, state, failing } = ended;
  if (state.end !== 'missing') return undefined;
  const { subject, pair, uses, seen } = chain;
  const { issuer, found } = state;
  const top = path.links.at(-1) ?? chain.certificates[0];
  const servers = serversUsing(uses);
  const key = pair?.certKey ?? 'tls.crt';
  const known = found !== undefined || failing.length > 0;
  const urls = top.issuerUrls.length > 0 ? ` The certificate says where it can be had: ${top.issuerUrls[0]}.` : '';
  const inCaCrt = pair?.secret.values['ca.crt']?.certificates.some(
    ({ sha256 }) => sha256 === found?.certificate.sha256,
  );
  return {
    subject,
    title: `The chain in ${named(subject)} ends before ${issuer}, which signed it and is no root`,
    message: `${key} has ${path.links.length === 1 ? 'the leaf alone' : `${path.links.length} certificates`}, and the intermediate ${issuer} is not among them. Clients that do not know it from elsewhere cannot find the way to a root.`,
    evidence: [
      ...seen.slice(0, 2),
      ...(found
        ? [
            {
              ...(seen[0] ?? { source: 'secret' as const, ref: named(subject) }),
              detail: `${issuer} is an intermediate: it stands in ${found.place}, issued by ${found.certificate.issuer}`,
            },
          ]
        : []),
      ...probeObservations(failing),
    ],
    affects: affectedBy(uses),
    confidence: confidenceOf(ended),
    severity: isPresented(evidence, chain) === false ? 'warning' : 'error',
    clients: 'clients that do not fetch or remember intermediates: curl, Go, Python, Java; browsers often succeed',
    fix: replaceValues(evidence, subject, {
      summary: `put the intermediate behind the leaf under ${key}${found ? ` (a copy stands in ${found.place})` : ''}.${urls} No restart is needed`,
      values: { [key]: '<BASE64_OF_LEAF_AND_INTERMEDIATES.pem>' },
      doNot: [
        'put it under ca.crt or caCertificates: those are for verifying clients, and nothing of them is sent',
        'have clients trust the leaf or the intermediate instead',
      ],
    }),
    confirm: confirmServers(servers),
    misleading: [
      'A browser that met this intermediate on another site shows no error.',
      ...(inCaCrt === true ? ['ca.crt of the same Secret has the intermediate: it is not sent from there.'] : []),
    ],
    ...(!known && {
      decidedBy: `whether clients have ${issuer} as a root: openssl s_client -showcerts -connect HOST:443 -servername HOST`,
    }),
  };
}

/** The issuer of the last certificate that is sent is an intermediate, which clients need and do not get. */
export const certChainIncomplete: Check = {
  name: 'cert-chain-incomplete',
  title: 'Every chain reaches up to a root',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const ended of chainEnds(evidence)) {
      const fault = faultOf(evidence, ended);
      if (fault) yield fault;
    }
    yield* unseen(evidence, 'whether the chain is complete');
  },
};
