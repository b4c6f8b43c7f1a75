import { derive, type Evidence } from './evidence.ts';
import { attachments } from './attachments.ts';
import { release } from './mesh.ts';
import { byPrecedence, mergeServers, type Clash, type Drop, type Place } from './server-merge.ts';
import { servers, type Server } from './servers.ts';
import { servicesSelecting, targetPortNumber, type Service } from './services.ts';
import type { Workload } from './workloads.ts';

export { byPrecedence, type Drop };

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
  readonly clash?: Clash;
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
  const places = own.map((server): Place & { readonly service?: Service } => {
    const { port, service } = resolvePort(evidence, server, workload);
    const barred: Drop | undefined = privilegedPorts(evidence, workload, port)
      ? { reason: 'privileged-port', port }
      : !service && server.from === 'GatewayAPI'
        ? { reason: 'no-service-port' }
        : undefined;
    return { server, port, ...(service && { service }), ...(barred && { barred }) };
  });
  const { ports, drops } = mergeServers(places, workload.release ?? release(evidence));
  const placements = places
    .sort((a, b) => byPrecedence(a.server, b.server))
    .map(({ server, port, service }): Placement => {
      const drop = drops.get(server);
      return { server, workload, listenerPort: port, ...(service && { service }), ...(drop && { drop }) };
    });
  const listeners = ports.map((merged) => ({
    ...merged,
    key: `${workload.key}:${merged.bind}_${merged.port}`,
    workload,
  }));
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
