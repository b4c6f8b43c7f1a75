import type { EnvoyState, EnvoyTls } from '../model/envoy.ts';
import { derive, type Evidence } from './evidence.ts';
import { envoysOf } from './proxies.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** TLS settings of a filter chain that hold certificates themselves, as configurations of Istio 1.9 and older may. */
export interface InlineContext {
  readonly envoy: EnvoyState;
  readonly serverNames: readonly string[];
  readonly tls: EnvoyTls;
}

const byEnvoy = derive((evidence): ReadonlyMap<EnvoyState, readonly InlineContext[]> => {
  const inline = evidence.snapshot.envoys.map((envoy) => {
    const chains = (envoy.listeners ?? []).flatMap((listener) => listener.chains);
    const own = chains.flatMap(({ tls, serverNames }) =>
      tls && (tls.inlineCertificates ?? tls.inlineTrustedCa) ? [{ envoy, serverNames, tls }] : [],
    );
    return [envoy, own] as const;
  });
  return new Map(inline);
});

/** Those of a workload's Envoys for the hosts of a server. */
export function inlineContexts(evidence: Evidence, workload: Workload, server: Server): readonly InlineContext[] {
  const hosts = new Set(server.hosts.map(({ host }) => host));
  return envoysOf(evidence, workload).flatMap((envoy) =>
    (byEnvoy(evidence).get(envoy) ?? []).filter(({ serverNames }) => serverNames.some((name) => hosts.has(name))),
  );
}
