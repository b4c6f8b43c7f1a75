import { absenceOf, cameTooLate, type Absence } from '../../facts/absence.ts';
import { credentialTrail } from '../../facts/credential-trail.ts';
import { credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import { deliveryOf, isDelivered } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { fallbackFor } from '../../facts/fallback-secret.ts';
import { issuancesNamed } from '../../facts/issuance.ts';
import { misplacedTwin, twinsOf } from '../../facts/twins.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { affectedBy, consequenceOf, groupedBySecret, isLatent, reachOf, readerOf, type Uses } from './consequences.ts';
import { distinctObservations } from './distinct-observations.ts';
import { lateSecretFault } from './late-secret-fault.ts';
import { looseFaults, type LooseMeaning } from './loose-faults.ts';
import { missingSecretFix, namesNearby } from './missing-secret-fix.ts';
import { otherPairOf } from './other-pair.ts';
import { createPair } from './secret-commands.ts';
import { unreadSecret } from './unread-secret.ts';

/** What clients get in the place of a certificate that is nowhere. */
function effectOf(evidence: Evidence, uses: Uses): string {
  const [first] = uses;
  const fallback = fallbackFor(evidence, first);
  if (fallback) return `Clients are shown the certificate of Secret ${fallback.name} in its place.`;
  const other = otherPairOf(evidence, first);
  if (other) return other.effect;
  if (!isLatent(evidence, uses)) return consequenceOf(evidence, first);
  return 'Envoy still serves what it received before; after its next restart every handshake of these hosts fails.';
}

function reach(evidence: Evidence, uses: Uses): Pick<Fault, 'severity' | 'pods'> {
  const mild = uses.every(
    (use) => otherPairOf(evidence, use)?.serves === true || fallbackFor(evidence, use)?.fits === true,
  );
  return mild ? { severity: 'warning' } : reachOf(evidence, uses);
}

/** Certificates and their like that write a Secret of this name, into another namespace. */
function writersElsewhere(evidence: Evidence, { namespace, name }: CredentialUse): readonly Observation[] {
  return issuancesNamed(evidence, name)
    .filter(({ certificate }) => certificate.namespace !== namespace)
    .map(({ certificate }) => ({
      source: 'resource',
      ref: named(certificate),
      detail: `writes Secret ${certificate.namespace}/${name}, where this gateway does not look`,
    }));
}

function observations(evidence: Evidence, use: CredentialUse, absence: Absence): readonly Observation[] {
  const near = namesNearby(evidence, use);
  const others = twinsOf(evidence, use).filter(({ fits }) => fits === false);
  return distinctObservations([
    ...absence.observations.map((one) =>
      one.detail === 'NotFound' && near.length > 0 ? { ...one, detail: `NotFound; there is ${near.join(', ')}` } : one,
    ),
    ...others.map(({ namespace, name }): Observation => ({
      source: 'secret',
      ref: `${namespace}/${name}`,
      detail: 'has this name, and a certificate for other hosts',
    })),
    ...(fallbackFor(evidence, use)?.observations ?? []),
    ...writersElsewhere(evidence, use),
    ...credentialTrail(evidence, use),
  ]);
}

function faultOf(evidence: Evidence, uses: Uses, absence: Absence): Fault {
  const [first] = uses;
  const { server, namespace, name, written } = first;
  const owners = [...new Map(uses.map((use) => [named(use.server.owner), use.server.owner])).values()];
  const where = namespace === '' ? 'any namespace' : `namespace ${namespace}`;
  const memory = uses.every((use) => isDelivered(deliveryOf(evidence, use)));
  return {
    subject: subjectOf(server.owner, first.path),
    title: `${named(server.owner)} ${first.path} names ${written}, and there is no such Secret in ${where}`,
    message: `${readerOf(evidence, first)} looks for Secret ${name} in ${where} and finds none. ${effectOf(evidence, uses)}`,
    evidence: observations(evidence, first, absence),
    affects: affectedBy(evidence, uses),
    confidence: absence.confidence,
    ...reach(evidence, uses),
    related: owners.slice(1).map((owner) => subjectOf(owner)),
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: missingSecretFix(evidence, uses),
    confirm: confirmHost(server.hosts[0]?.host),
    misleading: memory ? ['Clients notice nothing yet: a deleted Secret is not withdrawn from Envoy.'] : [],
    ...(absence.decidedBy !== undefined && { decidedBy: absence.decidedBy }),
  };
}

/** Where nothing but logs is at hand. */
const toldByLogs: LooseMeaning = {
  kinds: ['secret-not-found'],
  confidence: 0.6,
  title: (place) => `A gateway asks for Secret ${place}, and nobody finds it there`,
  message:
    'Whoever hands credentials to the gateway found no such Secret beside its pods: handshakes of its hosts fail.',
  summary: 'create the Secret beside the gateway’s pods, or have its Gateway name another one',
  command: (namespace, name) => createPair({ namespace, name }),
};

/** No Secret of the name that a server asks for, anywhere. Found elsewhere, it is `secret-wrong-namespace`. */
export const secretMissing: Check = {
  name: 'secret-missing',
  title: 'Every Secret that a gateway asks for exists',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'resource', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: credentialNotGiven,
  *inspect(evidence): Iterable<Judgement> {
    yield* looseFaults(evidence, toldByLogs);
    const asked = credentialUses(evidence).filter(({ role, denied }) => role === 'pair' && denied === undefined);
    for (const uses of groupedBySecret(asked)) {
      const [first] = uses;
      const absence = absenceOf(evidence, first);
      const late = cameTooLate(evidence, first);
      if (absence && !uses.some((use) => misplacedTwin(evidence, use))) yield faultOf(evidence, uses, absence);
      if (late) yield lateSecretFault(evidence, uses, late);
      if (!absence) yield* unreadSecret(evidence, uses, `whether Secret ${first.namespace}/${first.name} exists`);
    }
  },
};
