import { kinds } from '../kubernetes/kinds.ts';
import { isObject, listAt, numberAt, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import type { Lookup } from '../model/coverage.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { attachmentOf } from './attachments.ts';
import { meshConfig } from './mesh.ts';
import { hostsMeet, servers, type Server, type ServerHost } from './servers.ts';

/** A name in `spec.gateways` of a VirtualService and the Gateway it means. */
export interface GatewayReference {
  readonly text: string;
  /** `spec.gateways[0]`. */
  readonly path: string;
  readonly namespace: string;
  readonly name: string;
  readonly gateway: Lookup<Resource>;
}

/** A destination of a route: host as written, and the Service or ServiceEntry that it means. */
export interface Destination {
  readonly virtualService: Resource;
  readonly section: 'http' | 'tcp' | 'tls';
  /** `spec.http[0].route[0].destination`. */
  readonly path: string;
  readonly host: string;
  /** The full name: short names are completed with the VirtualService's namespace (runbook D3). */
  readonly fqdn: string;
  readonly port?: number;
  readonly subset?: string;
  readonly rule: JsonObject;
}

export interface VirtualService {
  readonly resource: Resource;
  readonly hosts: readonly string[];
  readonly gateways: readonly GatewayReference[];
  readonly bindsMesh: boolean;
  /** Namespaces it is visible in, by itself or by what the mesh says for all; empty: every namespace. */
  readonly exportTo: readonly string[];
  readonly destinations: readonly Destination[];
  readonly sections: readonly ('http' | 'tcp' | 'tls')[];
}

/** A VirtualService that gives a server routes, for the hosts that both have. */
export interface RouteBinding {
  readonly server: Server;
  readonly virtualService: VirtualService;
  readonly hosts: readonly string[];
}

/** The legacy form `NAME.NAMESPACE.svc.cluster.local` still resolves; `NAME` is in the VirtualService's own namespace. */
function readGatewayReference(evidence: Evidence, resource: Resource, text: string, index: number): GatewayReference {
  const slash = text.indexOf('/');
  const fqdn = /^([^./]+)\.([^./]+)\.svc(\..+)?$/.exec(text);
  let namespace = resource.namespace;
  let name = text;
  if (slash >= 0) {
    namespace = text.slice(0, slash);
    name = text.slice(slash + 1);
  } else if (fqdn) {
    name = fqdn[1] ?? text;
    namespace = fqdn[2] ?? resource.namespace;
  }
  const gateway = evidence.get(kinds.gateway, namespace, name);
  return { text, path: `spec.gateways[${index}]`, namespace, name, gateway };
}

/** A host of a destination as istiod completes it: a name without a dot is a Service beside the VirtualService. */
export function completeHost(host: string, namespace: string, domain = 'cluster.local'): string {
  return host.includes('.') || host === '*' ? host : `${host}.${namespace}.svc.${domain}`;
}

const sections = ['http', 'tcp', 'tls'] as const;

function destinationsOf(resource: Resource): readonly Destination[] {
  return sections.flatMap((section) =>
    objectsAt(resource.body, 'spec', section).flatMap(({ index, value: rule }) =>
      objectsAt(rule, 'route').flatMap(({ index: route, value }) => {
        const destination = objectAt(value, 'destination');
        const host = textAt(destination, 'host');
        if (host === undefined) return [];
        const port = numberAt(destination, 'port', 'number');
        const subset = textAt(destination, 'subset');
        return [
          {
            virtualService: resource,
            section,
            path: `spec.${section}[${index}].route[${route}].destination`,
            host,
            fqdn: completeHost(host, resource.namespace),
            rule,
            ...(port !== undefined && { port }),
            ...(subset !== undefined && subset !== '' && { subset }),
          },
        ];
      }),
    ),
  );
}

function readVirtualService(evidence: Evidence, resource: Resource): VirtualService {
  const names = textsAt(resource.body, 'spec', 'gateways');
  const written = listAt(resource.body, 'spec', 'gateways');
  const exportTo = textsAt(resource.body, 'spec', 'exportTo');
  return {
    resource,
    hosts: textsAt(resource.body, 'spec', 'hosts').map((host) => host.toLowerCase()),
    gateways: written.flatMap((text, index) =>
      typeof text === 'string' && text !== 'mesh' ? [readGatewayReference(evidence, resource, text, index)] : [],
    ),
    bindsMesh: names.length === 0 || names.includes('mesh'),
    exportTo: exportTo.length > 0 ? exportTo : textsAt(meshConfig(evidence).mesh, 'defaultVirtualServiceExportTo'),
    destinations: destinationsOf(resource),
    sections: sections.filter((section) => listAt(resource.body, 'spec', section).some(isObject)),
  };
}

export const virtualServices = derive((evidence): readonly VirtualService[] =>
  evidence.list(kinds.virtualService).items.map((resource) => readVirtualService(evidence, resource)),
);

/** Whether a VirtualService is visible in a namespace. Without `exportTo` it is visible everywhere. */
export function isExportedTo(resource: Resource, exportTo: readonly string[], namespace: string): boolean {
  if (exportTo.length === 0 || exportTo.includes('*')) return true;
  return exportTo.includes(namespace) || (exportTo.includes('.') && resource.namespace === namespace);
}

/** Whether a server's host admits a VirtualService's host: the names meet, and the namespace is one it allows. */
export function hostAdmits(server: Server, own: ServerHost, resource: Resource, host: string): boolean {
  if (!hostsMeet(own.host, host)) return false;
  const { namespace } = own;
  if (namespace === undefined || namespace === '*') return true;
  return resource.namespace === (namespace === '.' ? server.owner.namespace : namespace);
}

const serversByGateway = derive((evidence) =>
  Map.groupBy(
    servers(evidence).filter(({ from }) => from === 'Gateway'),
    ({ owner }) => `${owner.namespace}/${owner.name}`,
  ),
);

/** The servers of the Gateway that a reference means. */
export const serversOfReference = (evidence: Evidence, reference: GatewayReference): readonly Server[] =>
  serversByGateway(evidence).get(`${reference.namespace}/${reference.name}`) ?? [];

/** Which VirtualServices give routes to which servers (istio-gateway-tls 6.6), visibility included. */
export const routeBindings = derive((evidence): readonly RouteBinding[] =>
  virtualServices(evidence).flatMap((virtualService) =>
    virtualService.gateways.flatMap((reference) =>
      serversOfReference(evidence, reference).flatMap((server) => {
        const hosts = virtualService.hosts.filter((host) =>
          server.hosts.some((own) => hostAdmits(server, own, virtualService.resource, host)),
        );
        const { workloads } = attachmentOf(evidence, server);
        const visible =
          workloads.length === 0 ||
          workloads.some(({ namespace }) => isExportedTo(virtualService.resource, virtualService.exportTo, namespace));
        return hosts.length > 0 && visible ? [{ server, virtualService, hosts }] : [];
      }),
    ),
  ),
);

const bindingsByServer = derive((evidence) => Map.groupBy(routeBindings(evidence), ({ server }) => server.key));

export const bindingsOf = (evidence: Evidence, server: Server): readonly RouteBinding[] =>
  bindingsByServer(evidence).get(server.key) ?? [];
