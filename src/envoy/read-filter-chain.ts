import type { EnvoyFilterChain } from '../model/envoy.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { listAt, numberAt, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import { present } from './present.ts';
import { readTransport } from './read-tls-context.ts';
import { typeName } from './type-name.ts';

/** Criteria of `FilterChainMatch` beyond those that the model holds. */
const otherCriteria = [
  'prefix_ranges',
  'address_suffix',
  'direct_source_prefix_ranges',
  'source_type',
  'source_prefix_ranges',
  'source_ports',
];

/** Reads one filter chain of either API version. */
export function readFilterChain(json: Json): EnvoyFilterChain {
  const match = objectAt(json, 'filter_chain_match');
  const filters = objectsAt(json, 'filters').map(({ value }) => value);
  const http = filters.map(configOf).find(isHttp);
  const transport = readTransport(json);
  const otherMatch = otherCriteria.filter((criterion) => match?.[criterion] !== undefined);
  const httpFilters = objectsAt(http, 'http_filters').map(({ value }) => value);
  return present({
    name: textAt(json, 'name'),
    // `sni_domains` is what Envoy before 1.7 called them.
    serverNames: [...textsAt(match, 'server_names'), ...textsAt(match, 'sni_domains')].map((name) =>
      name.toLowerCase(),
    ),
    transportProtocol: textAt(match, 'transport_protocol'),
    applicationProtocols: textsAt(match, 'application_protocols'),
    destinationPort: numberAt(match, 'destination_port'),
    otherMatch: otherMatch.length > 0 ? otherMatch : undefined,
    tls: transport.tls,
    transportSocket: transport.transportSocket,
    routeConfig: http && routeConfigName(http),
    tcpClusters: filters.flatMap(tcpClusters),
    filters: filters.map((filter) => textAt(filter, 'name') ?? ''),
    httpFilters: http && httpFilters.map((filter) => textAt(filter, 'name') ?? ''),
    trustedHops: numberAt(http, 'xff_num_trusted_hops'),
  });
}

/** File access log formats that the filters of a chain name. */
export function chainAccessLogFormats(chain: Json): readonly string[] {
  return objectsAt(chain, 'filters').flatMap(({ value }) => accessLogFormats(configOf(value)));
}

/** The distinct formats of `access_log`: a format line, or the fields of a JSON format as JSON text. */
export function accessLogFormats(owner: Json | undefined): readonly string[] {
  return objectsAt(owner, 'access_log').flatMap(({ value }) => {
    const config = configOf(value);
    const line =
      textAt(config, 'log_format', 'text_format_source', 'inline_string') ??
      textAt(config, 'log_format', 'text_format') ??
      textAt(config, 'format');
    const fields =
      objectAt(config, 'log_format', 'json_format') ??
      objectAt(config, 'json_format') ??
      objectAt(config, 'typed_json_format');
    if (line !== undefined) return [line];
    return fields ? [JSON.stringify(fields)] : [];
  });
}

/** `typed_config`, or the `config` of Envoy ≤ 1.8, of a filter or an access log. */
function configOf(filter: JsonObject): JsonObject | undefined {
  return objectAt(filter, 'typed_config') ?? objectAt(filter, 'config');
}

function isHttp(config: JsonObject | undefined): boolean {
  return typeName(config) === 'HttpConnectionManager' || config?.['http_filters'] !== undefined;
}

function routeConfigName(http: JsonObject): string {
  return textAt(http, 'rds', 'route_config_name') ?? textAt(http, 'scoped_routes', 'name') ?? 'inline';
}

function tcpClusters(filter: JsonObject): readonly string[] {
  const config = configOf(filter);
  const type = typeName(config) ?? textAt(filter, 'name') ?? '';
  if (!/(?:TcpProxy|tcp_proxy)$/.test(type)) return [];
  const single = textAt(config, 'cluster');
  const weighted = objectsAt(config, 'weighted_clusters', 'clusters').flatMap(
    ({ value }) => textAt(value, 'name') ?? [],
  );
  return single === undefined ? weighted : [single, ...weighted];
}

/** All chains of a listener and its default one, unread. */
export function chainsOf(listener: Json | undefined): readonly Json[] {
  const fallback = objectAt(listener, 'default_filter_chain');
  return fallback ? [...listAt(listener, 'filter_chains'), fallback] : listAt(listener, 'filter_chains');
}
