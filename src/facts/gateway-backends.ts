import { numberAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { attachmentOf } from './attachments.ts';
import { backendOf, type Backend } from './destinations.ts';
import { derive, type Evidence } from './evidence.ts';
import { attachedRoutes } from './gateway-api-routes.ts';
import { httpRulesOf, isCatchAll, obstacleOfRule } from './http-rules.ts';
import { bindingsOf, completeHost, type RouteBinding } from './routes.ts';
import { hostsMeet, isTlsProtocol, servers, type Server } from './servers.ts';
import { isForTls } from './targets.ts';

/** A backend to which a TLS server sends requests or bytes. */
export interface BackendUse {
  readonly server: Server;
  /** Hosts of the server whose requests get there. */
  readonly hosts: readonly string[];
  /** The VirtualService, route or Ingress that names it, and the field. */
  readonly owner: Resource;
  readonly path: string;
  readonly section: 'http' | 'tcp' | 'tls';
  readonly backend: Backend;
  /** Namespaces of the gateway's pods. */
  readonly clients: readonly string[];
  /** Whether all that is asked of the host goes there: its rule takes everything, and has no other destination. */
  readonly isWhole: boolean;
}

/** The section of a VirtualService that a server goes by (istio-gateway-tls 6.6). */
export function sectionOf(server: Server): 'http' | 'tcp' | 'tls' {
  if (!isTlsProtocol(server.protocol)) return server.protocol === 'TCP' ? 'tcp' : 'http';
  if (server.tls?.mode === 'PASSTHROUGH' || server.tls?.mode === 'AUTO_PASSTHROUGH') return 'tls';
  return server.protocol === 'HTTPS' ? 'http' : 'tcp';
}

interface Weighted {
  readonly path: string;
  readonly destination: JsonObject;
}

/** The destinations of a rule that get any traffic. One alone gets all of it, whatever its weight. */
function destinationsOf(rule: JsonObject, path: string): readonly Weighted[] {
  const all = objectsAt(rule, 'route');
  const isWeighted = all.some(({ value }) => (numberAt(value, 'weight') ?? 0) > 0);
  return all.flatMap(({ index, value }) => {
    const destination = objectAt(value, 'destination');
    const gets = all.length === 1 || !isWeighted || (numberAt(value, 'weight') ?? 0) > 0;
    return destination && gets ? [{ path: `${path}.route[${index}].destination`, destination }] : [];
  });
}

const clientsOf = (evidence: Evidence, server: Server): readonly string[] => [
  ...new Set(attachmentOf(evidence, server).workloads.map(({ namespace }) => namespace)),
];

function useOf(
  evidence: Evidence,
  binding: RouteBinding,
  owner: Resource,
  one: Weighted,
): Omit<BackendUse, 'isWhole'> | undefined {
  const { server, hosts } = binding;
  const host = textAt(one.destination, 'host');
  if (host === undefined || host === '') return undefined;
  const port = numberAt(one.destination, 'port', 'number');
  const subset = textAt(one.destination, 'subset');
  const clients = clientsOf(evidence, server);
  return {
    server,
    hosts: meetingHosts(server, hosts),
    owner,
    path: one.path,
    section: sectionOf(server),
    clients,
    backend: backendOf(evidence, {
      host: completeHost(host, owner.namespace).toLowerCase(),
      serverPort: server.port,
      clients,
      ...(port !== undefined && { port }),
      ...(subset !== undefined && subset !== '' && { subset }),
    }),
  };
}

/** The hosts of a server that a binding is about: the narrower of the two names where one is a wildcard. */
function meetingHosts(server: Server, hosts: readonly string[]): readonly string[] {
  const own = server.hosts.map(({ host }) => host);
  return [
    ...new Set(
      hosts.flatMap((host) =>
        own
          .filter((one) => hostsMeet(one, host))
          .map((one) => (host.startsWith('*') && !one.startsWith('*') ? one : host)),
      ),
    ),
  ];
}

function ofHttp(evidence: Evidence, binding: RouteBinding): readonly BackendUse[] {
  return httpRulesOf(evidence, binding.virtualService).flatMap((rule) => {
    if (obstacleOfRule(evidence, rule, binding)) return [];
    const all = destinationsOf(rule.rule, rule.path);
    const isWhole = all.length === 1 && isCatchAll(evidence, rule, binding);
    return all.flatMap((one) => {
      const use = useOf(evidence, binding, rule.owner, one);
      return use ? [{ ...use, isWhole }] : [];
    });
  });
}

/** Rules of `tcp` and `tls`: what they ask for beyond the port plays no part here. */
function ofBytes(evidence: Evidence, binding: RouteBinding, section: 'tcp' | 'tls'): readonly BackendUse[] {
  const { server, virtualService } = binding;
  return objectsAt(virtualService.resource.body, 'spec', section).flatMap(({ index, value: rule }) => {
    const matches = objectsAt(rule, 'match');
    const fits = ({ value }: { value: JsonObject }): boolean =>
      [undefined, 0, server.port].includes(numberAt(value, 'port'));
    if (matches.length > 0 && !matches.some(fits)) return [];
    const all = destinationsOf(rule, `spec.${section}[${index}]`);
    return all.flatMap((one) => {
      const use = useOf(evidence, binding, virtualService.resource, one);
      return use ? [{ ...use, isWhole: all.length === 1 }] : [];
    });
  });
}

function ofGateway(evidence: Evidence, server: Server): readonly BackendUse[] {
  const section = sectionOf(server);
  return bindingsOf(evidence, server).flatMap((binding) =>
    section === 'http' ? ofHttp(evidence, binding) : ofBytes(evidence, binding, section),
  );
}

/** Routes of the Gateway API: the backend is a Service, named by its name and namespace. */
function ofRoutes(evidence: Evidence, server: Server): readonly BackendUse[] {
  const clients = clientsOf(evidence, server);
  return attachedRoutes(evidence, server).flatMap(({ route }) => {
    const hosts =
      route.hostnames.length === 0 ? server.hosts.map(({ host }) => host) : meetingHosts(server, route.hostnames);
    const used = route.backends.filter(({ kind, weight }) => kind === 'Service' && weight > 0);
    return used.map(({ path, namespace, name, port }) => ({
      server,
      hosts,
      owner: route.resource,
      path,
      section: sectionOf(server),
      clients,
      isWhole: used.length === 1,
      backend: backendOf(evidence, {
        host: completeHost(name, namespace).toLowerCase(),
        clients,
        ...(port !== undefined && { port }),
      }),
    }));
  });
}

function ofIngress(evidence: Evidence, server: Server): readonly BackendUse[] {
  const { owner } = server;
  const own = server.hosts.map(({ host }) => host);
  const clients = clientsOf(evidence, server);
  return objectsAt(owner.body, 'spec', 'rules').flatMap(({ index, value: rule }) => {
    const host = (textAt(rule, 'host') ?? '*').toLowerCase();
    if (!own.some((one) => hostsMeet(one, host))) return [];
    const paths = objectsAt(rule, 'http', 'paths');
    return paths.flatMap(({ index: place, value }): readonly BackendUse[] => {
      const name = textAt(value, 'backend', 'service', 'name') ?? textAt(value, 'backend', 'serviceName');
      const port = numberAt(value, 'backend', 'service', 'port', 'number') ?? numberAt(value, 'backend', 'servicePort');
      if (name === undefined) return [];
      const backend = backendOf(evidence, {
        host: completeHost(name, owner.namespace).toLowerCase(),
        clients,
        ...(port !== undefined && { port }),
      });
      const path = `spec.rules[${index}].http.paths[${place}].backend`;
      const hosts = meetingHosts(server, [host]);
      return [{ server, hosts, owner, path, section: 'http', clients, isWhole: paths.length === 1, backend }];
    });
  });
}

const ways = { Gateway: ofGateway, GatewayAPI: ofRoutes, Ingress: ofIngress } as const;

/** Every backend of every TLS server that some workload takes. */
export const gatewayBackends = derive((evidence): readonly BackendUse[] =>
  servers(evidence)
    .filter((server) => isForTls(server) && server.tls?.mode !== 'AUTO_PASSTHROUGH')
    .filter((server) => {
      const { workloads, gap } = attachmentOf(evidence, server);
      return workloads.length > 0 || gap !== undefined;
    })
    .flatMap((server) => ways[server.from](evidence, server)),
);
