import type { Target } from '../model/snapshot.ts';
import { attachmentOf } from './attachments.ts';
import { derive, type Evidence } from './evidence.ts';
import { placementsOf } from './listeners.ts';
import { isTlsProtocol, servers, takesName, type Server } from './servers.ts';
import { podsOf, services } from './services.ts';

/** One host on one port that clients reach, and the server that is meant to answer; none when no server has the host. */
export interface Destination {
  readonly host: string;
  readonly port: number;
  readonly server?: Server;
  /** The path of the request, from `https://host/path`. */
  readonly path?: string;
}

const specificity = (pattern: string): number =>
  pattern === '*' ? 0 : pattern.startsWith('*.') ? pattern.length : 1e6;

/** How well a server takes a name: by its most specific host that does; undefined when none does. */
function fit(server: Server, name: string | null): number | undefined {
  const fits = server.hosts.flatMap(({ host }) =>
    name === null ? (host === '*' ? [0] : []) : takesName(host, name) ? [specificity(host)] : [],
  );
  return fits.length === 0 ? undefined : Math.max(...fits);
}

const serversByPort = derive((evidence) => Map.groupBy(servers(evidence), ({ port }) => port));

/** A server for TLS clients: one that speaks TLS, or was meant to (it has TLS settings, or stands on 443). */
export const isForTls = (server: Server): boolean =>
  isTlsProtocol(server.protocol) || (server.tls?.written === true && !server.tls.httpsRedirect) || server.port === 443;

/**
 * The server that a client's name leads to on a port, as Envoy chooses: the exact name, then the longest wildcard, then
 * the one for everything; of equals the one that is in force.
 */
export function serverFor(evidence: Evidence, name: string | null, port: number): Server | undefined {
  const candidates = (serversByPort(evidence).get(port) ?? []).flatMap((server) => {
    const score = fit(server, name);
    return score === undefined ? [] : [{ server, score }];
  });
  const best = Math.max(...candidates.map(({ score }) => score));
  const equals = candidates.filter(({ score }) => score === best).map(({ server }) => server);
  return (
    equals.find((server) => placementsOf(evidence, server).some(({ drop }) => !drop)) ??
    equals.find((server) => attachmentOf(evidence, server).workloads.length > 0) ??
    equals[0]
  );
}

const destinationsOf = (server: Server): readonly Destination[] =>
  server.hosts.map(({ host }) => ({ host, port: server.port, server }));

/** Hosts that somebody probed by name at the gateway and that no server takes: they are what the run is about, too. */
function probedElsewhere(evidence: Evidence): readonly Destination[] {
  const unserved = evidence.snapshot.probes.filter(({ sni, port }) => sni !== null && !serverFor(evidence, sni, port));
  const known = new Map(unserved.map(({ sni, port }) => [`${sni}:${port}`, { host: sni ?? '', port }]));
  return [...known.values()];
}

/** Every TLS host of every gateway, and hosts that were asked of it in vain. */
export const allDestinations = derive((evidence): readonly Destination[] => [
  ...servers(evidence).filter(isForTls).flatMap(destinationsOf),
  ...probedElsewhere(evidence),
]);

function ofHost(evidence: Evidence, target: Extract<Target, { kind: 'host' }>): readonly Destination[] {
  const { host, path } = target;
  const ports = target.port === undefined ? tlsPortsOf(evidence, host) : [target.port];
  return ports.map((port) => {
    const server = serverFor(evidence, host, port);
    return { host, port, ...(server && { server }), ...(path !== undefined && { path }) };
  });
}

/** The ports on which a TLS server takes the host; 443 where none does. */
function tlsPortsOf(evidence: Evidence, host: string): readonly number[] {
  const taking = servers(evidence).filter((server) => isForTls(server) && fit(server, host) !== undefined);
  const ports = [...new Set(taking.map(({ port }) => port))].sort((a, b) => a - b);
  return ports.length > 0 ? ports : [443];
}

function ofObject(evidence: Evidence, target: Exclude<Target, { kind: 'host' | 'address' }>): readonly Destination[] {
  const { kind, namespace, name } = target;
  const own = servers(evidence).filter((server) => {
    if (kind === 'gateway' || kind === 'ingress' || kind === 'gtw') {
      const from = { gateway: 'Gateway', ingress: 'Ingress', gtw: 'GatewayAPI' }[kind];
      return server.from === from && server.owner.namespace === namespace && server.owner.name === name;
    }
    const { workloads } = attachmentOf(evidence, server);
    const podNames = workloads.flatMap(({ pods }) => pods).filter((pod) => pod.namespace === namespace);
    if (kind === 'pod') return podNames.some((pod) => pod.name === name);
    const service = services(evidence).find((one) => one.namespace === namespace && one.name === name);
    const behind = new Set(service ? podsOf(evidence, service).map((pod) => pod.name) : []);
    return podNames.some((pod) => behind.has(pod.name));
  });
  return own.filter(isForTls).flatMap(destinationsOf);
}

/** What the run is about: what was asked for, else every TLS host; `-n` keeps those whose objects are in its namespaces. */
export const destinations = derive((evidence): readonly Destination[] => {
  const { targets, namespaces } = evidence.snapshot.question;
  const asked =
    targets.length === 0
      ? allDestinations(evidence)
      : targets.flatMap((target) => {
          if (target.kind === 'host') return ofHost(evidence, target);
          if (target.kind === 'address') return allDestinations(evidence).filter(({ port }) => port === target.port);
          return ofObject(evidence, target);
        });
  if (namespaces.length === 0) return asked;
  return asked.filter(({ server }) => server !== undefined && namespaces.includes(server.owner.namespace));
});
