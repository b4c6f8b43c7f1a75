import { kinds } from '../kubernetes/kinds.ts';
import { objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import { derive, type Evidence } from './evidence.ts';
import { probesOf } from './probes.ts';
import { bindingsOf } from './routes.ts';
import { hostsMeet, servers, takesName, terminatesTls, type Server } from './servers.ts';

/** A name that clients ask a server for, and how it is known. */
export interface AskedName {
  readonly host: string;
  /**
   * `listed`: a host of the server; `route`: a host of a route, of which the server takes all by a wildcard; `probe`: a
   * client asked for it.
   */
  readonly by: 'listed' | 'route' | 'probe';
  /** Whether any route answers for it: a name without one gets a 404 at best. */
  readonly routed: boolean;
  /** Whether clients may reach it over plain HTTP instead, by a server that does not redirect them. */
  readonly alsoPlain: boolean;
}

const routeKinds = [kinds.httpRoute, kinds.grpcRoute, kinds.tlsRoute] as const;

/** Host names of the Gateway API's routes by the Gateway they name; none means every host of the listener. */
const routeHosts = derive((evidence) => {
  const found = new Map<string, { readonly section: string | undefined; readonly hosts: readonly string[] }[]>();
  for (const route of routeKinds.flatMap((kind) => evidence.list(kind).items)) {
    const hosts = textsAt(route.body, 'spec', 'hostnames').map((host) => host.toLowerCase());
    for (const { value } of objectsAt(route.body, 'spec', 'parentRefs')) {
      const key = `${textAt(value, 'namespace') ?? route.namespace}/${textAt(value, 'name') ?? ''}`;
      const known = found.get(key) ?? [];
      known.push({ section: textAt(value, 'sectionName'), hosts });
      found.set(key, known);
    }
  }
  return found;
});

function routesOf(evidence: Evidence, server: Server): readonly string[] {
  const { owner, from, listener } = server;
  if (from === 'Ingress') {
    return objectsAt(owner.body, 'spec', 'rules').map(({ value }) => (textAt(value, 'host') ?? '*').toLowerCase());
  }
  if (from === 'Gateway') return bindingsOf(evidence, server).flatMap(({ hosts }) => hosts);
  return (routeHosts(evidence).get(`${owner.namespace}/${owner.name}`) ?? []).flatMap(({ section, hosts }) => {
    if (section !== undefined && section !== listener) return [];
    return hosts.length > 0 ? hosts : server.hosts.map(({ host }) => host);
  });
}

const isWildcard = (host: string): boolean => host.startsWith('*');

const plainServers = derive((evidence) =>
  servers(evidence).filter(
    (server) => !terminatesTls(server) && server.protocol.startsWith('HTTP') && server.protocol !== 'HTTPS',
  ),
);

const plainByOwner = derive((evidence) =>
  Map.groupBy(plainServers(evidence), ({ owner }) => `${owner.kind}/${owner.namespace}/${owner.name}`),
);

/** Whether a plain HTTP server of the same object takes the name and lets it pass. */
function isPlainToo(evidence: Evidence, { owner }: Server, host: string): boolean {
  const plain = plainByOwner(evidence).get(`${owner.kind}/${owner.namespace}/${owner.name}`) ?? [];
  return plain.some(({ hosts, tls }) => tls?.httpsRedirect !== true && hosts.some((own) => takesName(own.host, host)));
}

/**
 * The names that clients ask a server for: its own hosts; for its wildcards, the hosts of the routes that they take; and
 * what clients were seen to ask. A wildcard for which no narrower name is known stands for itself; `*` does not.
 */
export const namesAsked = (evidence: Evidence, server: Server): readonly AskedName[] => askedOf(evidence)(server);

const askedOf = derive((evidence) => {
  const known = new Map<string, readonly AskedName[]>();
  return (server: Server): readonly AskedName[] => {
    const names = known.get(server.key) ?? collect(evidence, server);
    known.set(server.key, names);
    return names;
  };
});

function collect(evidence: Evidence, server: Server): readonly AskedName[] {
  const routed = routesOf(evidence, server);
  const isRouted = (host: string): boolean => routed.some((route) => hostsMeet(route, host));
  const named = (host: string, by: AskedName['by']): AskedName => ({
    host,
    by,
    routed: by === 'route' || isRouted(host),
    alsoPlain: isPlainToo(evidence, server, host),
  });
  const names = new Map<string, AskedName>();
  const add = (host: string, by: AskedName['by']): void => {
    if (!names.has(host)) names.set(host, named(host, by));
  };
  for (const { host } of server.hosts) {
    if (!isWildcard(host)) {
      add(host, 'listed');
      continue;
    }
    const within = routed.filter((route) => !isWildcard(route) && takesName(host, route));
    for (const route of within) add(route, 'route');
    const narrower = routed.filter(
      (route) => isWildcard(route) && route !== '*' && route !== host && hostsMeet(host, route),
    );
    for (const route of narrower) if (route.length > host.length) add(route, 'route');
    if (host !== '*' && within.length + narrower.length === 0) add(host, 'listed');
  }
  // our own probes make up names for wildcards
  for (const { probe } of probesOf(evidence)(server)) {
    if (probe.sni !== null && probe.own !== true) add(probe.sni.toLowerCase(), 'probe');
  }
  return [...names.values()];
}
