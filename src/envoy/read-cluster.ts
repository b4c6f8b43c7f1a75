import type { EnvoyCluster, EnvoyEndpoint } from '../model/envoy.ts';
import type { Json } from '../model/json.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import { present } from './present.ts';
import { istioConfig } from './read-route-config.ts';
import { readTransport } from './read-tls-context.ts';

export const httpProtocolOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Health states in which Envoy sends requests to a host, in the words of EDS. */
export const usableHealth: ReadonlySet<string> = new Set(['UNKNOWN', 'HEALTHY', 'DEGRADED']);

/** Reads an element of `static_clusters`, `dynamic_active_clusters` or `dynamic_warming_clusters`. */
export function readCluster(entry: Json, warming: boolean): EnvoyCluster | undefined {
  const cluster = objectAt(entry, 'cluster');
  const name = textAt(cluster, 'name');
  if (name === undefined) return undefined;
  return present({
    name,
    type: textAt(cluster, 'type') ?? textAt(cluster, 'cluster_type', 'name'),
    tls: readTransport(cluster).tls,
    transportSocketMatches: objectsAt(cluster, 'transport_socket_matches').map(
      ({ value }) => textAt(value, 'name') ?? '',
    ),
    http2: speaksHttp2(cluster),
    warming: warming ? true : undefined,
    config: istioConfig(cluster),
  });
}

/** Whether HTTP/2 is spoken whatever the client spoke: Istio's h2c and gRPC ports, `h2UpgradePolicy`. */
function speaksHttp2(cluster: Json | undefined): boolean {
  const options = objectAt(cluster, 'typed_extension_protocol_options', httpProtocolOptions);
  return (
    objectAt(options, 'explicit_http_config', 'http2_protocol_options') !== undefined ||
    objectAt(cluster, 'http2_protocol_options') !== undefined
  );
}

/** Reads an element of the lists of EndpointsConfigDump, which Envoy gives on `?include_eds`. */
export function readEndpoints(entry: Json): readonly EnvoyEndpoint[] {
  const assignment = objectAt(entry, 'endpoint_config');
  const cluster = textAt(assignment, 'cluster_name');
  if (cluster === undefined) return [];
  return objectsAt(assignment, 'endpoints').flatMap(({ value: locality }) =>
    objectsAt(locality, 'lb_endpoints').flatMap(({ value }) => {
      const address = readAddress(objectAt(value, 'endpoint', 'address'));
      if (address === undefined) return [];
      return [{ cluster, address, healthy: usableHealth.has(textAt(value, 'health_status') ?? 'UNKNOWN') }];
    }),
  );
}

/** An address as `/clusters` prints it: `10.0.0.1:80`, `[fd00::1]:80`, the path of a socket, `envoy://listener/id`. */
export function readAddress(json: Json | undefined): string | undefined {
  const socket = objectAt(json, 'socket_address');
  if (socket) {
    const host = textAt(socket, 'address') ?? '';
    return `${host.includes(':') ? `[${host}]` : host}:${numberAt(socket, 'port_value') ?? 0}`;
  }
  const internal = objectAt(json, 'envoy_internal_address');
  if (internal) return `envoy://${textAt(internal, 'server_listener_name')}/${textAt(internal, 'endpoint_id') ?? ''}`;
  return textAt(json, 'pipe', 'path');
}
