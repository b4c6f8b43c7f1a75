import type { Probe } from '../model/probe.ts';
import type { Evidence } from './evidence.ts';
import { probesOf } from './probes.ts';
import { takesName, type Server } from './servers.ts';

/**
 * Whether an answer came from behind the gateway. Envoy adds a header to what an upstream answered, and puts its own
 * name in the place of the application's; what it passes on as bytes keeps the name of the application.
 */
export const isFromBackend = ({ http }: Probe): boolean =>
  http !== undefined &&
  (http.headers['x-envoy-upstream-service-time'] !== undefined ||
    (http.server !== undefined && http.server !== 'istio-envoy'));

const isAbout = (host: string, probe: Probe): boolean => takesName(host, (probe.sni ?? probe.host).toLowerCase());

/** A probe that got an answer from the backend of a host: whatever the objects say, its route works. */
export function answerOf(evidence: Evidence, server: Server, host: string): Probe | undefined {
  return probesOf(evidence)(server).find(({ probe }) => isAbout(host, probe) && isFromBackend(probe))?.probe;
}

/** Probes of a host that the gateway itself answered with this status. */
export function ownAnswers(evidence: Evidence, server: Server, host: string, status: number): readonly Probe[] {
  return probesOf(evidence)(server)
    .map(({ probe }) => probe)
    .filter((probe) => isAbout(host, probe) && probe.http?.status === status && !isFromBackend(probe));
}
