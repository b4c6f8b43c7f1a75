import { observed } from '../../facts/credential-trail.ts';
import { credentialUses } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { ServedCertificate } from '../../facts/served-certificates.ts';
import { shadowedPair } from '../../facts/shadowed-pairs.ts';
import { outrunSecrets, staleCredentials, type StaleCredential } from '../../facts/stale-credentials.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import type { Command, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { groupedBySecret, rulesOf } from './consequences.ts';
import { distinctObservations } from './distinct-observations.ts';
import { outrunFault, shadowedFault } from './older-secret-fault.ts';
import { touchSecret, untouchSecret } from './secret-commands.ts';
import { before } from '../../istio/release.ts';

const dates = ({ serialNumber, notBefore, notAfter }: Certificate): string =>
  `serial number ${serialNumber}, from ${notBefore} until ${notAfter}`;

const observedServed = ({ leaf, from, ref }: ServedCertificate): Observation => ({
  source: from,
  ref,
  detail: `${from === 'probe' ? 'shown' : 'held'}: ${dates(leaf)}`,
});

const podsOf = (stale: readonly StaleCredential[]): readonly string[] => [
  ...new Set(stale.flatMap(({ served }) => served.flatMap(({ pod }) => pod ?? []))),
];

/** Up to 1.7 an agent keeps what it has; later any update of the Secret makes istiod send it again. */
function fixCommands(evidence: Evidence, first: StaleCredential, pods: readonly string[]): Pick<Fault, 'fix'> {
  const { use, secret } = first;
  const owner = ownerOfNamespace(secret.namespace);
  const isAgent = before(rulesOf(evidence, use), 1, 8);
  const restart: readonly Command[] =
    pods.length > 0
      ? pods.map((pod) => kubectl(use.workload?.namespace ?? '', 'delete', 'pod', pod.split('/')[1] ?? pod))
      : [
          kubectl(
            use.workload?.namespace ?? '',
            'rollout',
            'restart',
            `${use.workload?.ref.kind.toLowerCase() ?? 'deployment'}/${use.workload?.name ?? '<GATEWAY>'}`,
          ),
        ];
  if (isAgent) {
    return {
      fix: {
        summary: 'restart the pods, so that they read the Secret anew',
        owner,
        commands: restart,
        undo: [],
        doNot: [],
      },
    };
  }
  return {
    fix: {
      summary:
        'touch the Secret, so that istiod sends it again; a pod that does not take it has lost istiod and must be restarted',
      owner,
      commands: [touchSecret(secret, evidence.now), ...restart],
      undo: [untouchSecret(secret)],
      doNot: [],
    },
  };
}

function staleFault(evidence: Evidence, stale: readonly [StaleCredential, ...StaleCredential[]]): Fault {
  const [first] = stale;
  const { secret, leaf, line, use } = first;
  const place = `${secret.namespace}/${secret.name}`;
  const pods = podsOf(stale);
  const all = use.workload?.pods.length ?? 0;
  const served = stale.flatMap((one) => one.served);
  const expired = served.some((one) => Date.parse(one.leaf.notAfter) <= +evidence.now);
  const who = pods.length > 0 && pods.length < all ? `${pods.length} of ${all} pods serve` : 'the gateway serves';
  const servers = [...new Map(stale.map((one) => [one.use.server.key, one.use.server])).values()];
  const hidden = served.length > 0 && served.every(({ from, pod }) => from === 'probe' && pod === undefined);
  return {
    subject: subjectOf(secret),
    title:
      served.length > 0
        ? `Secret ${place} holds a newer certificate than ${who}`
        : `A change of Secret ${place} was not handed to Envoy`,
    message: `What the Secret holds now has not reached clients${expired ? ', and what they are shown has ended' : ''}. New connections get the older certificate until the gateway receives the Secret again.`,
    evidence: distinctObservations([
      { source: 'secret', ref: place, detail: dates(leaf) },
      ...served.map(observedServed),
      ...(line ? [observed(line)] : []),
    ]),
    affects: servers.map((server) => ({ server })),
    confidence: served.length === 0 ? 0.6 : hidden ? 0.6 : 0.85,
    severity: expired ? 'error' : 'warning',
    ...(pods.length > 0 && pods.length < all && { pods }),
    related: servers.map((server) => subjectOf(server.owner, server.path)),
    ...fixCommands(evidence, first, pods),
    confirm: confirmHost(servers[0]?.hosts[0]?.host),
    misleading: [
      'Connections that are open keep the certificate they began with: only a new one tells what is served.',
    ],
    ...(hidden && {
      decidedBy: `istioctl proxy-config secret ${use.workload?.pods[0]?.name ?? '<POD>'}.${use.workload?.namespace ?? '<NAMESPACE>'}`,
    }),
    ruledOut: [`${named(servers[0]?.owner ?? secret)} names this Secret, in the namespace where it is looked up`],
  };
}

/** What is served, or what the gateway's Secret holds, is older than the certificate that was issued since. */
export const secretRotationStale: Check = {
  name: 'secret-rotation-stale',
  title: 'Every gateway serves the certificate that its Secret holds now',
  group: 'credential',
  kind: 'cause',
  severity: 'warning',
  step: 'server-certificate',
  reads: ['secret', 'config-dump', 'probe', 'gateway-log', 'resource'],
  explains: [...certificateNotAccepted, { check: 'cert-expired', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    const bySecret = Map.groupBy(staleCredentials(evidence), ({ secret }) => `${secret.namespace}/${secret.name}`);
    for (const [first, ...others] of bySecret.values()) if (first) yield staleFault(evidence, [first, ...others]);
    const outrun = Map.groupBy(outrunSecrets(evidence), ({ secret }) => `${secret.namespace}/${secret.name}`);
    for (const [place, [first, ...others]] of outrun) {
      if (first && !bySecret.has(place)) yield outrunFault([first, ...others]);
    }
    for (const uses of groupedBySecret(credentialUses(evidence))) {
      const shadowed = shadowedPair(uses[0]);
      if (shadowed) yield shadowedFault(uses, shadowed);
    }
  },
};
