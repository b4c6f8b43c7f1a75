import { atLeast, before, type Release } from '../istio/release.ts';
import { isHttpProtocol, isTlsProtocol, terminatesTls, type Server } from './servers.ts';

/** Why istiod leaves a server out of a listener, and who is there instead. */
export type Drop =
  | { readonly reason: 'host'; readonly winner: Server; readonly hosts: readonly string[] }
  | { readonly reason: 'protocol'; readonly winner: Server }
  | { readonly reason: 'port-name'; readonly winner: Server }
  | { readonly reason: 'privileged-port'; readonly port: number }
  | { readonly reason: 'no-service-port' };

const age = (server: Server): string => server.owner.createdAt ?? '9999';

/** Two servers whose filter chains match one name: Envoy refuses the whole listener. */
export interface Clash {
  readonly a: Server;
  readonly b: Server;
  readonly name: string;
}

/** The order in which istiod takes Gateways: the oldest first, then by name, then by namespace. */
export function byPrecedence(a: Server, b: Server): number {
  return (
    age(a).localeCompare(age(b)) ||
    a.owner.name.localeCompare(b.owner.name) ||
    a.owner.namespace.localeCompare(b.owner.namespace) ||
    a.index - b.index
  );
}

/** The text by which istiod compares hosts: `./h` is `NAMESPACE/h`, a star as namespace falls away, case is kept. */
function comparedHost(server: Server, text: string): string {
  if (text.startsWith('./')) return `${server.owner.namespace}/${text.slice(2)}`;
  if (text.startsWith('*/')) return text.slice(2);
  return text;
}

const isTcp = (protocol: string): boolean => !isTlsProtocol(protocol) && !isHttpProtocol(protocol);

/** A listener while it is being filled. `owners` tells who has a host already. */
interface Group {
  readonly port: number;
  readonly bind: string;
  readonly accepted: Server[];
  readonly owners: Map<string, Server>;
  plaintext?: Server;
}

/** The first server of a listener that keeps another one out, by the table of istio-gateway-tls 6.1. */
function dropOf(server: Server, group: Group, rules: Release | undefined): Drop | undefined {
  if (isTlsProtocol(server.protocol)) {
    if (group.plaintext) return { reason: 'protocol', winner: group.plaintext };
    // 1.0 and 1.1 did not look: the duplicates reached Envoy, which refused the listener
    if (before(rules, 1, 2)) return dropByPortName(server, group, rules);
    const own = server.hosts.map(({ text }) => comparedHost(server, text));
    const winner = own.flatMap((host) => group.owners.get(host) ?? [])[0];
    if (!winner) return dropByPortName(server, group, rules);
    return { reason: 'host', winner, hosts: own.filter((host) => group.owners.get(host) === winner) };
  }
  const first = group.accepted[0];
  if (!first) return undefined;
  if (isTlsProtocol(first.protocol)) {
    return atLeast(rules, 1, 29) ? undefined : { reason: 'protocol', winner: first };
  }
  return isTcp(server.protocol) === isTcp(first.protocol) ? undefined : { reason: 'protocol', winner: first };
}

/**
 * The name of a server's routes is made of its port's number and name, and since 1.1 of its Gateway too: of two HTTPS
 * servers with one such name the later is left out (istio pilot/pkg/model/gateway.go, `non unique port name`).
 */
function dropByPortName(server: Server, group: Group, rules: Release | undefined): Drop | undefined {
  if (server.protocol !== 'HTTPS' || !terminatesTls(server)) return undefined;
  const alone = before(rules, 1, 1);
  const winner = group.accepted.find(
    (one) =>
      one.protocol === 'HTTPS' &&
      terminatesTls(one) &&
      one.portName === server.portName &&
      (alone || (one.owner === server.owner && one.port === server.port && server.from === 'Gateway')),
  );
  return winner && { reason: 'port-name', winner };
}

function accept(server: Server, group: Group): void {
  group.accepted.push(server);
  if (!isTlsProtocol(server.protocol)) {
    group.plaintext ??= server;
    return;
  }
  for (const { text } of server.hosts) {
    const host = comparedHost(server, text);
    if (!group.owners.has(host)) group.owners.set(host, server);
  }
}

/**
 * Two accepted TLS servers whose chains would match the same names once namespaces and case are gone. Chains that pass
 * TLS through have the names of their routes, not of their server.
 */
function clashOf(accepted: readonly Server[]): Clash | undefined {
  const taken = new Map<string, Server>();
  for (const server of accepted.filter(terminatesTls)) {
    const all = server.hosts.some(({ host }) => host === '*');
    const names = all ? ['*'] : [...new Set(server.hosts.map(({ host }) => host))];
    for (const name of names) {
      const other = taken.get(name);
      if (other && other !== server) return { a: other, b: server, name };
      taken.set(name, server);
    }
  }
  return undefined;
}

/** Where one server would go, and what keeps it from there before it meets any other. */
export interface Place {
  readonly server: Server;
  readonly port: number;
  readonly barred?: Drop;
}

/** One port and bind with the servers that istiod would take there, in order. */
export interface MergedPort {
  readonly port: number;
  readonly bind: string;
  readonly accepted: readonly Server[];
  readonly clash?: Clash;
}

/**
 * Merges servers into listeners as istiod does for one workload, the oldest Gateway first (istio-gateway-tls 6.1).
 * `drops` holds those that are left out.
 */
export function mergeServers(
  places: readonly Place[],
  rules: Release | undefined,
): { readonly ports: readonly MergedPort[]; readonly drops: ReadonlyMap<Server, Drop> } {
  const groups = new Map<string, Group>();
  const drops = new Map<Server, Drop>();
  for (const { server, port, barred } of [...places].sort((a, b) => byPrecedence(a.server, b.server))) {
    const bind = server.bind ?? '';
    const key = `${bind}_${port}`;
    const group = groups.get(key) ?? { port, bind, accepted: [], owners: new Map() };
    groups.set(key, group);
    const drop = barred ?? dropOf(server, group, rules);
    if (drop) drops.set(server, drop);
    else accept(server, group);
  }
  const ports = [...groups.values()].map(({ port, bind, accepted }) => {
    const clash = clashOf(accepted);
    return { port, bind, accepted, ...(clash && { clash }) };
  });
  return { ports, drops };
}
