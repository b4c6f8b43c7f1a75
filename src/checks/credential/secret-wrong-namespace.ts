import { absenceOf, type Absence } from '../../facts/absence.ts';
import { credentialTrail } from '../../facts/credential-trail.ts';
import { credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { misplacedTwin, twinsOf, type Twin } from '../../facts/twins.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { affectedBy, consequenceOf, groupedBySecret, isLatent, reachOf, readerOf, type Uses } from './consequences.ts';
import { distinctObservations } from './distinct-observations.ts';
import { looseFaults, type LooseMeaning } from './loose-faults.ts';
import { otherPairOf } from './other-pair.ts';
import { copyFix, observedTwin, secretSubject } from './misplaced-secret.ts';
import { refusedReferenceFault } from './refused-reference.ts';
import { unreadSecret } from './unread-secret.ts';

/** Where the Secret belongs, as a reader of the object sees it. */
const whyThere: Readonly<Record<CredentialUse['server']['from'], string>> = {
  GatewayAPI: 'beside the Gateway',
  Ingress: 'beside the gateway’s pods, not beside the Ingress',
  Gateway: 'beside the gateway’s pods, wherever the Gateway itself is',
};

function misplacedFault(evidence: Evidence, uses: Uses, twin: Twin, absence: Absence): Fault {
  const [first] = uses;
  const { server, namespace, name } = first;
  const others = twinsOf(evidence, first).filter((one) => one.namespace !== twin.namespace && one.fits === true);
  const memory = isLatent(evidence, uses)
    ? 'Envoy still serves what it received before.'
    : consequenceOf(evidence, first);
  const effect = otherPairOf(evidence, first)?.effect ?? memory;
  const twinText = `Secret ${twin.namespace}/${twin.name}`;
  const mild = uses.every((use) => otherPairOf(evidence, use)?.serves === true);
  return {
    subject: secretSubject(twin),
    title: `${twinText} is for ${named(server.owner)}, and its gateway looks in namespace ${namespace}`,
    message: `${readerOf(evidence, first)} looks for Secret ${name} in namespace ${namespace}, ${whyThere[server.from]}, and finds none; ${twinText} does not count. ${effect}`,
    evidence: distinctObservations([
      ...absence.observations,
      ...[twin, ...others].map(observedTwin),
      ...credentialTrail(evidence, first),
    ]),
    affects: affectedBy(evidence, uses),
    confidence: twin.fits === true ? absence.confidence : Math.min(absence.confidence, 0.75),
    ...reachOf(evidence, uses),
    ...(mild && { severity: 'warning' }),
    related: [subjectOf(server.owner, first.path), ...others.map(secretSubject)],
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: copyFix(first, twin, namespace),
    confirm: confirmHost(server.hosts[0]?.host),
    ...(absence.decidedBy !== undefined && { decidedBy: absence.decidedBy }),
  };
}

const isRefused = ({ denied, server, role }: CredentialUse): boolean =>
  role === 'pair' && denied !== undefined && server.from !== 'GatewayAPI';

/** Where nothing but logs is at hand. The words are also those of any other reference that istiod could not verify. */
const toldByLogs: LooseMeaning = {
  kinds: ['secret-denied-reference'],
  confidence: 0.5,
  title: (place) =>
    `A gateway asks for Secret ${place.split('/')[1] ?? place} of another namespace, and may not have it`,
  message:
    'istiod gives a gateway none but the Secrets beside its pods, unless a Gateway of the Gateway API was granted others.',
  summary: 'put the Secret beside the gateway’s pods and name it without a namespace, or grant the reference',
};

/** The Secret exists, in a namespace in which nobody looks for it, or to which the gateway has no access. */
export const secretWrongNamespace: Check = {
  name: 'secret-wrong-namespace',
  title: 'Every Secret lies in the namespace where its gateway looks for it',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'resource', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: credentialNotGiven,
  *inspect(evidence): Iterable<Judgement> {
    yield* looseFaults(evidence, toldByLogs);
    const uses = credentialUses(evidence);
    const asked = uses.filter(({ role, denied }) => role === 'pair' && denied === undefined);
    for (const group of groupedBySecret(asked)) {
      const absence = absenceOf(evidence, group[0]);
      const [twin] = absence ? group.flatMap((use) => misplacedTwin(evidence, use) ?? []) : [];
      const [{ namespace, name }] = group;
      if (absence && twin) yield misplacedFault(evidence, group, twin, absence);
      if (!absence) yield* unreadSecret(evidence, group, `whether Secret ${name} lies in namespace ${namespace}`);
    }
    for (const group of groupedBySecret(uses.filter(isRefused))) yield refusedReferenceFault(evidence, group);
  },
};
