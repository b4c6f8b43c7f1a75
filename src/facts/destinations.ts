import { declaredProtocol, type PortProtocol } from '../istio/port-protocol.ts';
import { kinds } from '../kubernetes/kinds.ts';
import { textsAt } from '../kubernetes/read.ts';
import type { Gap } from '../model/coverage.ts';
import type { Resource } from '../model/resource.ts';
import { destinationRuleFor, upstreamTlsOf, type UpstreamTls } from './destination-rules.ts';
import { derive, type Evidence } from './evidence.ts';
import { meshConfig, rootNamespace } from './mesh.ts';
import { isExportedTo } from './routes.ts';
import { serviceEntriesFor, type EntryPort, type ServiceEntry } from './service-entries.ts';
import { services, type Service, type ServicePort } from './services.ts';

/** Where a route sends requests: a host, as the gateway's control plane finds it in its registry. */
export interface Backend {
  /** The full name: `web.shop.svc.cluster.local`. */
  readonly host: string;
  /** The port that is used: the one written, the only one of the Service, else the number of the gateway's own port. */
  readonly port?: number;
  readonly subset?: string;
  readonly state: BackendState;
  readonly service?: Service;
  readonly servicePort?: ServicePort;
  readonly entry?: ServiceEntry;
  readonly entryPort?: EntryPort;
  /** What the name or `appProtocol` of the port (or the ServiceEntry) says; undefined: nothing. */
  readonly protocol?: PortProtocol;
}

export type BackendState =
  | { readonly state: 'found' }
  /** No Service and no ServiceEntry has the host. */
  | { readonly state: 'host-missing' }
  /** The host is there, without this port. */
  | { readonly state: 'port-missing'; readonly has: readonly number[] }
  /** It is there, but not exported to the gateway's namespace. */
  | { readonly state: 'not-exported'; readonly by: Resource }
  | { readonly state: 'unknown'; readonly gap: Gap };

export interface BackendReference {
  readonly host: string;
  readonly port?: number;
  readonly subset?: string;
  /** The number of the gateway's server, which stands in for a port that nobody wrote. */
  readonly serverPort?: number;
  /** Namespaces of the gateway's pods. Empty: visibility is not judged. */
  readonly clients: readonly string[];
}

const servicesByName = derive(
  (evidence) => new Map(services(evidence).map((service) => [`${service.namespace}/${service.name}`, service])),
);

/** `NAME.NAMESPACE.svc…` taken apart. A shorter form is no name of a Service to Istio. */
export function serviceName(host: string): { readonly name: string; readonly namespace: string } | undefined {
  const [name, namespace, svc, ...domain] = host.split('.');
  if (name === undefined || namespace === undefined || svc !== 'svc' || domain.length === 0) return undefined;
  return { name, namespace };
}

/** Whether this control plane also reads other clusters, so that a Service may be in one of those. */
const readsOtherClusters = derive((evidence): boolean =>
  evidence.snapshot.secrets.some(
    ({ namespace, labels }) => namespace === rootNamespace(evidence) && labels['istio/multiCluster'] === 'true',
  ),
);

const otherCluster: Gap = {
  reason: 'not-collected',
  detail: 'the mesh has further clusters, which were not looked at',
};

/** `networking.istio.io/exportTo` of a Service, else what the mesh says for all Services. */
function serviceExports(evidence: Evidence, service: Service): readonly string[] {
  const written = service.resource.annotations['networking.istio.io/exportTo'];
  if (written !== undefined) return written.split(',').map((part) => part.trim());
  return textsAt(meshConfig(evidence).mesh, 'defaultServiceExportTo');
}

const isVisible = (resource: Resource, exportTo: readonly string[], clients: readonly string[]): boolean =>
  clients.length === 0 || clients.some((namespace) => isExportedTo(resource, exportTo, namespace));

