import { credentialTrail, observed } from '../../facts/credential-trail.ts';
import { credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import { deliveryOf, isDelivered } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { eventsAbout } from '../../facts/log-events.ts';
import { passedOverFor, type PassOver } from '../../facts/passed-over-secrets.ts';
import { releaseText } from '../../istio/release.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { affectedBy, consequenceOf, groupedBySecret, reachOf, rulesOf, type Uses } from './consequences.ts';

/** What one of the naming rules of Istio 1.1.3 to 1.7 says of a Secret. */
export interface PassedOver {
  readonly rule: PassOver;
  readonly path: string;
  readonly title: (secret: string) => string;
  /** The rule as a sentence, after "The agents of Istio 1.1.3 to 1.7 ". */
  readonly says: string;
  readonly detail: string;
  readonly fix: (use: CredentialUse) => Fix;
}

function releaseSeen(evidence: Evidence, use: CredentialUse): Observation {
  const rules = rulesOf(evidence, use);
  const ref = use.workload ? `${use.workload.ref.kind} ${use.workload.namespace}/${use.workload.name}` : 'the mesh';
  return { source: 'resource', ref, detail: `runs Istio ${rules ? releaseText(rules) : '(unknown)'}` };
}

/** A line at debug level that says so itself, and lines that say that the agent found nothing. */
function seenInLogs(evidence: Evidence, use: CredentialUse): readonly Observation[] {
  const said = eventsAbout(evidence, use, 'secret-reserved-name').slice(-1);
  const waiting = eventsAbout(evidence, use, 'secret-asked').slice(-1);
  return [...said, ...waiting].map(observed);
}

function faultOf(evidence: Evidence, uses: Uses, about: PassedOver): Fault {
  const [first] = uses;
  const { server, namespace, name, state } = first;
  const delivered = uses.every((use) => isDelivered(deliveryOf(evidence, use)));
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name };
  const logs = [...seenInLogs(evidence, first), ...credentialTrail(evidence, first)];
  const usable = state.state === 'pair' || state.state === 'unknown';
  // since 1.3 the first request reads the Secret straight from the API, past the rule
  const effect = delivered
    ? 'It was given out all the same, since the first request may pass by that rule; a change of the Secret, or a restart, can end that.'
    : consequenceOf(evidence, first);
  return {
    subject: { ...('secret' in state ? subjectOf(state.secret) : secret), path: about.path },
    title: about.title(`Secret ${namespace}/${name}`),
    message: `The agents of Istio 1.1.3 to 1.7 ${about.says}. ${effect}`,
    evidence: [
      { source: 'secret', ref: `${namespace}/${name}`, detail: about.detail },
      releaseSeen(evidence, first),
      ...logs,
    ],
    affects: affectedBy(evidence, uses),
    confidence: logs.length > 0 ? 0.85 : 0.75,
    ...reachOf(evidence, uses),
    // what is in it keeps it from being served before its name does
    ...(!usable && { severity: 'warning' }),
    related: [subjectOf(server.owner, first.path)],
    fix: about.fix(first),
    confirm: confirmHost(server.hosts[0]?.host),
    misleading: ['The agent says that it cannot find the Secret, and names the rule at debug level only.'],
  };
}

const isThere = ({ state, namespace }: CredentialUse): boolean => state.state !== 'absent' && namespace !== '';

/** One fault for each Secret in use that the rule keeps from being looked at. */
export function* passedOverFaults(evidence: Evidence, about: PassedOver): Iterable<Fault> {
  const caught = credentialUses(evidence).filter(
    (use) => isThere(use) && use.denied === undefined && passedOverFor(evidence, use).includes(about.rule),
  );
  for (const uses of groupedBySecret(caught)) yield faultOf(evidence, uses, about);
}

export const gatewayField = ({ server, path }: CredentialUse): string => `${named(server.owner)} ${path}`;
