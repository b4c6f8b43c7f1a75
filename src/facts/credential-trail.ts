import type { Observation } from '../model/finding.ts';
import type { LogEvent, LogEventKind } from '../model/log-event.ts';
import type { CredentialUse } from './credentials.ts';
import type { Evidence } from './evidence.ts';
import { eventRef, eventsAbout } from './log-events.ts';
import { heldBy, type HeldState } from './proxies.ts';

const failures: readonly LogEventKind[] = [
  'secret-not-found',
  'secret-wrong-keys',
  'secret-empty',
  'secret-fetch-failed',
  'secret-denied-rbac',
  'secret-denied-reference',
  'secret-denied',
  'secret-unparsable',
  'secret-expired',
  'secret-refused',
  'secret-fetch-timeout',
  'file-secret-failed',
];

const longest = 220;

/** A log line as an observation: its words, cut where they run on. */
export function observed(event: LogEvent): Observation {
  const text = event.text.length > longest ? `${event.text.slice(0, longest)}…` : event.text;
  return {
    source: event.from === 'istiod' ? 'istiod-log' : 'gateway-log',
    ref: eventRef(event),
    detail: event.at === undefined ? text : `${event.at} ${text}`,
  };
}

const stateWords: Readonly<Record<HeldState, string>> = {
  active: 'ACTIVE',
  warming: 'WARMING (no value was ever received)',
  refused: 'listed as ACTIVE, but no TLS context holds it: Envoy refused the content',
  'not-asked': 'not asked for',
};

/** What the Envoys hold under a name, one observation a pod. */
export function heldObservations(evidence: Evidence, use: CredentialUse): readonly Observation[] {
  if (!use.workload) return [];
  return heldBy(evidence, use.workload, use.sdsName).map(({ envoy, state }) => ({
    source: 'config-dump',
    ref: `${envoy.namespace}/${envoy.pod}`,
    detail: `${use.sdsName} ${stateWords[state]}`,
  }));
}

/**
 * The trail of a credential that did not arrive: the newest line of each kind that logs have of it, then what each
 * Envoy holds. Empty when neither logs nor dumps were collected.
 */
export function credentialTrail(evidence: Evidence, use: CredentialUse): readonly Observation[] {
  const lines = failures.flatMap((kind) => {
    const newest = eventsAbout(evidence, use, kind).at(-1);
    return newest ? [observed(newest)] : [];
  });
  return [...lines, ...heldObservations(evidence, use)];
}

/** Whether an Envoy serves the credential although its Secret is gone: from memory, until the next restart. */
export function isServedFromMemory(evidence: Evidence, use: CredentialUse): boolean {
  if (!use.workload) return false;
  const held = heldBy(evidence, use.workload, use.sdsName);
  return held.length > 0 && held.every(({ state }) => state === 'active');
}
