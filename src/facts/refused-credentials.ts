import { named } from '../kubernetes/names.ts';
import type { Certificate, PemProblem } from '../model/certificate.ts';
import type { Observation } from '../model/finding.ts';
import type { LogEvent } from '../model/log-event.ts';
import { observed } from './credential-trail.ts';
import { credentialUses, type CredentialUse } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { keyPairs, unreadPairs } from './key-pairs.ts';
import { listenerConditions } from './listener-conditions.ts';
import { eventsOf, isOfWorkload } from './log-events.ts';
import { expectedRefusals } from './pair-problems.ts';
import { heldBy, type HeldSecret } from './proxies.ts';
import { candidatesFor, refusedHeld, type CredentialPlace } from './refusal-candidates.ts';
import { refusalReason, refusalReasonOfGo, type RefusalReason } from './refusal-reason.ts';
import type { Workload } from './workloads.ts';

/**
 * A credential whose Secret could not be read, and that was refused all the same: by Envoy, as logs or dumps tell, by
 * the agent, which reads mounted files, or by istiod, as the status of a listener tells.
 */
export interface RefusedCredential {
  readonly places: readonly [CredentialPlace, ...CredentialPlace[]];
  readonly reason?: RefusalReason;
  /** The refused content, which a dump shows all but the key of. */
  readonly certificates: readonly Certificate[];
  readonly problems: readonly PemProblem[];
  readonly observations: readonly Observation[];
  /** How many credentials the refusal may be of: Envoy's lines name none. */
  readonly among: number;
}

const malformedInStatus = /the (?:certificate|bundle) is malformed/;

/** The words of a listener's status about a pair or a CA bundle that istiod could not use. */
function malformedCondition({ server, role }: Pick<CredentialPlace, 'server' | 'role'>) {
  const condition = listenerConditions(server).find(
    ({ status, message }) => status === 'False' && malformedInStatus.test(message),
  );
  if (!condition || condition.message.includes('bundle is') !== (role === 'ca')) return undefined;
  const { type, status, reason, message } = condition;
  const seen: Observation = {
    source: 'resource',
    ref: `${named(server.owner)} status.listeners[${server.listener ?? ''}]`,
    detail: `${type}=${status} ${reason} "${message}"`,
  };
  return { reason: refusalReasonOfGo(message), seen };
}

const heldObservation = ({ envoy, secret }: HeldSecret): Observation => ({
  source: 'config-dump',
  ref: `${envoy.namespace}/${envoy.pod}`,
  detail: `${secret?.name ?? ''} is listed as active, and no TLS context in /certs holds it`,
});

const eventsByWorkload = derive((evidence) => {
  const known = new Map<string, readonly LogEvent[]>();
  return (workload: Workload): readonly LogEvent[] => {
    const found =
      known.get(workload.key) ??
      eventsOf(evidence, 'secret-refused')
        .filter((event) => isOfWorkload(event, workload))
        .sort((a, b) => (a.at ?? '').localeCompare(b.at ?? ''));
    known.set(workload.key, found);
    return found;
  };
});

/** The refusals of a workload's Envoys, the newest line for each reason: Envoy's own and istiod's are one refusal. */
function refusalsOf(evidence: Evidence, workload: Workload): readonly LogEvent[] {
  const byReason = new Map<string, LogEvent>();
  for (const event of eventsByWorkload(evidence)(workload)) {
    byReason.set(`${event.resource ?? ''}|${event.reason ?? ''}`, event);
  }
  return [...byReason.values()];
}

/** The reasons for which Envoy refuses pairs of a workload that could be read. */
const expectedOn = derive((evidence) => {
  const byWorkload = new Map<Workload, Set<RefusalReason>>();
  for (const pair of keyPairs(evidence)) {
    const reasons = expectedRefusals(evidence, pair);
    if (reasons.length === 0) continue;
    for (const { workload } of pair.uses) {
      if (!workload) continue;
      const known = byWorkload.get(workload) ?? new Set();
      for (const reason of reasons) known.add(reason);
      byWorkload.set(workload, known);
    }
  }
  return (workload: Workload): ReadonlySet<RefusalReason> => byWorkload.get(workload) ?? new Set();
});

type Refused = Omit<RefusedCredential, 'places'> & { readonly place: CredentialPlace };

