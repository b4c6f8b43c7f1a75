import { absenceOf, cameTooLate, type Absence } from '../../facts/absence.ts';
import { credentialTrail, observed } from '../../facts/credential-trail.ts';
import { credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import { deliveryOf, isDelivered } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { fallbackFor } from '../../facts/fallback-secret.ts';
import { issuancesNamed } from '../../facts/issuance.ts';
import { misplacedTwin, twinsOf } from '../../facts/twins.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { LogEvent } from '../../model/log-event.ts';
import type { Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { affectedBy, consequenceOf, groupedBySecret, isLatent, reachOf, readerOf, type Uses } from './consequences.ts';
import { distinctObservations } from './distinct-observations.ts';
import { missingSecretFix, namesNearby } from './missing-secret-fix.ts';
import { otherPairOf } from './other-pair.ts';

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

/** The Secret is there by now, and the agents of old did not hand it over. */
function lateFault(evidence: Evidence, uses: Uses, line: LogEvent): Fault {
  const [first] = uses;
  const { server, namespace, name, workload } = first;
  const target = workload?.ref;
  const restart = kubectl(
    namespace,
    'rollout',
    'restart',
    `${target?.kind.toLowerCase() ?? 'deployment'}/${target?.name ?? '<GATEWAY>'}`,
  );
  return {
    subject: subjectOf(server.owner, first.path),
    title: `Secret ${namespace}/${name} came after Envoy had asked for it, and Envoy still has none`,
    message: `The agent in the gateway’s pod found no Secret ${name} when ${named(server.owner)} asked for it. It is there now, and was not handed over. ${consequenceOf(evidence, first)}`,
    evidence: [observed(line), ...credentialTrail(evidence, first).filter(({ source }) => source === 'config-dump')],
    affects: affectedBy(evidence, uses),
    confidence: 0.6,
    ...reachOf(evidence, uses),
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: {
      summary: 'restart the gateway’s pods, and with such a release create a Secret before the Gateway that names it',
      owner: ownerOfNamespace(namespace),
      commands: [restart],
      undo: [],
      doNot: [],
    },
    confirm: confirmHost(server.hosts[0]?.host),
  };
}

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
    const asked = credentialUses(evidence).filter(({ role, denied }) => role === 'pair' && denied === undefined);
    for (const uses of groupedBySecret(asked)) {
      const [first] = uses;
      const absence = absenceOf(evidence, first);
      const late = cameTooLate(evidence, first);
      if (absence && !uses.some((use) => misplacedTwin(evidence, use))) yield faultOf(evidence, uses, absence);
      if (late) yield lateFault(evidence, uses, late);
      if (absence || first.state.state !== 'unknown' || first.assumed) continue;
      const unserved = uses.filter((use) => !isDelivered(deliveryOf(evidence, use)));
      if (unserved.length === 0) continue;
      const about = `whether Secret ${first.namespace}/${first.name} exists`;
      yield { blind: first.state.gap, about, affects: unserved.map(({ server }) => ({ server })) };
    }
  },
};
