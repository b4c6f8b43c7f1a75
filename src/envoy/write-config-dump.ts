import type {
  EnvoyCluster,
  EnvoyNode,
  EnvoyRoute,
  EnvoyRouteConfig,
  EnvoySecret,
  EnvoyState,
  EnvoyVirtualHost,
} from '../model/envoy.ts';
import type { JsonObject } from '../model/json.ts';
import { present } from './present.ts';
import { httpProtocolOptions } from './read-cluster.ts';
import { pathMatches } from './read-route-config.ts';
import { writeStringMatcher } from './string-matcher.ts';
import { writeListeners } from './write-listeners.ts';
import { redacted, writeCertificates, writeTlsSocket } from './write-tls-context.ts';

const types = 'type.googleapis.com';

/**
 * Writes a config dump in Envoy's own shape (API v3) that `readConfigDump` reads as the same state. Endpoints are not in
 * it (they are on the page `/clusters`). Besides Envoy's fields only `istls.pem_problems` of a secret is written: what
 * was wrong with a PEM text that was not kept.
 */
export function writeConfigDump(state: Partial<EnvoyState>): string {
  const sections = [
    state.node?.statsInclusion && section('Bootstrap', { bootstrap: writeBootstrap(state.node) }),
    state.clusters && section('Clusters', writeClusterLists(state.clusters)),
    state.listeners && section('Listeners', writeListeners(state.listeners)),
    state.routeConfigs &&
      section('Routes', { static_route_configs: [], dynamic_route_configs: state.routeConfigs.map(writeRouteConfig) }),
    state.secrets && section('Secrets', writeSecretLists(state.secrets)),
  ];
  return `${JSON.stringify({ configs: sections.filter((each) => each !== undefined) }, undefined, 1)}\n`;
}

function section(name: string, content: JsonObject): JsonObject {
  return { '@type': `${types}/envoy.admin.v3.${name}ConfigDump`, ...content };
}

/** Writes `envoy.config.core.v3.Node`. */
export function writeNode(node: EnvoyNode): JsonObject {
  const fromLabel = node.labels['istio.io/rev'] === node.revision;
  return present({
    id: node.id,
    metadata: present({
      ...node.metadata,
      ISTIO_VERSION: node.istioVersion,
      LABELS: node.labels,
      ANNOTATIONS: fromLabel || node.revision === undefined ? undefined : { 'istio.io/rev': node.revision },
    }),
    ...writeBuild(node),
  });
}

/** A version that is no three numbers (`1.12.0-dev`) has its place in the form of older releases only. */
function writeBuild({ envoyVersion, ssl }: EnvoyNode): JsonObject {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(envoyVersion ?? '') ?? [];
  if (patch === undefined) return { build_version: `/${envoyVersion ?? ''}///${ssl ?? ''}` };
  const version = { major_number: Number(major), minor_number: Number(minor), patch: Number(patch) };
  return {
    user_agent_build_version: present({ version, metadata: ssl === undefined ? undefined : { 'ssl.version': ssl } }),
  };
}

function writeBootstrap(node: EnvoyNode): JsonObject {
  return { node: writeNode(node), stats_config: { stats_matcher: writeStatsMatcher(node.statsInclusion ?? []) } };
}

function writeStatsMatcher(inclusion: readonly string[]): JsonObject {
  const included = inclusion.filter((text) => !text.startsWith('!')).map(writeStringMatcher);
  const excluded = inclusion.filter((text) => text.startsWith('!')).map((text) => writeStringMatcher(text.slice(1)));
  if (included.length + excluded.length === 0) return { reject_all: true };
  return present({
    inclusion_list: included.length > 0 ? { patterns: included } : undefined,
    exclusion_list: excluded.length > 0 ? { patterns: excluded } : undefined,
  });
}

function writeSecretLists(secrets: readonly EnvoySecret[]): JsonObject {
  const inState = (state: EnvoySecret['state']) => secrets.filter((each) => each.state === state).map(writeSecret);
  return {
    static_secrets: inState('static'),
    dynamic_active_secrets: inState('active'),
    dynamic_warming_secrets: inState('warming'),
  };
}

