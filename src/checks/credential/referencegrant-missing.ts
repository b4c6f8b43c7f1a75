import { observedCondition } from '../../facts/absence.ts';
import { standingComplaint } from '../../facts/credential-log.ts';
import { isGranted } from '../../facts/credential-references.ts';
import { observed } from '../../facts/credential-trail.ts';
import { credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import { deliveryOf, isDelivered } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { listenerConditions } from '../../facts/listener-conditions.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Gap } from '../../model/coverage.ts';
import type { Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { applyManifest, confirmHost, deleteObject, ownerOfNamespace } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { affectedBy, consequenceOf, reachOf, rulesOf, type Uses } from './consequences.ts';
import { distinctObservations } from './distinct-observations.ts';
import { referenceGrantFor } from './reference-grant-manifest.ts';

/** What one reference across namespaces rests on: `unknown` where neither grants nor istiod's word were seen. */
type Reading =
  | { readonly state: 'fine' }
  | { readonly state: 'refused'; readonly confidence: number; readonly observations: readonly Observation[] }
  | { readonly state: 'unknown'; readonly gap: Gap };

const kindOf = ({ reference }: CredentialUse): string => (reference.scheme === 'configmap' ? 'ConfigMap' : 'Secret');

/** istiod's own word: the condition of the listener, and up to 1.16 the line at the moment of sending. */
function refusalsSeen(evidence: Evidence, use: CredentialUse): readonly Observation[] {
  const conditions = listenerConditions(use.server).filter(
    ({ type, status, reason, message }) =>
      type === 'ResolvedRefs' &&
      status === 'False' &&
      (reason === 'RefNotPermitted' || /missing a Reference(?:Grant|Policy)/.test(message)) &&
      message.includes(use.name),
  );
  const line = standingComplaint(evidence, use, 'secret-denied-reference');
  return [...conditions.map((one) => observedCondition(use, one)), ...(line ? [observed(line)] : [])];
}

const isResolved = ({ server }: CredentialUse): boolean =>
  listenerConditions(server).some(({ type, status }) => type === 'ResolvedRefs' && status === 'True');

function grantsSeen(evidence: Evidence, { namespace }: CredentialUse): Observation {
  const count = evidence.list('ReferenceGrant.gateway.networking.k8s.io', namespace).items.length;
  return {
    source: 'resource',
    ref: `namespace ${namespace}`,
    detail: `${count} ReferenceGrants, none for this reference`,
  };
}

function readingOf(evidence: Evidence, use: CredentialUse): Reading {
  const { namespace, name, server } = use;
  const grant = isGranted(evidence, server.owner, { namespace, kind: kindOf(use), name });
  if (grant === 'granted' || isResolved(use)) return { state: 'fine' };
  const seen = refusalsSeen(evidence, use);
  if (grant === 'not-granted') {
    const observations = [grantsSeen(evidence, use), ...seen];
    return { state: 'refused', confidence: seen.length > 0 ? 0.95 : 0.85, observations };
  }
  if (isDelivered(deliveryOf(evidence, use))) return { state: 'fine' };
  return seen.length > 0
    ? { state: 'refused', confidence: 0.85, observations: seen }
    : { state: 'unknown', gap: grant };
}

function faultOf(evidence: Evidence, uses: Uses, readings: readonly Extract<Reading, { state: 'refused' }>[]): Fault {
  const [first] = uses;
  const { owner, hosts } = first.server;
  const { namespace } = first;
  const { ref, manifest } = referenceGrantFor(uses, rulesOf(evidence, first));
  const names = [...new Set(uses.map((use) => `${kindOf(use)} ${namespace}/${use.name}`))];
  const gone = uses.filter(({ state }) => state.state === 'absent').map(({ name }) => name);
  const also = gone.length === 0 ? '' : ` Besides, namespace ${namespace} has no ${gone.join(', ')}.`;
  const owners = [...new Map(uses.map((use) => [named(use.server.owner), use.server])).values()];
  return {
    subject: subjectOf(owner, first.path),
    title: `${named(owner)} ${first.path} refers to ${names.join(', ')}, and namespace ${namespace} has no ${ref.kind} for that`,
    message: `A reference into another namespace counts only where a ${ref.kind} there allows it. ${consequenceOf(evidence, first)}${also}`,
    evidence: distinctObservations(readings.flatMap(({ observations }) => observations)),
    affects: affectedBy(evidence, uses),
    confidence: Math.max(...readings.map(({ confidence }) => confidence)),
    ...reachOf(evidence, uses),
    related: [
      ...uses.flatMap(({ state }) => ('secret' in state ? [subjectOf(state.secret)] : [])),
      ...owners.slice(1).map((server) => subjectOf(server.owner)),
    ],
    fix: {
      summary: `let Gateways of namespace ${owner.namespace} refer to ${names.length === 1 ? 'this one Secret' : 'these'}; no restart is needed`,
      owner: ownerOfNamespace(namespace),
      commands: [applyManifest(manifest)],
      undo: [deleteObject(ref)],
      doNot: [],
      widensAccess: `Gateways of namespace ${owner.namespace}, to ${names.join(', ')}`,
    },
    confirm: confirmHost(hosts[0]?.host),
    misleading: ['The Gateway itself stays Accepted and Programmed: only the conditions of this listener tell.'],
  };
}

const crosses = ({ server, namespace }: CredentialUse): boolean =>
  server.from === 'GatewayAPI' && namespace !== server.owner.namespace;

const grantKey = ({ server, namespace }: CredentialUse): string =>
  `${server.owner.kind}/${server.owner.namespace}/${namespace}`;

/** A Gateway of the Gateway API refers to a Secret of another namespace, which has not allowed it. */
export const referencegrantMissing: Check = {
  name: 'referencegrant-missing',
  title: 'Every reference of a Gateway into another namespace is granted there',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['resource', 'istiod-log'],
  explains: credentialNotGiven,
  *inspect(evidence): Iterable<Judgement> {
    // one grant mends all references of one namespace into another
    for (const group of Map.groupBy(credentialUses(evidence).filter(crosses), grantKey).values()) {
      const read = group.map((use) => ({ use, reading: readingOf(evidence, use) }));
      const refused = read.flatMap(({ use, reading }) => (reading.state === 'refused' ? [{ use, reading }] : []));
      const [first, ...others] = refused;
      if (first) {
        const uses: Uses = [first.use, ...others.map(({ use }) => use)];
        yield faultOf(
          evidence,
          uses,
          refused.map(({ reading }) => reading),
        );
      }
      for (const { use, reading } of read) {
        if (reading.state !== 'unknown') continue;
        const about = `whether namespace ${use.namespace} grants ${named(use.server.owner)} its reference to ${use.name}`;
        yield { blind: reading.gap, about, affects: [{ server: use.server }] };
      }
    }
  },
};
