import { observedProbe } from '../symptom/probe-symptom.ts';
import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { serversUsing, type PairUse } from '../../facts/key-pairs.ts';
import { eventsAbout } from '../../facts/log-events.ts';
import type { ReadProbe } from '../../facts/probes.ts';
import { unseenPairs, type ServedChain } from '../../facts/served-chains.ts';
import type { Server } from '../../facts/servers.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind } from '../../kubernetes/names.ts';
import type { Observation, Subject } from '../../model/finding.ts';
import type { LogEventKind } from '../../model/log-event.ts';
import type { Affected, Blind } from '../check.ts';
import { confirmHost } from '../remedies.ts';

/** How much one look at a certificate is worth: the Secret says what will be served, a client what it once got. */
export const confidenceBySource: Readonly<Record<ServedChain['from'], number>> = {
  secret: 0.95,
  'config-dump': 0.93,
  probe: 0.88,
};

const mostProbes = 3;

export const probeObservations = (probes: readonly ReadProbe[]): readonly Observation[] =>
  probes.slice(0, mostProbes).map(({ probe }) => observedProbe(probe));

/** The newest line that logs have of a Secret for each kind. */
export function linesAbout(evidence: Evidence, uses: readonly PairUse[], subject: Subject, kind: LogEventKind) {
  if (groupKind(subject) !== kinds.secret) return [];
  const { namespace, name } = subject;
  const seen = new Set<string>();
  return uses.flatMap(({ workload, sdsName }): readonly Observation[] => {
    const key = `${workload?.key ?? ''}|${sdsName}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const newest = eventsAbout(evidence, { namespace, name, sdsName, ...(workload && { workload }) }, kind).at(-1);
    return newest ? [observed(newest)] : [];
  });
}

export const affectedBy = (uses: readonly PairUse[]): readonly Affected[] =>
  serversUsing(uses).map((server) => ({ server }));

/** A name that can be asked for, of the servers in question. */
export const hostToAsk = (servers: readonly Server[]): string | undefined =>
  servers.flatMap(({ hosts }) => hosts).find(({ host }) => !host.startsWith('*'))?.host;

export const confirmServers = (servers: readonly Server[]) => confirmHost(hostToAsk(servers));

/** What could not be looked at: pairs of which neither Secret, dump nor handshake is there. One for each Secret. */
export function* unseen(evidence: Evidence, what: string): Generator<Blind> {
  const bySecret = Map.groupBy(unseenPairs(evidence), ({ secret, use }) =>
    secret ? `${secret.namespace}/${secret.name}` : use.path,
  );
  for (const group of bySecret.values()) {
    const [first] = group;
    if (!first) continue;
    const { secret, use, gap } = first;
    const where = secret ? `Secret ${secret.namespace}/${secret.name}` : `the files of ${use.path}`;
    yield {
      blind: gap,
      about: `${what} in ${where}`,
      affects: serversUsing(group.map((one) => one.use)).map((server) => ({ server })),
    };
  }
}
