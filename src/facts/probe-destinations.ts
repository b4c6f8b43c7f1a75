import type { ConnectToRule, ResolveRule } from '../model/connect.ts';
import type { ProbeVia } from '../model/probe.ts';
import { outwardAddresses, servicesFor } from './addresses.ts';
import type { Evidence } from './evidence.ts';
import { placementsOf } from './listeners.ts';
import { bindingsOf } from './routes.ts';
import { takesName, type Server } from './servers.ts';
import { destinations, type Destination } from './targets.ts';

/** Rules of the user that take the place of what cluster and DNS say. */
export interface ConnectRules {
  readonly resolve: readonly ResolveRule[];
  readonly connectTo: readonly ConnectToRule[];
  readonly inCluster: boolean;
}

/** One connection that is worth making: a name, and an address or a pod to ask for it. */
export interface ProbeDestination {
  readonly destination: Destination;
  readonly host: string;
  readonly sni: string | null;
  /** An IP address, or a host name that has yet to be looked up. */
  readonly address: string;
  readonly port: number;
  readonly urlPort: number;
  readonly via: ProbeVia;
  readonly pod?: { readonly namespace: string; readonly pod: string };
  /** 0 first: what a client uses; then the pods, one name a server; then the rest. A budget cuts from behind. */
  readonly rank: 0 | 1 | 2;
}

/** A name that a wildcard takes: one that is routed, else one made up, which serves as well for SNI and certificate. */
export function concreteHost(evidence: Evidence, { host, server }: Destination): string | null {
  if (!host.startsWith('*')) return host;
  const routed = server ? bindingsOf(evidence, server).flatMap(({ virtualService }) => virtualService.hosts) : [];
  const known = routed.find((name) => !name.includes('*') && takesName(host, name));
  if (known !== undefined) return known;
  return host === '*' ? null : `istls-probe${host.slice(1)}`;
}

function byRules(rules: ConnectRules, host: string, port: number): readonly { address: string; port: number }[] {
  const connect = rules.connectTo.find(({ from }) => (from.host ?? host) === host && (from.port ?? port) === port);
  const [wantedHost, wantedPort] = [connect?.to.host ?? host, connect?.to.port ?? port];
  const resolve = rules.resolve.find(
    (rule) => (rule.host === '*' || rule.host === wantedHost) && rule.port === wantedPort,
  );
  if (resolve) return resolve.addresses.map((address) => ({ address, port: wantedPort }));
  return connect ? [{ address: wantedHost, port: wantedPort }] : [];
}

interface Reachable {
  readonly address: string;
  readonly port: number;
  readonly via: ProbeVia;
}

/** The addresses under which the outside reaches a server; node ports only where there is no balancer. */
function outward(evidence: Evidence, server: Server): readonly Reachable[] {
  const found = servicesFor(evidence, server).flatMap((service): readonly Reachable[] => {
    const port = service.ports.find(({ number }) => number === server.port);
    if (!port) return [];
    const balancer = outwardAddresses(service).map((address) => ({
      address,
      port: port.number,
      via: 'load-balancer' as const,
    }));
    if (balancer.length > 0 || port.nodePort === undefined) return balancer;
    const { nodePort } = port;
    const hosts = placementsOf(evidence, server).flatMap(({ workload }) =>
      workload.pods.flatMap(({ hostIp }) => hostIp ?? []),
    );
    return [...new Set(hosts)].map((address) => ({ address, port: nodePort, via: 'node-port' as const }));
  });
  return found;
}

function inward(evidence: Evidence, server: Server): readonly Reachable[] {
  return servicesFor(evidence, server).flatMap((service) =>
    service.ports.some(({ number }) => number === server.port)
      ? service.clusterIps.map((address) => ({ address, port: server.port, via: 'cluster-ip' as const }))
      : [],
  );
}

function podsOfServer(
  evidence: Evidence,
  server: Server,
): readonly (Reachable & { pod: { namespace: string; pod: string } })[] {
  return placementsOf(evidence, server).flatMap(({ workload, listenerPort }) =>
    workload.pods
      .filter(({ phase }) => phase === 'Running')
      .map(({ namespace, name, ip }) => ({
        address: ip ?? `${name}.${namespace}`,
        port: listenerPort,
        via: 'pod' as const,
        pod: { namespace, pod: name },
      })),
  );
}

/** What DNS gives for a host and no Service has: clients go there all the same. */
function fromDns(evidence: Evidence, host: string, known: readonly Reachable[], port: number): readonly Reachable[] {
  const answer = evidence.snapshot.dns.find((one) => one.host === host);
  const own = new Set(known.map(({ address }) => address));
  return [...(answer?.a ?? []), ...(answer?.aaaa ?? [])]
    .filter((address) => !own.has(address))
    .map((address) => ({ address, port, via: 'direct' as const }));
}

function ofDestination(evidence: Evidence, destination: Destination, rules: ConnectRules): readonly ProbeDestination[] {
  const { port, server } = destination;
  const name = concreteHost(evidence, destination);
  const host = name ?? destination.host;
  const shared = { destination, host: host === '*' ? 'localhost' : host, sni: name, urlPort: port };
  const ruled = byRules(rules, host, port);
  if (ruled.length > 0) return ruled.map((to) => ({ ...shared, ...to, via: 'direct' as const, rank: 0 as const }));
  const reachable = server ? (rules.inCluster ? inward(evidence, server) : outward(evidence, server)) : [];
  const dns = rules.inCluster || name === null ? [] : fromDns(evidence, host, reachable, port);
  const pods = server && !rules.inCluster ? podsOfServer(evidence, server) : [];
  const isFirst = server?.hosts[0]?.host === destination.host;
  return [
    ...reachable.map((to, index) => ({ ...shared, ...to, rank: index === 0 ? (0 as const) : (2 as const) })),
    ...dns.map((to) => ({ ...shared, ...to, rank: reachable.length === 0 ? (0 as const) : (2 as const) })),
    ...pods.map((to) => ({ ...shared, ...to, rank: isFirst ? (1 as const) : (2 as const) })),
  ];
}

/** Every connection worth making for what the run is about, the most telling first. */
export function probeDestinations(evidence: Evidence, rules: ConnectRules): readonly ProbeDestination[] {
  return destinations(evidence)
    .flatMap((destination) => ofDestination(evidence, destination, rules))
    .sort((a, b) => a.rank - b.rank);
}
