import type { Observation } from '../model/finding.ts';
import type { LogEvent } from '../model/log-event.ts';
import { standingComplaint } from './credential-log.ts';
import { observed } from './credential-trail.ts';
import { credentialUses, type CredentialUse } from './credentials.ts';
import { deliveryOf } from './delivery.ts';
import { derive, type Evidence } from './evidence.ts';
import { isLoadable } from './loadable-pairs.ts';
import { accessLog, eventsOf, isOfWorkload } from './log-events.ts';
import { envoysOf, heldBy, heldIn } from './proxies.ts';
import { listedHosts, takesName } from './servers.ts';
import type { Workload } from './workloads.ts';

/** Good credentials of one workload that Envoy still waits for, beside one that it refused. */
export interface HeldBack {
  readonly workload: Workload;
  readonly victims: readonly [CredentialUse, ...CredentialUse[]];
  /** Those that were refused, as far as they are known. */
  readonly culprits: readonly CredentialUse[];
  readonly observations: readonly Observation[];
  readonly pods: readonly string[];
  /** Whether a dump shows it; else it is told by probes and a line of a refusal. */
  readonly seen: boolean;
}

const complaints = [
  'secret-not-found',
  'secret-wrong-keys',
  'secret-empty',
  'secret-fetch-failed',
  'secret-denied',
  'secret-denied-rbac',
  'secret-denied-reference',
] as const;

/** Nothing is wrong with it, and nobody says that it was not given. */
const isInnocent = (evidence: Evidence, use: CredentialUse): boolean =>
  use.denied === undefined && isLoadable(use) && !standingComplaint(evidence, use, ...complaints);

function refusalOf(evidence: Evidence, workload: Workload): LogEvent | undefined {
  return eventsOf(evidence, 'secret-refused').findLast((event) => isOfWorkload(event, workload));
}

const waitsFor = (evidence: Evidence, workload: Workload, { sdsName }: CredentialUse) =>
  heldBy(evidence, workload, sdsName).filter(({ state }) => state === 'warming');

function seenWaiting(evidence: Evidence, workload: Workload, uses: readonly CredentialUse[]) {
  return uses.flatMap((use) => {
    const waiting = waitsFor(evidence, workload, use);
    return waiting.length > 0 && isInnocent(evidence, use) ? [{ use, waiting }] : [];
  });
}

/** Without a dump: its host is cut off, and no line of the access log says that the name was unknown. */
function isCutOff(evidence: Evidence, use: CredentialUse): boolean {
  const { cutOff, answered } = deliveryOf(evidence, use);
  const unknownName = accessLog(evidence).some(
    ({ flags, sni }) =>
      flags.includes('NR') &&
      typeof sni === 'string' &&
      listedHosts(use.server).some((host) => takesName(host, sni.toLowerCase())),
  );
  return cutOff && !answered && !unknownName && isInnocent(evidence, use);
}

function heldBackOn(evidence: Evidence, workload: Workload, uses: readonly CredentialUse[]): readonly HeldBack[] {
  const envoys = envoysOf(evidence, workload);
  const dumped = envoys.some(({ secrets }) => secrets !== undefined);
  const refusal = refusalOf(evidence, workload);
  const waiting = dumped ? seenWaiting(evidence, workload, uses) : [];
  const [first, ...others] = dumped
    ? waiting.map(({ use }) => use)
    : refusal
      ? uses.filter((use) => isCutOff(evidence, use))
      : [];
  if (!first) return [];
  const refused = (use: CredentialUse): boolean =>
    envoys.some((envoy) => heldIn(envoy, use.sdsName)?.state === 'refused') ||
    (use.state.state === 'pair' && !isLoadable(use));
  const culprits = uses.filter(refused);
  if (!refusal && culprits.length === 0) return [];
  const held = waiting.flatMap(({ use, waiting: own }) =>
    own.map(({ envoy }) => ({ use, pod: `${envoy.namespace}/${envoy.pod}` })),
  );
  return [
    {
      workload,
      victims: [first, ...others],
      culprits,
      pods: [...new Set(held.map(({ pod }) => pod))],
      seen: dumped,
      observations: [
        ...held.slice(0, 4).map(({ use, pod }): Observation => ({
          source: 'config-dump',
          ref: pod,
          detail: `${use.sdsName} WARMING, and Secret ${use.namespace}/${use.name} is in order`,
        })),
        ...culprits.slice(0, 3).map((use): Observation => ({
          source: 'secret',
          ref: `${use.namespace}/${use.name}`,
          detail: 'is what Envoy refused',
        })),
        ...(refusal ? [observed(refusal)] : []),
      ],
    },
  ];
}

/**
 * Envoy stops at the first secret of an answer that it refuses, and the good ones behind it never come
 * [seen: 1.29.5; the order is derived].
 */
export const heldBack = derive((evidence): readonly HeldBack[] => {
  const byWorkload = Map.groupBy(
    credentialUses(evidence).filter(({ workload, assumed }) => workload !== undefined && !assumed),
    ({ workload }) => workload,
  );
  return [...byWorkload].flatMap(([workload, uses]) => (workload ? heldBackOn(evidence, workload, uses) : []));
});
