import type { EnvoyCluster, EnvoyEndpoint, EnvoyListener, EnvoyRouteConfig, EnvoySecret } from '../model/envoy.ts';
import type { Json } from '../model/json.ts';
import { readCluster, readEndpoints } from './read-cluster.ts';
import { readDynamicListener, readListenerState } from './read-listener.ts';
import { readRouteConfig } from './read-route-config.ts';
import { readSecret } from './read-secret.ts';
import { typeName } from './type-name.ts';

/** What the lists of a config dump give. */
export interface Found {
  readonly listeners: EnvoyListener[];
  readonly secrets: EnvoySecret[];
  readonly routeConfigs: EnvoyRouteConfig[];
  readonly clusters: EnvoyCluster[];
  readonly endpoints: EnvoyEndpoint[];
}

/** The parts of an Envoy's state that lists of a config dump tell. */
export type ConfigDumpPart = keyof Found;

export interface ListReader {
  readonly part: ConfigDumpPart;
  /** Adds what an element says; gives a text where something is to be told of it. */
  readonly read: (element: Json, found: Found) => string | undefined;
}

const dynamicListeners: ListReader = {
  part: 'listeners',
  read: (element, found) => {
    found.listeners.push(...readDynamicListener(element));
    return undefined;
  },
};

/** A static listener, or one of the lists of Envoy ≤ 1.12, whose elements have a type of their own. */
const bareListeners: ListReader = {
  part: 'listeners',
  read: (element, found) => {
    found.listeners.push(readListenerState(element, typeName(element) === 'DynamicListener' ? 'active' : 'static'));
    return undefined;
  },
};

const routeConfigs: ListReader = {
  part: 'routeConfigs',
  read: (element, found) => {
    const config = readRouteConfig(element);
    if (config) found.routeConfigs.push(config);
    return undefined;
  },
};

const endpoints: ListReader = {
  part: 'endpoints',
  read: (element, found) => {
    found.endpoints.push(...readEndpoints(element));
    return undefined;
  },
};

function listeners(state: EnvoyListener['state']): ListReader {
  return {
    part: 'listeners',
    read: (element, found) => {
      found.listeners.push(readListenerState(element, state));
      return undefined;
    },
  };
}

function secrets(state: EnvoySecret['state'] | undefined): ListReader {
  return {
    part: 'secrets',
    read: (element, found) => {
      const read = readSecret(element, state);
      if (!read) return undefined;
      found.secrets.push(read.secret);
      return read.keyInClear ? `the dump is not redacted: a private key of ${read.secret.name} was dropped` : undefined;
    },
  };
}

function clusters(warming: boolean): ListReader {
  return {
    part: 'clusters',
    read: (element, found) => {
      const cluster = readCluster(element, warming);
      if (cluster) found.clusters.push(cluster);
      return undefined;
    },
  };
}

const activeClusters = clusters(false);

/** The lists that are read, by their names in API v3 and, for listeners, in that of Envoy ≤ 1.12. */
export const listReaders: ReadonlyMap<string, ListReader> = new Map([
  ['static_listeners', listeners('static')],
  ['dynamic_listeners', dynamicListeners],
  ['dynamic_active_listeners', listeners('active')],
  ['dynamic_warming_listeners', listeners('warming')],
  ['dynamic_draining_listeners', listeners('draining')],
  ['static_secrets', secrets('static')],
  ['dynamic_active_secrets', secrets('active')],
  ['dynamic_warming_secrets', secrets('warming')],
  ['static_route_configs', routeConfigs],
  ['dynamic_route_configs', routeConfigs],
  ['static_clusters', clusters(false)],
  ['dynamic_active_clusters', activeClusters],
  ['dynamic_warming_clusters', clusters(true)],
  ['static_endpoint_configs', endpoints],
  ['dynamic_endpoint_configs', endpoints],
]);

/** Elements of an answer to `?resource=`, by the member that makes them what they are. */
export const bareReaders: ReadonlyMap<string, ListReader> = new Map([
  ['active_state', dynamicListeners],
  ['warming_state', dynamicListeners],
  ['draining_state', dynamicListeners],
  ['error_state', dynamicListeners],
  ['listener', bareListeners],
  ['secret', secrets(undefined)],
  ['route_config', routeConfigs],
  ['cluster', activeClusters],
  ['endpoint_config', endpoints],
]);

/** Sections by their type: an empty one has nothing else to be known by. */
export const sectionParts: ReadonlyMap<string, ConfigDumpPart> = new Map([
  ['ListenersConfigDump', 'listeners'],
  ['SecretsConfigDump', 'secrets'],
  ['RoutesConfigDump', 'routeConfigs'],
  ['ClustersConfigDump', 'clusters'],
  ['EndpointsConfigDump', 'endpoints'],
]);
