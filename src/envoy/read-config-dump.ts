import type {
  EnvoyCluster,
  EnvoyEndpoint,
  EnvoyListener,
  EnvoyNode,
  EnvoyRouteConfig,
  EnvoySecret,
  EnvoyState,
} from '../model/envoy.ts';
import type { Json } from '../model/json.ts';
import { isObject } from '../kubernetes/read.ts';
import { ConfigDumpSplitter, type SplitEvents } from './config-dump-splitter.ts';
import type { PemJudge } from './pem-judge.ts';
import { present } from './present.ts';
import { readCluster, readEndpoints } from './read-cluster.ts';
import { readDynamicListener, readListenerState } from './read-listener.ts';
import { readBootstrap, readNodeId } from './read-node.ts';
import { readRouteConfig } from './read-route-config.ts';
import { readSecret } from './read-secret.ts';
import { typeName } from './type-name.ts';
import { utf8Chunks } from './utf8-chunks.ts';

/** The parts of an Envoy's state that a config dump tells. */
export type ConfigDumpPart = 'listeners' | 'secrets' | 'routeConfigs' | 'clusters' | 'endpoints';

export interface ConfigDumpOptions {
  readonly judge: PemJudge;
  /** Parts that were asked for, so that an answer without any element means that there are none. */
  readonly asked?: readonly ConfigDumpPart[];
  /** The largest element that is read, in bytes; the one before the last limit that keeps memory bounded. */
  readonly maxElementBytes?: number;
}

export interface ConfigDumpReading {
  /** `namespace` and `pod` are there where the bootstrap names them. */
  readonly state: Partial<EnvoyState>;
  /** What could not be read, each with the section and the place. Empty: the whole dump was read. */
  readonly problems: readonly string[];
}

interface Found {
  readonly listeners: EnvoyListener[];
  readonly secrets: EnvoySecret[];
  readonly routeConfigs: EnvoyRouteConfig[];
  readonly clusters: EnvoyCluster[];
  readonly endpoints: EnvoyEndpoint[];
}

/** Adds what an element says; gives a text where something is to be told of it. */
type ReadElement = (json: Json, found: Found, judge: PemJudge) => string | undefined;

interface ListReader {
  readonly part: ConfigDumpPart;
  readonly read: ReadElement;
}

/** The lists of a config dump that are read: API v3, and what v2 called otherwise. */
const lists: ReadonlyMap<string, ListReader> = new Map([
  ['static_listeners', { part: 'listeners', read: addListener('static') }],
  ['dynamic_listeners', { part: 'listeners', read: addDynamicListener }],
  ['dynamic_active_listeners', { part: 'listeners', read: addListener('active') }],
  ['dynamic_warming_listeners', { part: 'listeners', read: addListener('warming') }],
  ['dynamic_draining_listeners', { part: 'listeners', read: addListener('draining') }],
  ['static_secrets', { part: 'secrets', read: addSecret('static') }],
  ['dynamic_active_secrets', { part: 'secrets', read: addSecret('active') }],
  ['dynamic_warming_secrets', { part: 'secrets', read: addSecret('warming') }],
  ['static_route_configs', { part: 'routeConfigs', read: addRouteConfig }],
  ['dynamic_route_configs', { part: 'routeConfigs', read: addRouteConfig }],
  ['static_clusters', { part: 'clusters', read: addCluster(false) }],
  ['dynamic_active_clusters', { part: 'clusters', read: addCluster(false) }],
  ['dynamic_warming_clusters', { part: 'clusters', read: addCluster(true) }],
  ['static_endpoint_configs', { part: 'endpoints', read: addEndpoints }],
  ['dynamic_endpoint_configs', { part: 'endpoints', read: addEndpoints }],
]);

/** Elements of an answer to `?resource=`, by the member that makes them what they are. */
const bareElements: ReadonlyMap<string, ListReader> = new Map([
  ['active_state', { part: 'listeners', read: addDynamicListener }],
  ['warming_state', { part: 'listeners', read: addDynamicListener }],
  ['draining_state', { part: 'listeners', read: addDynamicListener }],
  ['error_state', { part: 'listeners', read: addDynamicListener }],
  ['listener', { part: 'listeners', read: addBareListener }],
  ['secret', { part: 'secrets', read: addSecret(undefined) }],
  ['route_config', { part: 'routeConfigs', read: addRouteConfig }],
  ['cluster', { part: 'clusters', read: addCluster(false) }],
  ['endpoint_config', { part: 'endpoints', read: addEndpoints }],
]);

/** Sections by their type: an empty one has nothing else to be known by. */
const sections: ReadonlyMap<string, ConfigDumpPart> = new Map([
  ['ListenersConfigDump', 'listeners'],
  ['SecretsConfigDump', 'secrets'],
  ['RoutesConfigDump', 'routeConfigs'],
  ['ClustersConfigDump', 'clusters'],
  ['EndpointsConfigDump', 'endpoints'],
]);

const plan = {
  lists: new Set(lists.keys()),
  wholes: new Set(['bootstrap']),
  marks: new Set(['name', ...bareElements.keys()]),
  maxDepth: 200,
};

const mostProblems = 50;
const defaultMaxElementBytes = 256 * 1024 * 1024;

/**
 * Reads `/config_dump` of API v2 or v3, whole, masked or as a slice, as it arrives: the memory needed is that of its
 * largest element and of what is kept. Never throws because of the content; throws what `chunks` throws.
 */
export async function readConfigDump(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ConfigDumpOptions,
): Promise<ConfigDumpReading> {
  const reader = createReader(options);
  for await (const chunk of utf8Chunks(chunks)) {
    reader.splitter.push(chunk);
    if (reader.splitter.stopped) break;
  }
  reader.splitter.end();
  return reader.result();
}

