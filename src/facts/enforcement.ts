import type { EnvoyTls } from '../model/envoy.ts';
import type { Observation } from '../model/finding.ts';
import type { Evidence } from './evidence.ts';
import { placementsOf } from './listeners.ts';
import { probesOf } from './probes.ts';
import { activeListeners, envoysOf } from './proxies.ts';
import type { Server } from './servers.ts';

/** TLS settings that the Envoys of a server's workloads have in force for its hosts. */
export function settingsInForce(evidence: Evidence, server: Server): readonly { tls: EnvoyTls; seen: Observation }[] {
  const hosts = new Set(server.hosts.map(({ host }) => host));
  return placementsOf(evidence, server).flatMap(({ workload, listenerPort }) =>
    envoysOf(evidence, workload).flatMap((envoy) => {
      const listener = activeListeners(envoy).find(({ port }) => port === listenerPort);
      return (listener?.chains ?? []).flatMap(({ tls, serverNames }) => {
        const isOwn = serverNames.length === 0 ? hosts.has('*') : serverNames.some((name) => hosts.has(name));
        if (!tls || !isOwn) return [];
        const detail = `chain for ${serverNames.join(', ') || '*'}: require_client_certificate ${tls.requireClientCertificate}, validation ${tls.validationSecret ?? tls.caFile ?? 'none'}`;
        return [{ tls, seen: { source: 'config-dump' as const, ref: `${envoy.namespace}/${envoy.pod}`, detail } }];
      });
    }),
  );
}

/** Clients without a certificate that got through, past the point where Envoy would have refused them. */
export const letIn = (evidence: Evidence, server: Server) =>
  probesOf(evidence)(server).filter(
    ({ probe }) =>
      probe.clientCertificate === 'none' &&
      (probe.outcome === 'ok' || probe.outcome === 'verify-failed') &&
      // without an answer, a refusal in TLS 1.3 may still be under way
      (probe.http !== undefined || probe.clientCertificateRequested === 'no'),
  );
