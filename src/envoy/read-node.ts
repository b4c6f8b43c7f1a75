import type { EnvoyNode } from '../model/envoy.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { booleanAt, numberAt, objectAt, objectsAt, textAt, textMapAt } from '../kubernetes/read.ts';
import { present } from './present.ts';
import { readStringMatcher } from './string-matcher.ts';

/** Node metadata that istls keeps: what decides a rule. The rest may hold anything that a pod's annotations hold. */
const keptMetadata = [
  'NAME',
  'NAMESPACE',
  'SERVICE_ACCOUNT',
  'WORKLOAD_NAME',
  'CLUSTER_ID',
  'MESH_ID',
  'NETWORK',
  'INTERCEPTION_MODE',
  'UNPRIVILEGED_POD',
  'USER_SDS',
  'SDS',
  'credential',
  'file-credential',
];

/** The parts of an Istio node id: `router~10.0.0.5~POD.NAMESPACE~NAMESPACE.svc.cluster.local`. */
export interface NodeId {
  readonly proxyType: string;
  readonly address: string;
  readonly pod: string;
  readonly namespace: string;
}

/** Undefined for an id of another make. A pod's name may hold dots, a namespace's may not. */
export function readNodeId(id: string): NodeId | undefined {
  const [proxyType, address, workload, ...domain] = id.split('~');
  if (!proxyType || address === undefined || workload === undefined || domain.length === 0) return undefined;
  const dot = workload.lastIndexOf('.');
  if (dot <= 0) return undefined;
  return { proxyType, address, pod: workload.slice(0, dot), namespace: workload.slice(dot + 1) };
}

/** Reads `envoy.config.core.v3.Node`, as it stands in the bootstrap and in `/server_info`. */
export function readNode(json: Json | undefined): EnvoyNode {
  const metadata = objectAt(json, 'metadata');
  const id = textAt(json, 'id');
  const labels = textMapAt(metadata, 'LABELS');
  const kept = readMetadata(metadata);
  // Envoy ≤ 1.14: `<commit>/1.12.0-dev/Clean/RELEASE/BoringSSL`.
  const [, number, , , ssl] = (textAt(json, 'build_version') ?? '').split('/');
  return present({
    id,
    istioVersion: textAt(metadata, 'ISTIO_VERSION'),
    envoyVersion: readBuildVersion(objectAt(json, 'user_agent_build_version')) ?? (number || undefined),
    revision: labels['istio.io/rev'] ?? textAt(metadata, 'ANNOTATIONS', 'istio.io/rev'),
    labels,
    proxyType: id === undefined ? undefined : readNodeId(id)?.proxyType,
    ssl: textAt(json, 'user_agent_build_version', 'metadata', 'ssl.version') ?? (ssl || undefined),
    metadata: Object.keys(kept).length > 0 ? kept : undefined,
  });
}

function readMetadata(metadata: JsonObject | undefined): Readonly<Record<string, string>> {
  const texts = textMapAt(metadata);
  return Object.fromEntries(
    keptMetadata.flatMap((key) => {
      const value = Object.hasOwn(texts, key) ? texts[key] : undefined;
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

function readBuildVersion(build: Json | undefined): string | undefined {
  const version = objectAt(build, 'version');
  const major = numberAt(version, 'major_number');
  if (major === undefined) return undefined;
  return `${major}.${numberAt(version, 'minor_number') ?? 0}.${numberAt(version, 'patch') ?? 0}`;
}

/** Reads the bootstrap of a config dump: the node, and which statistics it records. */
export function readBootstrap(bootstrap: Json): EnvoyNode {
  return { ...readNode(objectAt(bootstrap, 'node')), statsInclusion: readStatsInclusion(bootstrap) };
}

/**
 * What `stats_matcher` lets through, as matcher texts; `prefix:` alone where everything is recorded. A list of
 * exclusions is given with a leading `!` each.
 */
function readStatsInclusion(bootstrap: Json): readonly string[] {
  const matcher = objectAt(bootstrap, 'stats_config', 'stats_matcher');
  if (!matcher) return ['prefix:'];
  if (booleanAt(matcher, 'reject_all') === true) return [];
  const included = matchersOf(matcher, 'inclusion_list');
  const excluded = matchersOf(matcher, 'exclusion_list').map((text) => `!${text}`);
  return included.length > 0 || excluded.length > 0 ? [...included, ...excluded] : ['prefix:'];
}

function matchersOf(matcher: JsonObject, list: string): readonly string[] {
  return objectsAt(matcher, list, 'patterns').flatMap(({ value }) => readStringMatcher(value) ?? []);
}

/**
 * Whether this Envoy records a statistic, so that its absence means zero or nothing at all; undefined where the bootstrap
 * was not read, or only a regular expression could tell.
 */
export function recordsStat(node: EnvoyNode | undefined, name: string): boolean | undefined {
  const inclusion = node?.statsInclusion;
  if (!inclusion) return undefined;
  const excluding = inclusion.some((text) => text.startsWith('!'));
  const answers = new Set(inclusion.map((text) => matches(excluding ? text.slice(1) : text, name)));
  if (answers.has(true)) return !excluding;
  return answers.has(undefined) ? undefined : excluding;
}

function matches(text: string, name: string): boolean | undefined {
  const colon = text.indexOf(':');
  const value = text.slice(colon + 1);
  switch (text.slice(0, Math.max(colon, 0))) {
    case 'prefix':
      return name.startsWith(value);
    case 'suffix':
      return name.endsWith(value);
    case 'contains':
      return name.includes(value);
    case 'regex':
      return undefined;
    case 'exact':
      return name === value;
    default:
      return name === text;
  }
}
