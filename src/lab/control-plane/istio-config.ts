import type { JsonObject } from '../../model/json.ts';
import { numberAt, objectAt, objectsAt, textAt, textMapAt, textsAt, booleanAt } from '../../kubernetes/read.ts';
import { matchesLabels } from '../../kubernetes/selector.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { labelsOf, nameOf, namespaceOf } from '../api-server/object.ts';
import { byAge } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import { tlsModes } from './config.ts';
import type { GatewayConfig, ServerConfig, ServerTls, TlsMode, VirtualServiceConfig } from './config.ts';

/** The only revision of the lab's istiod. */
const revision = 'default';

/** The Gateways of networking.istio.io that this istiod reads, oldest first. */
export function istioGateways(view: ClusterView): readonly KubernetesObject[] {
  return byAge(view.list('Gateway.networking.istio.io').filter(isOfRevision));
}

export function gatewayConfig(gateway: KubernetesObject): GatewayConfig {
  const selector = textMapAt(gateway, 'spec', 'selector');
  return {
    namespace: namespaceOf(gateway),
    name: nameOf(gateway),
    // Without a selector a Gateway applies to every gateway of the mesh.
    selects: (proxy) => matchesLabels(selector, proxy.labels),
    servers: objectsAt(gateway, 'spec', 'servers').map(({ index, value }) => serverConfig(index, value)),
  };
}

function serverConfig(index: number, server: JsonObject): ServerConfig {
  const tls = objectAt(server, 'tls');
  return {
    index,
    port: numberAt(server, 'port', 'number') ?? 0,
    portName: textAt(server, 'port', 'name') ?? '',
    protocol: (textAt(server, 'port', 'protocol') ?? '').toUpperCase(),
    bind: textAt(server, 'bind') ?? '',
    hosts: textsAt(server, 'hosts'),
    ...(tls && { tls: serverTls(tls) }),
    onlyServicePorts: false,
  };
}

/** A mode that is left out is the enum's zero, PASSTHROUGH. */
function serverTls(tls: JsonObject): ServerTls {
  const mode = tlsModes.find((known) => known === textAt(tls, 'mode')) ?? 'PASSTHROUGH';
  const clientCa = clientCaOf(mode, tls);
  return {
    mode,
    httpsRedirect: booleanAt(tls, 'httpsRedirect') ?? false,
    keyPairs: keyPairsOf(mode, tls),
    ...(clientCa !== undefined && { clientCa }),
    settings: tls,
  };
}

function keyPairsOf(mode: TlsMode, tls: JsonObject): readonly string[] {
  if (mode === 'ISTIO_MUTUAL') return ['default'];
  const names = credentialNames(tls);
  if (names.length > 0) return names.map(secretResource);
  const files = [tls, ...objectsAt(tls, 'tlsCertificates').map(({ value }) => value)];
  return files.flatMap((pair) => {
    const [certificate, key] = [textAt(pair, 'serverCertificate'), textAt(pair, 'privateKey')];
    return certificate === undefined || key === undefined ? [] : [`file-cert:${certificate}~${key}`];
  });
}

function clientCaOf(mode: TlsMode, tls: JsonObject): string | undefined {
  if (mode === 'ISTIO_MUTUAL') return 'ROOTCA';
  if (mode !== 'MUTUAL' && mode !== 'OPTIONAL_MUTUAL') return undefined;
  // Taken as it is written: without the suffix `-cacert` it is served as a key pair.
  const own = textAt(tls, 'caCertCredentialName');
  if (own !== undefined) return secretResource(own);
  const [first] = credentialNames(tls);
  if (first !== undefined) return `${secretResource(first)}-cacert`;
  const file = textAt(tls, 'caCertificates');
  return file === undefined ? undefined : `file-root:${file}`;
}

function credentialNames(tls: JsonObject): readonly string[] {
  const single = textAt(tls, 'credentialName') ?? '';
  return single === '' ? textsAt(tls, 'credentialNames') : [single];
}

/** The SDS name of a `credentialName`: one with a scheme stays as it is. */
function secretResource(name: string): string {
  const schemes = ['kubernetes://', 'kubernetes-gateway://', 'configmap://', 'builtin://', 'invalid://', 'sds://'];
  return schemes.some((scheme) => name.startsWith(scheme)) ? name : `kubernetes://${name}`;
}

/** The VirtualServices that this istiod reads, oldest first. */
export function istioVirtualServices(view: ClusterView): readonly VirtualServiceConfig[] {
  const services = view.list('VirtualService.networking.istio.io').filter(isOfRevision);
  return byAge(services).map(virtualServiceConfig);
}

function virtualServiceConfig(service: KubernetesObject): VirtualServiceConfig {
  const namespace = namespaceOf(service);
  const rules = (kind: string): readonly JsonObject[] => objectsAt(service, 'spec', kind).map(({ value }) => value);
  const exportTo = textsAt(service, 'spec', 'exportTo').map((name) => (name === '.' ? namespace : name));
  return {
    namespace,
    name: nameOf(service),
    hosts: textsAt(service, 'spec', 'hosts'),
    gateways: textsAt(service, 'spec', 'gateways').map((name) => gatewayReference(name, namespace)),
    exportTo: exportTo.length > 0 ? exportTo : ['*'],
    http: rules('http'),
    tls: rules('tls'),
    tcp: rules('tcp'),
  };
}

/** `name`, `ns/name`, or the old form `name.ns.svc.cluster.local`; `mesh` is no gateway and stays `mesh`. */
export function gatewayReference(name: string, namespace: string): string {
  if (name === 'mesh' || name.includes('/')) return name;
  const [gateway = '', owner, service] = name.split('.');
  return service === 'svc' && owner !== undefined ? `${owner}/${gateway}` : `${namespace}/${name}`;
}

function isOfRevision(object: KubernetesObject): boolean {
  const label = labelsOf(object)['istio.io/rev'];
  return label === undefined || label === '' || label === revision;
}
