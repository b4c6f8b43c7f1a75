import { derive, type Evidence } from './evidence.ts';
import { hostAdmits, serversOfReference, virtualServices, type VirtualService } from './routes.ts';
import { hostsMeet, servers, type Server } from './servers.ts';
import { serviceEntriesFor } from './service-entries.ts';
import { unroutedHostsOf, type UnroutedHost } from './unrouted-hosts.ts';

/** A host of a VirtualService that no server of the Gateways it names takes. */
export interface StrayHost {
  readonly virtualService: VirtualService;
  readonly host: string;
  /** `spec.hosts[0]`. */
  readonly path: string;
  /** Servers of the Gateways that it names. */
  readonly named: readonly Server[];
  /** Servers, of whatever Gateway, that have the host. */
  readonly takenBy: readonly Server[];
  /** Servers whose hosts meet and whose namespace prefix keeps this VirtualService out. */
  readonly keptOutBy: readonly Server[];
}

/** Names that are only meant for sidecars: of Services, and without a dot. */
const isInternal = (evidence: Evidence, host: string): boolean =>
  !host.includes('.') || /\.svc(?:\.|$)|\.local$/.test(host) || serviceEntriesFor(evidence, host).length > 0;

const serversByHost = derive((evidence) => {
  const all = servers(evidence).flatMap((server) => server.hosts.map(({ host }) => ({ host, server })));
  return {
    exact: Map.groupBy(all, ({ host }) => host),
    wildcards: all.filter(({ host }) => host.startsWith('*')),
  };
});

/** Every server that has a host, or a host that meets it where one of the two is a wildcard. */
export function serversMeeting(evidence: Evidence, host: string): readonly Server[] {
  const { exact, wildcards } = serversByHost(evidence);
  const own = host.startsWith('*')
    ? [...exact].flatMap(([name, found]) => (hostsMeet(name, host) ? found : []))
    : (exact.get(host) ?? []);
  const found = [...own, ...wildcards.filter((one) => hostsMeet(one.host, host))];
  return [...new Set(found.map(({ server }) => server))];
}

function strayHostsOf(evidence: Evidence, virtualService: VirtualService): readonly StrayHost[] {
  const { gateways, hosts, bindsMesh, resource } = virtualService;
  if (gateways.length === 0 || gateways.some(({ gateway }) => gateway.state !== 'found')) return [];
  const named = [...new Set(gateways.flatMap((reference) => serversOfReference(evidence, reference)))];
  if (named.length === 0) return [];
  return hosts.flatMap((host, index) => {
    const meeting = named.filter((server) => server.hosts.some((own) => hostsMeet(own.host, host)));
    if (meeting.some((server) => server.hosts.some((own) => hostAdmits(server, own, resource, host)))) return [];
    if (bindsMesh || host === '*' || isInternal(evidence, host)) return [];
    const takenBy = serversMeeting(evidence, host).filter((server) => !meeting.includes(server));
    return [{ virtualService, host, path: `spec.hosts[${index}]`, named, takenBy, keptOutBy: meeting }];
  });
}

/** Hosts that end nowhere although the Gateways that are named exist, those of one VirtualService together. */
export const strayHostsByOwner = derive((evidence): readonly (readonly StrayHost[])[] =>
  virtualServices(evidence)
    .map((virtualService) => strayHostsOf(evidence, virtualService))
    .filter((strays) => strays.length > 0),
);

/** Hosts that wait for routes at the Gateways that a VirtualService names, and at those that have its hosts. */
export function waitingHosts(evidence: Evidence, strays: readonly StrayHost[]): readonly UnroutedHost[] {
  const elsewhere = [...new Set(strays.flatMap(({ takenBy }) => takenBy))];
  const named = [...new Set(strays.flatMap((stray) => stray.named))];
  return [
    ...elsewhere.flatMap((server) => unroutedHostsOf(evidence, server).filter(({ missed }) => missed.length === 0)),
    ...named.flatMap((server) => unroutedHostsOf(evidence, server)),
  ];
}

/**
 * Whether it is the VirtualService that has the wrong hosts: none is admitted by the Gateways that it names, while one of
 * their hosts waits for a route, or another Gateway has the host. Otherwise it is the Gateway that lacks a host.
 */
export const isMismatch = (evidence: Evidence, strays: readonly StrayHost[]): boolean =>
  strays.length === strays[0]?.virtualService.hosts.length &&
  (waitingHosts(evidence, strays).length > 0 ||
    strays.some(({ takenBy, keptOutBy }) => takenBy.length + keptOutBy.length > 0));
