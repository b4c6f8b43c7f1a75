import { ownAnswers } from '../../facts/answers.ts';
import { clusterName } from '../../facts/destinations.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { BackendUse } from '../../facts/gateway-backends.ts';
import { requestsFor } from '../../facts/requests.ts';
import type { Observation } from '../../model/finding.ts';
import type { AccessLogEntry } from '../../model/log-event.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';

/** Lines about requests to a backend, or about requests for its hosts that reached no backend at all. */
export const linesOf = (evidence: Evidence, { hosts, backend }: BackendUse): readonly AccessLogEntry[] =>
  hosts
    .flatMap((host) => requestsFor(evidence, host))
    .filter(({ upstreamCluster }) => typeof upstreamCluster !== 'string' || upstreamCluster === clusterName(backend));

/** Answers 502, 503 and 504 that the gateway gave in the place of a backend: by probes, and by lines that `takes` chooses. */
export function seenFailing(
  evidence: Evidence,
  use: BackendUse,
  takes: (entry: AccessLogEntry) => boolean = ({ status }) => status !== undefined && status >= 500,
): readonly Observation[] {
  const probes = use.hosts.flatMap((host) =>
    [502, 503, 504].flatMap((status) => ownAnswers(evidence, use.server, host, status)),
  );
  return [
    ...probes.slice(0, 2).map(observedProbe),
    ...linesOf(evidence, use).filter(takes).slice(-2).map(observedEntry),
  ];
}