function createReader(options: ConfigDumpOptions) {
  const found: Found = { listeners: [], secrets: [], routeConfigs: [], clusters: [], endpoints: [] };
  const collected = new Set<ConfigDumpPart>(options.asked);
  const empty = new Set<ConfigDumpPart>();
  const problems: string[] = [];
  let node: EnvoyNode | undefined;
  let recognised = false;

  const problem = (text: string): void => {
    if (problems.length < mostProblems) problems.push(text);
    else if (problems.length === mostProblems) problems.push('and more that could not be read');
  };

  const take = (reader: ListReader | undefined, place: string, json: Json | undefined): void => {
    if (!reader) return;
    collected.add(reader.part);
    if (json === undefined) return problem(`${place} is no JSON and was left out`);
    const said = reader.read(json, found, options.judge);
    if (said !== undefined) problem(said);
  };

  const events: SplitEvents = {
    type: (url) => {
      const part = sections.get(url.slice(url.lastIndexOf('.') + 1));
      if (part) empty.add(part);
      if (url.startsWith('type.googleapis.com/envoy.admin.')) recognised = true;
    },
    list: (member) => {
      const part = lists.get(member)?.part;
      if (part) collected.add(part);
    },
    element: (member, index, text) => take(lists.get(member), `${member}[${index}]`, parse(text)),
    whole: (member, text) => {
      const bootstrap = parse(text);
      if (!isObject(bootstrap)) return problem(`${member} is no JSON and was left out`);
      if (Object.keys(bootstrap).length > 0) node = readBootstrap(bootstrap);
    },
    bare: (text) => {
      const json = parse(text);
      const member = isObject(json) ? Object.keys(json).find((key) => bareElements.has(key)) : undefined;
      if (member === undefined) return problem('an object that is no element of a config dump was left out');
      take(bareElements.get(member), 'an element', json);
    },
    problem,
  };

  const splitter = new ConfigDumpSplitter(
    { ...plan, maxBytes: options.maxElementBytes ?? defaultMaxElementBytes },
    events,
  );

  const result = (): ConfigDumpReading => {
    // A mask empties the sections that it does not name, the bootstrap among them. With the bootstrap there, empty is empty.
    if (node) for (const part of empty) collected.add(part);
    if (!recognised && !node && collected.size === 0 && problems.length === 0)
      problem('JSON, but no config dump: none of its sections is there');
    const id = node?.id === undefined ? undefined : readNodeId(node.id);
    const sorted = { ...found, ...inOrder(found) };
    const parts = Object.fromEntries([...collected].map((part) => [part, sorted[part]]));
    return { state: present({ namespace: id?.namespace, pod: id?.pod, node, ...parts }), problems };
  };

  return { splitter, result };
}

function parse(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

function addListener(state: EnvoyListener['state']): ReadElement {
  return (json, found, judge) => {
    found.listeners.push(readListenerState(json, state, judge));
    return undefined;
  };
}

/** A static listener, or one of the lists of Envoy ≤ 1.12, whose elements have a name of their own type. */
function addBareListener(json: Json, found: Found, judge: PemJudge): undefined {
  found.listeners.push(readListenerState(json, typeName(json) === 'DynamicListener' ? 'active' : 'static', judge));
}

function addDynamicListener(json: Json, found: Found, judge: PemJudge): undefined {
  found.listeners.push(...readDynamicListener(json, judge));
}

function addSecret(state: EnvoySecret['state'] | undefined): ReadElement {
  return (json, found, judge) => {
    const read = readSecret(json, state, judge);
    if (!read) return undefined;
    found.secrets.push(read.secret);
    return read.keyInClear ? `the dump is not redacted: a private key of ${read.secret.name} was dropped` : undefined;
  };
}

function addRouteConfig(json: Json, found: Found): undefined {
  const config = readRouteConfig(json);
  if (config) found.routeConfigs.push(config);
}

function addCluster(warming: boolean): ReadElement {
  return (json, found, judge) => {
    const cluster = readCluster(json, warming, judge);
    if (cluster) found.clusters.push(cluster);
    return undefined;
  };
}

function addEndpoints(json: Json, found: Found): undefined {
  found.endpoints.push(...readEndpoints(json));
}

/** Static ones first, what still warms last: the order does not depend on that of the sections in the dump. */
function inOrder({ listeners, secrets, clusters }: Found): Pick<Found, 'listeners' | 'secrets' | 'clusters'> {
  const rank = (state: string) => ['static', 'active', 'warming'].indexOf(state);
  return {
    listeners: withoutEchoes(listeners).toSorted((a, b) => Number(b.state === 'static') - Number(a.state === 'static')),
    secrets: secrets.toSorted((a, b) => rank(a.state) - rank(b.state)),
    clusters: clusters.toSorted((a, b) => Number(a.warming ?? false) - Number(b.warming ?? false)),
  };
}

/** Envoy lists a refused listener twice, once without name and time: the echo says nothing that the first does not. */
function withoutEchoes(listeners: readonly EnvoyListener[]): readonly EnvoyListener[] {
  const refusal = (listener: EnvoyListener) => `${listener.name} ${listener.details}`;
  const refused = listeners.filter(({ state }) => state === 'error');
  const dated = new Set(refused.filter(({ lastUpdated }) => lastUpdated !== undefined).map(refusal));
  return listeners.filter(
    (listener) => listener.state !== 'error' || listener.lastUpdated !== undefined || !dated.has(refusal(listener)),
  );
}
