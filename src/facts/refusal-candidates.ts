import type { LogEvent } from '../model/log-event.ts';
import type { Evidence } from './evidence.ts';
import { eventsAbout } from './log-events.ts';
import { probesOf } from './probes.ts';
import { heldBy, type HeldSecret } from './proxies.ts';
import { refusalReason, type RefusalReason } from './refusal-reason.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** A credential by its place: what servers of one workload ask for under one name. */
export interface CredentialPlace {
  readonly role: 'pair' | 'ca';
  readonly sdsName: string;
  /** The Secret, where a name leads to one. */
  readonly secret?: { readonly namespace: string; readonly name: string };
  readonly path: string;
  readonly server: Server;
  readonly workload?: Workload;
}

const held = (evidence: Evidence, { workload, sdsName }: CredentialPlace): readonly HeldSecret[] =>
  workload ? heldBy(evidence, workload, sdsName) : [];

export const refusedHeld = (evidence: Evidence, place: CredentialPlace): readonly HeldSecret[] =>
  held(evidence, place).filter(({ state }) => state === 'refused');

const isOfCa = (reason: RefusalReason | undefined): boolean => reason === 'trusted-ca' || reason === 'revocation-list';

const seconds = (event: LogEvent): number => (event.at === undefined ? Number.NaN : Date.parse(event.at) / 1000);

/** How long after each change of its Secret a refusal came, in seconds. */
function delaysSinceChange(evidence: Evidence, { secret, sdsName }: CredentialPlace, refusal: LogEvent) {
  if (!secret) return [];
  const changes = eventsAbout(evidence, { ...secret, sdsName }, 'secret-changed');
  return changes.map((change) => seconds(refusal) - seconds(change)).filter((delay) => !Number.isNaN(delay));
}

const servesNow = (evidence: Evidence, { server }: CredentialPlace): boolean =>
  probesOf(evidence)(server).some(({ probe }) => (probe.chain?.length ?? 0) > 0);

const isActive = (states: readonly HeldSecret[]): boolean =>
  states.length > 0 && states.every(({ state }) => state === 'active');

/** Of the credentials that a refusal may be of, those that nothing speaks against: time, dumps, probes. */
export function candidatesFor(
  evidence: Evidence,
  places: readonly CredentialPlace[],
  refusal: LogEvent,
): readonly CredentialPlace[] {
  if (refusal.resource !== undefined) return places.filter(({ sdsName }) => sdsName === refusal.resource);
  const role = isOfCa(refusalReason(refusal.reason)) ? 'ca' : 'pair';
  const possible = places.filter((place) => place.role === role && !isActive(held(evidence, place)));
  const inDump = possible.filter((place) => refusedHeld(evidence, place).length > 0);
  if (inDump.length > 0) return inDump;
  const left = possible.filter((place) => {
    const mendedSince = delaysSinceChange(evidence, place, refusal).some((delay) => delay < -1);
    return !mendedSince && !servesNow(evidence, place);
  });
  const justChanged = left.filter((place) =>
    delaysSinceChange(evidence, place, refusal).some((delay) => delay >= -1 && delay <= 5),
  );
  return justChanged.length > 0 ? justChanged : left;
}