function ofService(evidence: Evidence, service: Service, reference: BackendReference): Omit<Backend, 'host'> {
  const numbers = service.ports.map(({ number }) => number);
  const port = reference.port ?? (numbers.length === 1 ? numbers[0] : reference.serverPort);
  const servicePort = service.ports.find(({ number }) => number === port);
  const protocol = servicePort && declaredProtocol(servicePort);
  const shared = {
    service,
    ...(port !== undefined && { port }),
    ...(servicePort && { servicePort }),
    ...(protocol && { protocol }),
  };
  if (!isVisible(service.resource, serviceExports(evidence, service), reference.clients)) {
    return { ...shared, state: { state: 'not-exported', by: service.resource } };
  }
  if (port !== undefined && !servicePort && numbers.length > 0) {
    return { ...shared, state: { state: 'port-missing', has: numbers } };
  }
  return { ...shared, state: { state: 'found' } };
}

const entryProtocols: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'HTTPS', 'TLS', 'TCP']);
const isPortProtocol = (text: string): text is PortProtocol => entryProtocols.has(text);

function ofEntries(found: readonly ServiceEntry[], reference: BackendReference): Omit<Backend, 'host'> {
  const visible = found.filter(({ resource, exportTo }) => isVisible(resource, exportTo, reference.clients));
  const [first] = visible;
  const [hidden] = found;
  if (!first) {
    return hidden
      ? { entry: hidden, state: { state: 'not-exported', by: hidden.resource } }
      : { state: { state: 'host-missing' } };
  }
  const numbers = visible.flatMap(({ ports }) => ports.map(({ number }) => number));
  const port = reference.port ?? (numbers.length === 1 ? numbers[0] : reference.serverPort);
  const entry = visible.find(({ ports }) => ports.some(({ number }) => number === port)) ?? first;
  const entryPort = entry.ports.find(({ number }) => number === port);
  const shared = { entry, ...(port !== undefined && { port }), ...(entryPort && { entryPort }) };
  if (port !== undefined && !entryPort) return { ...shared, state: { state: 'port-missing', has: numbers } };
  const protocol = entryPort?.protocol ?? '';
  return { ...shared, ...(isPortProtocol(protocol) && { protocol }), state: { state: 'found' } };
}

/** Where a host and port of a route lead (istio pilot/pkg/networking/core/route, GetDestinationCluster). */
export function backendOf(evidence: Evidence, reference: BackendReference): Backend {
  const { host, subset } = reference;
  const about = { host, ...(subset !== undefined && { subset }) };
  const asService = serviceName(host);
  const service = asService && servicesByName(evidence).get(`${asService.namespace}/${asService.name}`);
  if (service) return { ...about, ...ofService(evidence, service, reference) };
  const entries = serviceEntriesFor(evidence, host);
  if (entries.length > 0) return { ...about, ...ofEntries(entries, reference) };
  const asked = reference.port === undefined ? {} : { port: reference.port };
  const gap =
    (asService && evidence.gap(kinds.service, asService.namespace, asService.name)) ??
    (asService ? undefined : evidence.gap(kinds.serviceEntry, '*')) ??
    (readsOtherClusters(evidence) || host.endsWith('.clusterset.local') || host.endsWith('.global')
      ? otherCluster
      : undefined);
  return { ...about, ...asked, state: gap ? { state: 'unknown', gap } : { state: 'host-missing' } };
}

/** The DestinationRule that gateways in one namespace go by for a backend, and what it says of TLS. */
export function trafficPolicyOf(
  evidence: Evidence,
  backend: Backend,
  client: string,
): { readonly rule?: Resource; readonly tls?: UpstreamTls } {
  const service = backend.service?.namespace ?? backend.entry?.resource.namespace;
  const rule = destinationRuleFor(evidence, backend.host, { client, ...(service !== undefined && { service }) });
  if (!rule) return {};
  const tls = upstreamTlsOf(rule, backend.port, backend.subset);
  return { rule, ...(tls && { tls }) };
}

/** The object behind a backend, for naming it. */
export const backendObject = ({ service, entry }: Backend): Resource | undefined =>
  service?.resource ?? entry?.resource;

/** `outbound|8080||web.shop.svc.cluster.local`: the cluster that Envoy has for a backend. */
export const clusterName = ({ host, port, subset }: Backend): string =>
  `outbound|${port ?? ''}|${subset ?? ''}|${host}`;