function writeSecret(secret: EnvoySecret): JsonObject {
  return present({
    name: secret.name,
    version_info: secret.versionInfo,
    last_updated: secret.lastUpdated,
    secret: {
      '@type': `${types}/envoy.extensions.transport_sockets.tls.v3.Secret`,
      name: secret.name,
      ...writeSecretContent(secret),
    },
    istls: secret.pemProblems.length > 0 ? { pem_problems: secret.pemProblems } : undefined,
  });
}

function writeSecretContent(secret: EnvoySecret): JsonObject {
  // Without certificates and without a word why, the content was a file that Envoy reads.
  const unread = secret.certificates.length === 0 && secret.pemProblems.length === 0;
  const certificates = unread ? { filename: '' } : writeCertificates(secret.certificates);
  switch (secret.content) {
    case 'key-pair':
      return { tls_certificate: { certificate_chain: certificates, private_key: redacted } };
    case 'validation':
      return {
        validation_context: present({
          trusted_ca: certificates,
          crl: secret.hasCrl ? { inline_string: '' } : undefined,
        }),
      };
    case 'other':
      return { generic_secret: {} };
    default:
      return {};
  }
}

function writeClusterLists(clusters: readonly EnvoyCluster[]): JsonObject {
  return {
    static_clusters: [],
    dynamic_active_clusters: clusters.filter(({ warming }) => warming !== true).map(writeCluster),
    dynamic_warming_clusters: clusters.filter(({ warming }) => warming === true).map(writeCluster),
  };
}

function writeCluster(cluster: EnvoyCluster): JsonObject {
  const http2 = { [httpProtocolOptions]: { explicit_http_config: { http2_protocol_options: {} } } };
  const content = present({
    '@type': `${types}/envoy.config.cluster.v3.Cluster`,
    name: cluster.name,
    type: cluster.type,
    transport_socket: cluster.tls && writeTlsSocket(cluster.tls, 'Upstream'),
    transport_socket_matches: cluster.transportSocketMatches.map((name) => ({ name })),
    typed_extension_protocol_options: cluster.http2 ? http2 : undefined,
    metadata: writeIstioConfig(cluster.config),
  });
  return { cluster: content };
}

function writeIstioConfig(config: string | undefined): JsonObject | undefined {
  return config === undefined ? undefined : { filter_metadata: { istio: { config } } };
}

function writeRouteConfig(config: EnvoyRouteConfig): JsonObject {
  return present({
    route_config: {
      '@type': `${types}/envoy.config.route.v3.RouteConfiguration`,
      name: config.name,
      virtual_hosts: config.virtualHosts.map(writeVirtualHost),
    },
    last_updated: config.lastUpdated,
  });
}

function writeVirtualHost(host: EnvoyVirtualHost): JsonObject {
  return present({
    name: host.name,
    domains: host.domains,
    routes: host.routes.map(writeRoute),
    require_tls: host.requireTls,
  });
}

function writeRoute(route: EnvoyRoute): JsonObject {
  const { clusters, redirect } = route;
  const weighted = { weighted_clusters: { clusters: clusters.map((name) => ({ name })) } };
  return present({
    name: route.name,
    match: { ...writeMatch(route.match), ...(route.conditional === true && { headers: [] }) },
    route: clusters.length === 0 ? undefined : clusters.length === 1 ? { cluster: clusters[0] } : weighted,
    redirect:
      redirect &&
      present({
        https_redirect: redirect.https,
        host_redirect: redirect.host,
        port_redirect: redirect.port,
      }),
    direct_response: route.directStatus === undefined ? undefined : { status: route.directStatus },
    metadata: writeIstioConfig(route.config),
  });
}

function writeMatch(match: string): JsonObject {
  const colon = match.indexOf(':');
  const kind = match.slice(0, colon);
  const value = match.slice(colon + 1);
  if (kind === 'regex') return { safe_regex: { regex: value } };
  if (kind === 'connect') return { connect_matcher: {} };
  return pathMatches.some((field) => field === kind) ? { [kind]: value } : {};
}
