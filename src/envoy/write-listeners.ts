import type { EnvoyFilterChain, EnvoyListener } from '../model/envoy.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { present } from './present.ts';
import { writeTlsSocket } from './write-tls-context.ts';

const httpConnectionManager =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const tcpProxy = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';

/** Writes the lists of a ListenersConfigDump that read back as these listeners: one entry for each state. */
export function writeListeners(listeners: readonly EnvoyListener[]): JsonObject {
  return {
    static_listeners: listeners.filter(({ state }) => state === 'static').map(writeState),
    dynamic_listeners: listeners.filter(({ state }) => state !== 'static').map(writeDynamic),
  };
}

function writeDynamic(listener: EnvoyListener): JsonObject {
  const { name, state } = listener;
  if (state !== 'error') return { name, [`${state}_state`]: writeState(listener) };
  const failed = present({
    failed_configuration: writeListener(listener),
    last_update_attempt: listener.lastUpdated,
    details: listener.details,
  });
  return { name, error_state: failed };
}

function writeState(listener: EnvoyListener): JsonObject {
  return present({
    version_info: listener.versionInfo,
    listener: writeListener(listener),
    last_updated: listener.lastUpdated,
  });
}

function writeListener(listener: EnvoyListener): JsonObject {
  const logs = (listener.accessLogFormats ?? []).map(writeAccessLog);
  // Where only the chains log, the formats stand in the first chain that has a filter to hold them.
  const holder = listener.accessLog ? undefined : listener.chains.find(({ filters }) => filters.length > 0);
  return present({
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name: listener.name,
    address: writeAddress(listener),
    filter_chains: listener.chains.map((chain) => writeChain(chain, chain === holder ? logs : [])),
    default_filter_chain: listener.defaultChain && writeChain(listener.defaultChain, holder ? [] : logs),
    filter_chain_matcher: listener.matcher === true ? {} : undefined,
    listener_filters: listener.listenerFilters.map((name) => ({ name })),
    udp_listener_config: listener.udp && listener.port === undefined ? {} : undefined,
    access_log: listener.accessLog ? (logs.length > 0 ? logs : [{ name: 'envoy.access_loggers' }]) : undefined,
  });
}

function writeAddress({ address, port, udp }: EnvoyListener): JsonObject | undefined {
  if (port === undefined) return address === undefined ? undefined : { pipe: { path: address } };
  return { socket_address: present({ protocol: udp ? 'UDP' : undefined, address, port_value: port }) };
}

/** A format that is the compact JSON of an object was one of JSON fields; every other one is a line. */
function writeAccessLog(format: string): JsonObject {
  const fields = fieldsOf(format);
  const log = fields ? { json_format: fields } : { text_format_source: { inline_string: format } };
  return { name: 'envoy.access_loggers.file', typed_config: { path: '/dev/stdout', log_format: log } };
}

function fieldsOf(format: string): Json | undefined {
  if (!format.startsWith('{')) return undefined;
  try {
    const fields: Json = JSON.parse(format);
    return JSON.stringify(fields) === format ? fields : undefined;
  } catch {
    return undefined;
  }
}

function writeChain(chain: EnvoyFilterChain, logs: readonly JsonObject[]): JsonObject {
  const socket = chain.transportSocket === undefined ? undefined : { name: chain.transportSocket };
  return present({
    name: chain.name,
    filter_chain_match: writeMatch(chain),
    // The filter that routes or forwards is the last one: Envoy allows none after it.
    filters: chain.filters.map((name, index) =>
      index === chain.filters.length - 1 ? writeTerminalFilter(chain, name, logs) : { name },
    ),
    transport_socket: chain.tls ? writeTlsSocket(chain.tls, 'Downstream') : socket,
  });
}

function writeMatch(chain: EnvoyFilterChain): JsonObject | undefined {
  const match = present({
    destination_port: chain.destinationPort,
    server_names: chain.serverNames.length > 0 ? chain.serverNames : undefined,
    transport_protocol: chain.transportProtocol,
    application_protocols: chain.applicationProtocols.length > 0 ? chain.applicationProtocols : undefined,
    ...Object.fromEntries((chain.otherMatch ?? []).map((criterion) => [criterion, []])),
  });
  return Object.keys(match).length > 0 ? match : undefined;
}

function writeTerminalFilter(chain: EnvoyFilterChain, name: string, logs: readonly JsonObject[]): JsonObject {
  const access_log = logs.length > 0 ? logs : undefined;
  if (chain.httpFilters) {
    const config = {
      '@type': httpConnectionManager,
      ...writeRouteConfigName(chain.routeConfig),
      http_filters: chain.httpFilters.map((filter) => ({ name: filter })),
      xff_num_trusted_hops: chain.trustedHops,
      access_log,
    };
    return { name, typed_config: present(config) };
  }
  if (chain.tcpClusters.length === 0) return present({ name, typed_config: access_log && { access_log } });
  const [cluster] = chain.tcpClusters;
  const weighted = { clusters: chain.tcpClusters.map((each) => ({ name: each })) };
  const clusters = chain.tcpClusters.length === 1 ? { cluster } : { weighted_clusters: weighted };
  return { name, typed_config: present({ '@type': tcpProxy, ...clusters, access_log }) };
}

function writeRouteConfigName(name: string | undefined): JsonObject {
  return name === undefined || name === 'inline' ? { route_config: {} } : { rds: { route_config_name: name } };
}
