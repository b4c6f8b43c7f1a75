import type { Gap, Lookup } from '../../model/coverage.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { objectsAt, textAt } from '../../kubernetes/read.ts';
import type { ApiKind } from './api-kind.ts';
import { isUnknownKind } from './list-objects.ts';
import { NoAnswer } from './no-answer.ts';
import { gapOf, readAnswer, type WholeAnswer } from './read-answer.ts';
import type { Transport } from './transport.ts';

/** What kinds a server has. */
export interface Discovery {
  /** Each kind in every version served, the preferred version of its group first. */
  readonly kinds: readonly ApiKind[];
  /** Versions of groups that are announced and do not answer, as of an aggregated API whose server is down. */
  readonly dead: readonly { readonly group: string; readonly version: string; readonly gap: Gap }[];
}

/**
 * A kind in the version that the server prefers. Absent when the server has no such kind, so there can be no such object;
 * unknown when its group is announced and does not answer.
 */
export function kindIn(discovery: Discovery, group: string, kind: string): Lookup<ApiKind> {
  const found = discovery.kinds.find((candidate) => candidate.group === group && candidate.kind === kind);
  if (found) return { state: 'found', value: found };
  const dead = discovery.dead.find((candidate) => candidate.group === group);
  return dead ? { state: 'unknown', gap: dead.gap } : { state: 'absent' };
}

/** Aggregated discovery (Kubernetes 1.30; beta since 1.27), with the old form for servers that know neither. */
const aggregated = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat('application/json')
  .join(',');

/**
 * Asks which kinds there are: two requests, or on old servers one more for each version of a group. `groups` restricts
 * what old servers are asked for to those groups (`''` is the core group).
 */
export async function discover(transport: Transport, groups?: readonly string[]): Promise<Lookup<Discovery>> {
  const answers = await Promise.all(['/api', '/apis'].map((path) => ask(transport, path, aggregated)));
  const parts: Discovery[] = [];
  for (const answer of answers) {
    if (answer instanceof NoAnswer) return { state: 'unknown', gap: answer.gap };
    if (answer.status !== 200) return { state: 'unknown', gap: gapOf(answer, 'get /apis') };
    if (textAt(answer.json, 'kind') === 'APIGroupDiscoveryList') parts.push(readAggregated(answer.json));
    else parts.push(await readEachVersion(transport, announced(answer.json), groups));
  }
  return {
    state: 'found',
    value: { kinds: parts.flatMap((part) => part.kinds), dead: parts.flatMap((part) => part.dead) },
  };
}

async function ask(transport: Transport, path: string, accept?: string): Promise<WholeAnswer | NoAnswer> {
  try {
    return await readAnswer(await transport.send({ do: 'read', path, ...(accept !== undefined && { accept }) }));
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

function readAggregated(document: Json | undefined): Discovery {
  const kinds: ApiKind[] = [];
  const dead: { group: string; version: string; gap: Gap }[] = [];
  for (const { value: item } of objectsAt(document, 'items')) {
    const group = textAt(item, 'metadata', 'name') ?? '';
    for (const { value: versioned } of objectsAt(item, 'versions')) {
      const version = textAt(versioned, 'version') ?? '';
      const resources = objectsAt(versioned, 'resources');
      kinds.push(...resources.flatMap(({ value }) => aggregatedKind(group, version, value)));
      // A stale group keeps what it last had; without anything, nothing is known of it.
      if (textAt(versioned, 'freshness') === 'Stale' && resources.length === 0) {
        dead.push({ group, version, gap: deadGroup(group, version, 'its server does not answer (Stale)') });
      }
    }
  }
  return { kinds, dead };
}

function aggregatedKind(group: string, version: string, resource: JsonObject): ApiKind[] {
  const name = textAt(resource, 'resource');
  const kind = textAt(resource, 'responseKind', 'kind');
  if (name === undefined || kind === undefined) return [];
  return [{ group, version, kind, resource: name, namespaced: textAt(resource, 'scope') === 'Namespaced' }];
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** The versions in an `APIVersions` (core group) or an `APIGroupList`, preferred ones first. */
function announced(document: Json | undefined): readonly GroupVersion[] {
  const core = textAt(document, 'kind') === 'APIVersions' ? [{ group: '', version: 'v1' }] : [];
  const named = objectsAt(document, 'groups').flatMap(({ value }) => {
    const group = textAt(value, 'name') ?? '';
    const preferred = textAt(value, 'preferredVersion', 'version');
    const versions = objectsAt(value, 'versions').flatMap((entry) => textAt(entry.value, 'version') ?? []);
    const ordered = versions.toSorted((a, b) => Number(b === preferred) - Number(a === preferred));
    return ordered.map((version) => ({ group, version }));
  });
  return [...core, ...named];
}

async function readEachVersion(
  transport: Transport,
  versions: readonly GroupVersion[],
  groups: readonly string[] | undefined,
): Promise<Discovery> {
  const asked = versions.filter(({ group }) => groups === undefined || groups.includes(group));
  const parts = await Promise.all(asked.map((version) => readVersion(transport, version)));
  return { kinds: parts.flatMap((part) => part.kinds), dead: parts.flatMap((part) => part.dead) };
}

async function readVersion(transport: Transport, { group, version }: GroupVersion): Promise<Discovery> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const answer = await ask(transport, path);
  const lost = (why: string): Discovery => ({
    kinds: [],
    dead: [{ group, version, gap: deadGroup(group, version, why) }],
  });
  if (answer instanceof NoAnswer) return { kinds: [], dead: [{ group, version, gap: answer.gap }] };
  if (isUnknownKind(answer)) return { kinds: [], dead: [] };
  if (answer.status !== 200) return lost(gapOf(answer, `get ${path}`).detail);
  const kinds = objectsAt(answer.json, 'resources').flatMap(({ value }) => {
    const resource = textAt(value, 'name') ?? '';
    const kind = textAt(value, 'kind');
    if (kind === undefined || resource === '' || resource.includes('/')) return [];
    return [{ group, version, kind, resource, namespaced: value['namespaced'] === true }];
  });
  return { kinds, dead: [] };
}

function deadGroup(group: string, version: string, why: string): Gap {
  return { reason: 'unreachable', detail: `the API group ${group === '' ? 'core' : group}/${version}: ${why}` };
}
