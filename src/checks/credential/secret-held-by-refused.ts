import type { CredentialUse } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { heldBack, type HeldBack } from '../../facts/held-back.ts';
import { credentialUses } from '../../facts/credentials.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { ObjectRef } from '../../model/resource.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';
import { credentialNeverCame } from '../symptoms.ts';
import { touchSecret, untouchSecret } from './secret-commands.ts';

const secretOf = ({ namespace, name }: CredentialUse): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace,
  name,
});

const distinct = (uses: readonly CredentialUse[]): readonly CredentialUse[] => [
  ...new Map(uses.map((use) => [`${use.namespace}/${use.name}`, use])).values(),
];

/** Without a name in Envoy's lines, any Secret that the workload asks for may be the refused one. */
function suspects(evidence: Evidence, { workload, culprits }: HeldBack): readonly ObjectRef[] {
  const uses = culprits.length > 0 ? culprits : credentialUses(evidence).filter((use) => use.workload === workload);
  return distinct(uses).map(secretOf);
}

const mostTouched = 10;

function faultOf(evidence: Evidence, held: HeldBack): Fault {
  const { workload, victims, culprits, observations, pods, seen } = held;
  const secrets = distinct(victims);
  const [first] = secrets;
  const names = secrets.slice(0, 3).map(({ namespace, name }) => `${namespace}/${name}`);
  const more = secrets.length > names.length ? ` and ${secrets.length - names.length} others` : '';
  const blamed = distinct(culprits).map(({ namespace, name }) => `${namespace}/${name}`);
  const refused = blamed.length === 0 ? 'another Secret' : `Secret ${blamed.join(', ')}`;
  const subject = first && 'secret' in first.state ? first.state.secret : secretOf(first ?? victims[0]);
  const touched = secrets.slice(0, mostTouched);
  return {
    subject: subjectOf(subject),
    title: `Secret ${names.join(', ')}${more} is good, and Envoy never took it: it refused ${refused} of the same answer`,
    message: `Envoy stops at a secret that it refuses, and what stands behind it in the answer of istiod does not arrive: handshakes of these hosts are reset. Mending the refused one does not bring the others.`,
    evidence: observations,
    affects: victims.map(({ server }) => ({ server })),
    confidence: seen ? 0.85 : 0.55,
    ...(pods.length > 0 && pods.length < workload.pods.length && { pods }),
    related: [...secrets.slice(1).map(secretOf), ...distinct(culprits).map(secretOf)],
    touches: [...secrets.map(secretOf), ...suspects(evidence, held)],
    fix: {
      summary: 'first mend the Secret that Envoy refused; then touch each of these, and istiod sends it again',
      owner: ownerOfNamespace(first?.namespace ?? workload.namespace),
      commands:
        secrets.length <= mostTouched
          ? touched.map((use) => touchSecret(use, evidence.now))
          : [
              kubectl(
                workload.namespace,
                'rollout',
                'restart',
                `${workload.ref.kind.toLowerCase()}/${workload.ref.name}`,
              ),
            ],
      undo: secrets.length <= mostTouched ? touched.map(untouchSecret) : [],
      doNot: ['restart the pods while the bad Secret is there: which of the good ones arrive is chance'],
    },
    confirm: confirmHost(victims[0].server.hosts[0]?.host),
    misleading: ['These hosts have no line of their own in any log, and nothing is wrong with their Secrets.'],
    ...(!seen && {
      decidedBy: `istioctl proxy-config secret ${workload.pods[0]?.name ?? '<POD>'}.${workload.namespace}`,
    }),
  };
}

/** A good Secret never arrives, because Envoy refused another one of the same answer. */
export const secretHeldByRefused: Check = {
  name: 'secret-held-by-refused',
  title: 'No good Secret is held back by one that Envoy refused',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['config-dump', 'secret', 'istiod-log', 'gateway-log'],
  explains: credentialNeverCame,
  *inspect(evidence): Iterable<Judgement> {
    for (const held of heldBack(evidence)) yield faultOf(evidence, held);
  },
};
