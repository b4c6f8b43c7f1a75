import { atLeast, before, type Release } from '../istio/release.ts';
import { derive, type Evidence } from './evidence.ts';
import { attachments } from './attachments.ts';
import { release } from './mesh.ts';
import { isHttpProtocol, isTlsProtocol, servers, type Server } from './servers.ts';
import { servicesSelecting, targetPortNumber, type Service } from './services.ts';
import type { Workload } from './workloads.ts';

/** Why istiod leaves a server out of a listener, and who is there instead. */
export type Drop =
  | { readonly reason: 'host'; readonly winner: Server; readonly hosts: readonly string[] }
  | { readonly reason: 'protocol'; readonly winner: Server }
  | { readonly reason: 'port-name'; readonly winner: Server }
  | { readonly reason: 'privileged-port'; readonly port: number }
  | { readonly reason: 'no-service-port' };

/** One server on one workload: the port that Envoy binds for it, and whether it gets there. */
export interface Placement {
  readonly server: Server;
  readonly workload: Workload;
  /** The port that Envoy binds. */
  readonly listenerPort: number;
  /** The Service whose port leads there; none: the Gateway's number is used as it is, and no Service leads to it. */
  readonly service?: Service;
  readonly drop?: Drop;
}

/** A listener as istiod would build it: the servers on one port and bind of one workload, those accepted in order. */
export interface Listener {
  readonly key: string;
  readonly workload: Workload;
  readonly port: number;
  readonly bind: string;
  readonly accepted: readonly Server[];
  /** Chains that Envoy will refuse because two servers match the same names: the whole listener is refused. */
  readonly clash?: { readonly a: Server; readonly b: Server; readonly name: string };
}

/** The port that Envoy binds for a server, and the Service that says so (istio-gateway-tls 1.4). */
function resolvePort(evidence: Evidence, server: Server, workload: Workload): { port: number; service?: Service } {
  const owners = servicesSelecting(evidence, workload.namespace, workload.labels);
  for (const service of owners) {
    if (service.resource.labels['experimental.istio.io/disable-gateway-port-translation'] === 'true') continue;
    const port = service.ports.find(({ number, protocol }) => number === server.port && protocol === 'TCP');
    if (!port) continue;
    const target = targetPortNumber(port, { ports: workload.ports });
    return { port: target ?? port.number, service };
  }
  const direct = owners.find((service) =>
    service.ports.some((port) => targetPortNumber(port, { ports: workload.ports }) === server.port),
  );
  return { port: server.port, ...(direct && { service: direct }) };
}

const age = (server: Server): string => server.owner.createdAt ?? '9999';

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
    if (!winner) return undefined;
    return { reason: 'host', winner, hosts: own.filter((host) => group.owners.get(host) === winner) };
  }
  const first = group.accepted[0];
  if (!first) return undefined;
  if (isTlsProtocol(first.protocol)) {
    return atLeast(rules, 1, 29) ? undefined : { reason: 'protocol', winner: first };
  }
  return isTcp(server.protocol) === isTcp(first.protocol) ? undefined : { reason: 'protocol', winner: first };
}

/** In 1.0 the name of an HTTPS server's port had to differ from every other on the listener. */
function dropByPortName(server: Server, group: Group, rules: Release | undefined): Drop | undefined {
  if (!before(rules, 1, 1) || server.protocol !== 'HTTPS') return undefined;
  const winner = group.accepted.find((one) => one.protocol === 'HTTPS' && one.portName === server.portName);
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

/** Two accepted TLS servers whose chains would match the same names once namespaces and case are gone. */
function clashOf(accepted: readonly Server[]): Listener['clash'] {
  const taken = new Map<string, Server>();
  for (const server of accepted.filter(({ protocol }) => isTlsProtocol(protocol))) {
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

const privilegedPorts = (evidence: Evidence, workload: Workload, port: number): boolean =>
  port < 1024 &&
  evidence.snapshot.settings.some(
    ({ namespace, workload: name, name: setting, value }) =>
      namespace === workload.namespace &&
      name === workload.name &&
      /^ISTIO_META_UNPRIVILEGED_POD$/.test(setting) &&
      value === 'true',
  );

interface Layout {
  readonly listeners: readonly Listener[];
  readonly placements: readonly Placement[];
}

function layOut(evidence: Evidence, workload: Workload, own: readonly Server[]): Layout {
  const groups = new Map<string, Group>();
  const placements: Placement[] = [];
  for (const server of [...own].sort(byPrecedence)) {
    const { port, service } = resolvePort(evidence, server, workload);
    const bind = server.bind ?? '';
    const key = `${bind}_${port}`;
    const group = groups.get(key) ?? { port, bind, accepted: [], owners: new Map() };
    groups.set(key, group);
    const drop: Drop | undefined = privilegedPorts(evidence, workload, port)
      ? { reason: 'privileged-port', port }
      : !service && server.from === 'GatewayAPI'
        ? { reason: 'no-service-port' }
        : dropOf(server, group, workload.release ?? release(evidence));
    if (!drop) accept(server, group);
    placements.push({ server, workload, listenerPort: port, ...(service && { service }), ...(drop && { drop }) });
  }
  const listeners = [...groups.values()].map(({ port, bind, accepted }) => {
    const clash = clashOf(accepted);
    return {
      key: `${workload.key}:${bind}_${port}`,
      workload,
      port,
      bind,
      accepted,
      ...(clash && { clash }),
    };
  });
  return { listeners, placements };
}

/** What each gateway workload would listen on, by the rules of its release. */
export const layout = derive((evidence): Layout => {
  const byWorkload = new Map<Workload, Server[]>();
  for (const server of servers(evidence)) {
    for (const workload of attachments(evidence).get(server.key)?.workloads ?? []) {
      const own = byWorkload.get(workload);
      if (own) own.push(server);
      else byWorkload.set(workload, [server]);
    }
  }
  const all = [...byWorkload].map(([workload, own]) => layOut(evidence, workload, own));
  return { listeners: all.flatMap((one) => one.listeners), placements: all.flatMap((one) => one.placements) };
});

const placementsByServer = derive((evidence) => Map.groupBy(layout(evidence).placements, ({ server }) => server.key));

/** Where a server ends up: one placement for each workload that takes it. */
export const placementsOf = (evidence: Evidence, server: Server): readonly Placement[] =>
  placementsByServer(evidence).get(server.key) ?? [];

/** Whether a server is in force on at least one workload. */
export const isServed = (evidence: Evidence, server: Server): boolean =>
  placementsOf(evidence, server).some(({ drop }) => drop === undefined);