function refusedByEnvoy(
  evidence: Evidence,
  workload: Workload,
  places: readonly CredentialPlace[],
): readonly Refused[] {
  // where a Secret that could be read is refused for the same reason, the lines are about that one
  const accounted = expectedOn(evidence)(workload);
  const lines = new Map<CredentialPlace, { refusal: LogEvent; among: number }>();
  for (const refusal of refusalsOf(evidence, workload)) {
    const reason = refusalReason(refusal.reason);
    if (reason !== undefined && accounted.has(reason)) continue;
    const candidates = candidatesFor(evidence, places, refusal);
    for (const place of candidates) lines.set(place, { refusal, among: candidates.length });
  }
  return places.flatMap((place) => {
    const line = lines.get(place);
    const inDump = refusedHeld(evidence, place);
    if (!line && inDump.length === 0) return [];
    const reason = refusalReason(line?.refusal.reason);
    return [
      {
        place,
        certificates: inDump[0]?.secret?.certificates ?? [],
        problems: inDump[0]?.secret?.pemProblems ?? [],
        observations: [...(line ? [observed(line.refusal)] : []), ...inDump.map(heldObservation)],
        among: line?.among ?? 1,
        ...(reason !== undefined && { reason }),
      },
    ];
  });
}

/** Mounted files are read by the agent, which compares key and certificate itself and says the name (1.10 and later). */
function refusedByAgent(evidence: Evidence, place: CredentialPlace): readonly Refused[] {
  const newest = eventsOf(evidence, 'file-secret-failed').findLast(({ resource }) => resource === place.sdsName);
  const reason = newest && refusalReasonOfGo(newest.reason ?? newest.text);
  if (!newest || reason === undefined) return [];
  return [{ place, reason, certificates: [], problems: [], observations: [observed(newest)], among: 1 }];
}

function refusedByIstiod(place: CredentialPlace): readonly Refused[] {
  const condition = malformedCondition(place);
  if (!condition) return [];
  const { reason, seen } = condition;
  return [
    {
      place,
      certificates: [],
      problems: [],
      observations: [seen],
      among: 1,
      ...(reason !== undefined && { reason }),
    },
  ];
}

function placeOf({ role, sdsName, namespace, name, path, server, workload }: CredentialUse): CredentialPlace {
  return { role, sdsName, secret: { namespace, name }, path, server, ...(workload && { workload }) };
}

const unreadPlaces = derive((evidence): readonly CredentialPlace[] => [
  ...credentialUses(evidence).flatMap((use) => (use.state.state === 'unknown' ? [placeOf(use)] : [])),
  ...unreadPairs(evidence).flatMap(({ use, secret }) => {
    if (!use.mounted) return [];
    const { server, workload, path, sdsName } = use;
    return [{ role: 'pair' as const, server, path, sdsName, ...(workload && { workload }), ...(secret && { secret }) }];
  }),
]);

/** One credential is asked for under one name by any number of servers of a workload. */
const identity = ({ workload, sdsName, role }: CredentialPlace): string => `${workload?.key ?? ''}|${sdsName}|${role}`;

/** Refused credentials whose Secrets could not be read, found by what Envoy, the agent and istiod say of them. */
export const refusedCredentials = derive((evidence): readonly RefusedCredential[] => {
  const groups = Map.groupBy(unreadPlaces(evidence), identity);
  const firsts = [...groups.values()].flatMap(([first]) => first ?? []);
  const byWorkload = Map.groupBy(firsts, ({ workload }) => workload);
  const refused = [...byWorkload].flatMap(([workload, places]) => [
    ...(workload ? refusedByEnvoy(evidence, workload, places) : []),
    ...places.flatMap((place) => refusedByAgent(evidence, place)),
    ...places.flatMap(refusedByIstiod),
  ]);
  return refused.map(({ place, ...rest }) => {
    const others = (groups.get(identity(place)) ?? []).filter((one) => one !== place);
    return { ...rest, places: [place, ...others] };
  });
});

/** What logs, dumps and status say of the refusal of a credential that is known to be bad, for these reasons. */
export function refusalsSeen(
  evidence: Evidence,
  place: Pick<CredentialPlace, 'role' | 'sdsName' | 'server' | 'workload'>,
  reasons: readonly RefusalReason[],
): readonly Observation[] {
  const lines = (place.workload ? refusalsOf(evidence, place.workload) : []).filter(({ reason, resource }) => {
    const known = refusalReason(reason);
    return known !== undefined && reasons.includes(known) && (resource === undefined || resource === place.sdsName);
  });
  const states = place.workload ? heldBy(evidence, place.workload, place.sdsName) : [];
  const condition = malformedCondition(place);
  return [
    ...lines.slice(-1).map(observed),
    ...states.filter(({ state }) => state === 'refused').map(heldObservation),
    ...(condition ? [condition.seen] : []),
  ];
}
