import { attachmentOf } from '../facts/attachments.ts';
import { credentialsOf } from '../facts/credentials.ts';
import type { Evidence } from '../facts/evidence.ts';
import { placementsOf } from '../facts/listeners.ts';
import { probesOf } from '../facts/probes.ts';
import { bindingsOf } from '../facts/routes.ts';
import { takesName, terminatesTls, type Server } from '../facts/servers.ts';
import type { Destination } from '../facts/targets.ts';
import type { Blind } from '../checks/check.ts';
import type { Finding } from './finding.ts';

export type Verdict = 'healthy' | 'degraded' | 'broken' | 'unknown';

const rank: Readonly<Record<Verdict, number>> = { broken: 0, degraded: 1, unknown: 2, healthy: 3 };

/** The verdict of several: the worst of them. Of nothing at all, nothing is known. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return [...verdicts].sort((a, b) => rank[a] - rank[b])[0] ?? 'unknown';
}

/** Whether a finding is about this destination. */
export function concerns(destination: Destination, finding: Finding): boolean {
  return finding.fault.affects.some(({ server, hosts }) => {
    if (server && destination.server && server.key !== destination.server.key) return false;
    if (server && !destination.server) return false;
    if (hosts === undefined) return server !== undefined;
    return hosts.some((host) => takesName(host, destination.host) || takesName(destination.host, host));
  });
}

/** Only some of the pods that take the server: the others still answer. */
function isPartial(evidence: Evidence, { server }: Destination, finding: Finding): boolean {
  const { pods } = finding.fault;
  if (pods === undefined || !server) return false;
  const all = attachmentOf(evidence, server).workloads.flatMap((workload) => workload.pods);
  return pods.length > 0 && pods.length < all.length;
}

function seenToWork(evidence: Evidence, server: Server, host: string): boolean {
  return probesOf(evidence)(server).some(
    ({ probe, reading }) =>
      (reading === 'works' || reading === 'refused-rightly') && takesName(host, (probe.sni ?? '').toLowerCase()),
  );
}

/** Every step follows from the objects: pods that are ready take the server, its credential is there, routes are bound. */
function followsFromObjects(evidence: Evidence, server: Server): boolean {
  const placements = placementsOf(evidence, server).filter(({ drop }) => drop === undefined);
  if (!placements.some(({ workload }) => workload.pods.some(({ ready }) => ready))) return false;
  const routed = server.from !== 'Gateway' || bindingsOf(evidence, server).length > 0;
  if (!terminatesTls(server)) return routed;
  const uses = credentialsOf(evidence, server);
  const good = uses.every(({ state, denied }) => (state.state === 'pair' || state.state === 'ca') && !denied);
  return good && (uses.length > 0 || server.tls?.mode === 'ISTIO_MUTUAL');
}

/** The verdict of one destination, from the findings about it and the looks that were not possible. */
export function verdictOf(
  evidence: Evidence,
  destination: Destination,
  findings: readonly Finding[],
  blinds: readonly Blind[],
): Verdict {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.some((finding) => !isPartial(evidence, destination, finding))) return 'broken';
  if (errors.length > 0 || findings.some(({ severity }) => severity === 'warning')) return 'degraded';
  const { server, host } = destination;
  if (!server) return 'unknown';
  if (seenToWork(evidence, server, host)) return 'healthy';
  const deciding = blinds.some(
    ({ affects }) => affects.length === 0 || affects.some((one) => one.server?.key === server.key),
  );
  return !deciding && followsFromObjects(evidence, server) ? 'healthy' : 'unknown';
}
