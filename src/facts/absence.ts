import { before } from '../istio/release.ts';
import type { Observation } from '../model/finding.ts';
import type { LogEvent } from '../model/log-event.ts';
import { named } from '../kubernetes/names.ts';
import { observed } from './credential-trail.ts';
import { standingComplaint } from './credential-log.ts';
import type { CredentialUse } from './credentials.ts';
import { deliveryOf, isDelivered } from './delivery.ts';
import type { Evidence } from './evidence.ts';
import { listenerConditions, type ListenerCondition } from './listener-conditions.ts';
import { eventsAbout } from './log-events.ts';
import { release } from './mesh.ts';
import { passedOverFor } from './passed-over-secrets.ts';

/** That a Secret is not there, as far as the evidence tells, and how surely. */
export interface Absence {
  readonly observations: readonly Observation[];
  readonly confidence: number;
  /** Set where it may as well be something else: how to decide. */
  readonly decidedBy?: string;
}

const lookFor = ({ namespace, name }: CredentialUse): string =>
  `kubectl${namespace === '' ? '' : ` -n ${namespace}`} get secret ${name}`;

/** A condition of a listener as an observation. */
export const observedCondition = (use: Pick<CredentialUse, 'server'>, condition: ListenerCondition): Observation => ({
  source: 'resource',
  ref: `${named(use.server.owner)} status.listeners[${use.server.listener ?? ''}]`,
  detail: `${condition.type}=${condition.status} ${condition.reason} "${condition.message}"`,
});

/** The listener's condition that speaks against its references, where its words have these in them. */
export function refusedReference(use: CredentialUse, ...words: readonly string[]): ListenerCondition | undefined {
  return listenerConditions(use.server).find(
    ({ type, status, message }) =>
      type === 'ResolvedRefs' && status === 'False' && words.every((word) => message.includes(word)),
  );
}

function looked(evidence: Evidence, use: CredentialUse): Absence {
  const { namespace, name } = use;
  const there = evidence.secret(namespace, name);
  const detail = there.state === 'found' ? `is of type ${there.value.type}, which istiod does not watch` : 'NotFound';
  const ref = namespace === '' ? name : `${namespace}/${name}`;
  return { observations: [{ source: 'secret', ref, detail }], confidence: use.assumed ? 0.75 : 0.9 };
}

const isWaiting = ({ text }: LogEvent): boolean => text.includes('aiting for ');

/** Where the Secret itself could not be asked for: what those who looked for it say. */
function complained(evidence: Evidence, use: CredentialUse): Absence | undefined {
  const condition = refusedReference(use, use.name, ' not found');
  if (condition) return { observations: [observedCondition(use, condition)], confidence: 0.85 };
  const notFound = standingComplaint(evidence, use, 'secret-not-found');
  const asked = standingComplaint(evidence, use, 'secret-asked');
  const failed = standingComplaint(evidence, use, 'secret-fetch-failed');
  if (notFound?.from === 'istiod') return { observations: [observed(notFound)], confidence: 0.8 };
  const decidedBy = lookFor(use);
  // the older agents say the same of a Secret that they pass over for its name, its keys or its content
  if (notFound) return { observations: [observed(notFound)], confidence: 0.6, decidedBy };
  if (asked && isWaiting(asked)) return { observations: [observed(asked)], confidence: 0.55, decidedBy };
  // istiod 1.8 to 1.11 gives no reason
  if (failed?.from === 'istiod' && failed.reason === undefined) {
    return { observations: [observed(failed)], confidence: 0.45, decidedBy };
  }
  return undefined;
}

/** Whether a Secret that a server asks for does not exist, and how that is known; undefined where nothing says so. */
export function absenceOf(evidence: Evidence, use: CredentialUse): Absence | undefined {
  if (use.state.state === 'absent') return looked(evidence, use);
  if (use.state.state !== 'unknown' || isDelivered(deliveryOf(evidence, use))) return undefined;
  return complained(evidence, use);
}

/**
 * The line in which an agent of Istio 1.1 to 1.7 found no Secret that is there now, while Envoy still has none: it came
 * after Envoy had asked, and was never handed over.
 */
export function cameTooLate(evidence: Evidence, use: CredentialUse): LogEvent | undefined {
  if (use.state.state !== 'pair' || !before(use.workload?.release ?? release(evidence), 1, 8)) return undefined;
  if (passedOverFor(evidence, use).length > 0) return undefined;
  const { lacking, cutOff } = deliveryOf(evidence, use);
  if (lacking.length === 0 && !cutOff) return undefined;
  return eventsAbout(evidence, use, 'secret-not-found', 'secret-fallback').at(-1);
}
