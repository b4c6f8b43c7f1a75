import { readRouteName } from '../envoy/route-name.ts';
import { readSdsName } from '../envoy/sds-name.ts';
import { kinds } from '../kubernetes/kinds.ts';
import { groupKind } from '../kubernetes/names.ts';
import type { EnvoyFilterChain, EnvoyState, EnvoyTls } from '../model/envoy.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { Snapshot } from '../model/snapshot.ts';

/**
 * Objects that nobody could read, inferred from what Envoy holds: an HTTPS chain names its Gateway by its route
 * configuration, `https.443.https.storefront.shop`. With them, evidence that is only dumps and logs is judged by the
 * same checks. What a chain cannot tell (routes, Services, other hosts) stays unknown.
 */

const meta = (apiVersion: string, kind: string, namespace: string, name: string): Omit<Resource, 'body'> => ({
  apiVersion,
  kind,
  namespace,
  name,
  labels: {},
  annotations: {},
  owners: [],
  changes: [],
});

function inferredPod(envoy: EnvoyState): Resource {
  const { namespace, pod, node } = envoy;
  const replicaSet = /^(.+)-[a-z0-9]{5}$/.exec(pod)?.[1];
  const ready = node?.state === undefined || node.state === 'LIVE';
  const image = `istio/proxyv2:${node?.istioVersion ?? 'unknown'}`;
  return {
    ...meta('v1', 'Pod', namespace, pod),
    labels: node?.labels ?? {},
    owners:
      replicaSet === undefined
        ? []
        : [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: replicaSet, controller: true }],
    body: {
      spec: { containers: [{ name: 'istio-proxy', image, args: ['proxy', 'router'] }] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
    },
  };
}

function modeOf(tls: EnvoyTls): string {
  if (tls.secrets.includes('default')) return 'ISTIO_MUTUAL';
  if (!tls.validatesClients) return 'SIMPLE';
  return tls.requireClientCertificate ? 'MUTUAL' : 'OPTIONAL_MUTUAL';
}

/** Envoy's `TLSv1_2` as a Gateway writes it. */
const versionOf = (version: string | undefined): string | undefined => version?.toUpperCase().replace('.', '_');

function credentialName(sdsName: string): string | undefined {
  const read = readSdsName(sdsName);
  if (read.scheme === 'kubernetes' || read.scheme === 'agent') return read.name;
  return read.scheme === 'kubernetes-gateway' ? sdsName : undefined;
}

function tlsOf(tls: EnvoyTls): JsonObject {
  const names = tls.secrets.flatMap((name) => credentialName(name) ?? []);
  const files = tls.secrets.map(readSdsName).find((name) => name.scheme === 'file-cert');
  const [min, max] = [versionOf(tls.minVersion), versionOf(tls.maxVersion)];
  return {
    mode: modeOf(tls),
    ...(names.length > 1 ? { credentialNames: names } : names[0] !== undefined && { credentialName: names[0] }),
    ...(files?.scheme === 'file-cert' && { serverCertificate: files.certificate, privateKey: files.key }),
    ...(tls.subjectAltNames.length > 0 && { subjectAltNames: tls.subjectAltNames }),
    ...(tls.cipherSuites.length > 0 && { cipherSuites: tls.cipherSuites }),
    ...(min !== undefined && { minProtocolVersion: min }),
    ...(max !== undefined && { maxProtocolVersion: max }),
  };
}

interface Inferred {
  readonly owner: Omit<Resource, 'body'>;
  readonly selector: Readonly<Record<string, string>>;
  readonly servers: Map<string, JsonObject>;
}

/** The label by which Gateways find these pods, as every installer sets it. */
function selectorOf(envoy: EnvoyState): Readonly<Record<string, string>> {
  const labels = envoy.node?.labels ?? {};
  const key = ['istio', 'app'].find((name) => labels[name] !== undefined);
  return key === undefined ? {} : { [key]: labels[key] ?? '' };
}

function serverOf(chain: EnvoyFilterChain, port: number, portName: string): JsonObject {
  return {
    port: { number: port, name: portName, protocol: 'HTTPS' },
    hosts: chain.serverNames.length > 0 ? chain.serverNames : ['*'],
    ...(chain.tls && { tls: tlsOf(chain.tls) }),
  };
}

function listenerOf(chain: EnvoyFilterChain, port: number, name: string): JsonObject {
  const refs = (chain.tls?.secrets ?? []).map(readSdsName).flatMap((sds) => {
    if (sds.scheme !== 'kubernetes-gateway') return [];
    return [{ name: sds.name, ...(sds.namespace !== undefined && { namespace: sds.namespace }) }];
  });
  const [host] = chain.serverNames;
  return {
    name,
    port,
    protocol: 'HTTPS',
    ...(host !== undefined && { hostname: host }),
    tls: { certificateRefs: refs },
  };
}

function takeChain(gateways: Map<string, Inferred>, envoy: EnvoyState, chain: EnvoyFilterChain): void {
  const route = chain.routeConfig === undefined ? undefined : readRouteName(chain.routeConfig);
  if (route?.protocol !== 'https' || route.gateway === undefined || route.namespace === undefined) return;
  if (route.madeFrom?.kind === 'Ingress') return;
  const api = route.madeFrom?.kind === 'KubernetesGateway' ? route.madeFrom : undefined;
  const owner = api
    ? meta('gateway.networking.k8s.io/v1', 'Gateway', route.namespace, api.name)
    : meta('networking.istio.io/v1', 'Gateway', route.namespace, route.gateway);
  const key = `${groupKind(owner)}/${owner.namespace}/${owner.name}`;
  const known = gateways.get(key) ?? { owner, selector: selectorOf(envoy), servers: new Map() };
  const server = api ? listenerOf(chain, route.port, api.listener) : serverOf(chain, route.port, route.portName);
  known.servers.set(JSON.stringify(server), server);
  gateways.set(key, known);
}

function inferredGateways(envoys: readonly EnvoyState[]): readonly Resource[] {
  const gateways = new Map<string, Inferred>();
  for (const envoy of envoys) {
    for (const listener of envoy.listeners ?? []) {
      if (listener.state === 'error' || listener.state === 'draining') continue;
      for (const chain of listener.chains) takeChain(gateways, envoy, chain);
    }
  }
  return [...gateways.values()].map(({ owner, selector, servers }) => {
    const all = [...servers.values()];
    const spec: JsonObject = owner.apiVersion.startsWith('gateway.')
      ? { gatewayClassName: 'istio', listeners: all }
      : { selector, servers: all };
    return { ...owner, body: { spec } };
  });
}

/** What to add to a snapshot whose Gateways or pods were not collected; nothing where they were. */
export function inferredObjects(snapshot: Snapshot): readonly Resource[] {
  if (snapshot.envoys.length === 0) return [];
  const has = (...wanted: readonly string[]): boolean =>
    snapshot.resources.some((resource) => wanted.includes(groupKind(resource))) ||
    snapshot.looks.some(({ kind, outcome }) => wanted.includes(kind) && outcome === 'complete');
  const placed = snapshot.envoys.filter(({ namespace, pod }) => namespace !== '' && pod !== '');
  return [
    ...(has(kinds.pod) ? [] : placed.map(inferredPod)),
    ...(has(kinds.gateway, kinds.kubernetesGateway) ? [] : inferredGateways(placed)),
  ];
}
