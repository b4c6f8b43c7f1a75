import type { EnvoyRoute, EnvoyRouteConfig, EnvoyVirtualHost } from '../model/envoy.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { booleanAt, numberAt, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import { present } from './present.ts';

/** The ways to match a path, by their field names in `RouteMatch`; the first that is there holds. */
export const pathMatches = ['prefix', 'path', 'path_separated_prefix'] as const;

const conditions = [
  'headers',
  'query_parameters',
  'cookies',
  'grpc',
  'tls_context',
  'dynamic_metadata',
  'filter_state',
  'runtime_fraction',
];

/** Reads an element of `static_route_configs` or `dynamic_route_configs`. */
export function readRouteConfig(entry: Json): EnvoyRouteConfig | undefined {
  const config = objectAt(entry, 'route_config');
  if (!config) return undefined;
  return present({
    name: textAt(config, 'name') ?? '',
    virtualHosts: objectsAt(config, 'virtual_hosts').map(({ value }) => readVirtualHost(value)),
    lastUpdated: textAt(entry, 'last_updated'),
  });
}

function readVirtualHost(json: JsonObject): EnvoyVirtualHost {
  const requireTls = textAt(json, 'require_tls');
  return present({
    name: textAt(json, 'name') ?? '',
    domains: textsAt(json, 'domains'),
    routes: objectsAt(json, 'routes').map(({ value }) => readRoute(value)),
    requireTls: requireTls === 'NONE' ? undefined : requireTls,
  });
}

function readRoute(json: JsonObject): EnvoyRoute {
  const match = objectAt(json, 'match');
  const redirect = objectAt(json, 'redirect');
  return present({
    name: textAt(json, 'name'),
    match: readMatch(match),
    conditional: conditions.some((condition) => match?.[condition] !== undefined) ? true : undefined,
    clusters: readClusters(objectAt(json, 'route')),
    redirect: redirect && readRedirect(redirect),
    directStatus: numberAt(json, 'direct_response', 'status'),
    config: istioConfig(json),
  });
}

function readMatch(match: JsonObject | undefined): string {
  for (const field of pathMatches) {
    const value = textAt(match, field);
    if (value !== undefined) return `${field}:${value}`;
  }
  const regex = textAt(match, 'safe_regex', 'regex') ?? textAt(match, 'regex');
  if (regex !== undefined) return `regex:${regex}`;
  return objectAt(match, 'connect_matcher') ? 'connect:' : 'other:';
}

function readClusters(route: JsonObject | undefined): readonly string[] {
  const single = textAt(route, 'cluster');
  const weighted = objectsAt(route, 'weighted_clusters', 'clusters').flatMap(
    ({ value }) => textAt(value, 'name') ?? [],
  );
  return single === undefined ? weighted : [single, ...weighted];
}

function readRedirect(redirect: JsonObject): NonNullable<EnvoyRoute['redirect']> {
  return present({
    https: booleanAt(redirect, 'https_redirect') === true || textAt(redirect, 'scheme_redirect') === 'https',
    host: textAt(redirect, 'host_redirect'),
    port: numberAt(redirect, 'port_redirect'),
  });
}

/** The object that Istio says it made this from, in the metadata of routes, clusters and listeners. */
export function istioConfig(json: Json | undefined): string | undefined {
  return textAt(json, 'metadata', 'filter_metadata', 'istio', 'config');
}
