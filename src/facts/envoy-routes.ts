import { readRouteName } from '../envoy/route-name.ts';
import type { EnvoyRouteConfig, EnvoyState, EnvoyVirtualHost } from '../model/envoy.ts';
import type { Observation } from '../model/finding.ts';
import { attachmentOf } from './attachments.ts';
import type { Evidence } from './evidence.ts';
import { envoysOf } from './proxies.ts';
import { hostsMeet, type Server } from './servers.ts';

/** The routes that one Envoy holds for a server that ends TLS. */
export interface HeldRoutes {
  readonly envoy: EnvoyState;
  readonly config: EnvoyRouteConfig;
}

function isRouteConfigOf(server: Server, name: string): boolean {
  const route = readRouteName(name);
  if (route?.protocol !== 'https' || route.port !== server.port) return false;
  const { owner } = server;
  if (server.from === 'GatewayAPI') {
    const { madeFrom } = route;
    return (
      madeFrom?.kind === 'KubernetesGateway' && madeFrom.name === owner.name && madeFrom.listener === server.listener
    );
  }
  if (server.from === 'Ingress') return route.portName === server.portName;
  return route.gateway === owner.name && route.namespace === owner.namespace && route.portName === server.portName;
}

/** What each Envoy of a server's workloads holds as its routes; Envoys without it in the evidence are left out. */
export function heldRoutes(evidence: Evidence, server: Server): readonly HeldRoutes[] {
  const envoys = attachmentOf(evidence, server).workloads.flatMap((workload) => envoysOf(evidence, workload));
  return envoys.flatMap((envoy) =>
    (envoy.routeConfigs ?? [])
      .filter(({ name }) => isRouteConfigOf(server, name))
      .map((config): HeldRoutes => ({ envoy, config })),
  );
}

/** The virtual hosts with routes that take a host. A default one, which answers 404 alone, has none. */
export const virtualHostsFor = ({ config }: HeldRoutes, host: string): readonly EnvoyVirtualHost[] =>
  config.virtualHosts.filter(
    ({ domains, routes }) => routes.length > 0 && domains.some((domain) => hostsMeet(domain.toLowerCase(), host)),
  );

/** Whether the Envoys have routes for a host of a server: `some` is enough, since objects may be newer than a dump. */
export function routedInEnvoy(evidence: Evidence, server: Server, host: string): 'yes' | 'no' | 'unknown' {
  const held = heldRoutes(evidence, server);
  if (held.length === 0) return 'unknown';
  return held.some((one) => virtualHostsFor(one, host).length > 0) ? 'yes' : 'no';
}

export const heldRoutesWithout = (evidence: Evidence, server: Server, host: string): readonly Observation[] =>
  heldRoutes(evidence, server)
    .filter((one) => virtualHostsFor(one, host).length === 0)
    .map(({ envoy, config }) => ({
      source: 'config-dump',
      ref: `${envoy.namespace}/${envoy.pod}`,
      detail: `route ${config.name} has no virtual host for ${host}`,
    }));
