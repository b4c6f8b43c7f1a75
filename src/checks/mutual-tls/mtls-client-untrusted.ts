import { type ClientRefusal } from '../../facts/client-refusals.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { untrustedClients } from '../../facts/untrusted-clients.ts';
import { named } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused } from '../symptoms.ts';
import { atTheClient, byClient, clientFault, confidenceOf } from './client-fault.ts';
import { toldBySigns } from './sign-fault.ts';

function faultOf(evidence: Evidence, refusals: readonly [ClientRefusal, ...ClientRefusal[]], isGuess: boolean): Fault {
  const [first] = refusals;
  const { attempt, trust, verdict } = first;
  const { client, chain } = attempt;
  const leaf = chain[0];
  const issuer = chain.at(-1)?.issuer;
  const isOwn = leaf?.selfIssued === true;
  const anchors = (trust.anchors ?? []).slice(0, 3).map(({ subject }) => subject);
  const whose = isOwn ? 'which signed itself' : `which is of ${issuer ?? 'a CA that the gateway does not know'}`;
  const code = verdict && 'code' in verdict ? ` (${verdict.code})` : '';
  return clientFault(evidence, refusals, {
    title: `The certificate of client ${client} is of no CA that the gateway trusts for clients`,
    what: `Client ${client} presents a certificate ${whose}; the gateway trusts ${anchors.join(', ') || 'other CAs'} for clients${code}.`,
    confidence: isGuess ? 0.6 : confidenceOf(first),
    fix: {
      ...atTheClient(
        `the client presents a certificate of ${anchors[0] ?? 'a CA that the gateway trusts'}, with its intermediates behind it`,
      ),
      doNot: [
        `add ${issuer ?? 'the client’s CA'} to ${named(trust.subject)} unless all that it signs are to be let in`,
        'set mode SIMPLE or OPTIONAL_MUTUAL to let it in: that admits clients without a certificate',
      ],
    },
    misleading: ['unknown_ca is the gateway’s word on the client’s certificate, not the client’s on the gateway’s.'],
    ...(isGuess && {
      decidedBy: 'a handshake by a client that should be let in: if none is, the CA of the gateway is the wrong one',
    }),
  });
}

/** A client whose certificate leads to no CA of the gateway, while that CA is right for others. */
export const mtlsClientUntrusted: Check = {
  name: 'mtls-client-untrusted',
  title: 'Clients present certificates of a CA that the gateway trusts',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'warning',
  step: 'client-certificate',
  reads: ['probe', 'secret', 'config-dump', 'resource', 'gateway-log', 'envoy-stats'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const own = untrustedClients(evidence).filter(({ fault }) => fault === 'client');
    const guesses = new Set(own.filter(({ confidence }) => confidence < 0.7).map(({ refusal }) => refusal));
    for (const refusals of byClient(own.map(({ refusal }) => refusal))) {
      yield faultOf(
        evidence,
        refusals,
        refusals.every((refusal) => guesses.has(refusal)),
      );
    }
    yield* toldBySigns(evidence, ['untrusted'], {
      says: 'a client’s certificate leads to no CA that the gateway trusts',
      summary: 'the client in question presents a certificate of a trusted CA, with its intermediates',
    });
  },
};
