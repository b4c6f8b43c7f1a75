import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../model/json.ts';
import type { Kind } from './kinds.ts';
import { groupVersion, isReview } from './kinds.ts';

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Whether the client asks for all groups and their resources in one document (kubectl since 1.26). */
export function wantsAggregated(request: IncomingMessage): boolean {
  return (request.headers.accept ?? '').split(',').some((type) => type.replaceAll(' ', '') === aggregatedType);
}

/** `/api` or `/apis` with everything in it. */
export function aggregatedDiscovery(kinds: readonly Kind[], core: boolean): JsonObject {
  const groups = groupsOf(kinds).filter((group) => (group === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: { creationTimestamp: null, ...(group !== '' && { name: group }) },
      versions: versionsOf(kinds, group).map((version) => ({
        version,
        freshness: 'Current',
        resources: servedKinds(kinds, group, version).map((kind) => aggregatedResource(kind, version)),
      })),
    })),
  };
}

function aggregatedResource(kind: Kind, version: string): JsonObject {
  const responseKind = { group: kind.group, version, kind: kind.kind };
  const scope = kind.namespaced ? 'Namespaced' : 'Cluster';
  return {
    resource: kind.plural,
    responseKind,
    scope,
    singularResource: kind.singular,
    verbs: isReview(kind) ? ['create'] : objectVerbs,
    ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
    ...(kind.categories.length > 0 && { categories: kind.categories }),
    ...(kind.subresources.length > 0 && {
      subresources: kind.subresources.map((subresource) => ({
        subresource,
        responseKind,
        verbs: subresourceVerbs(subresource),
      })),
    }),
  };
}

/** `/api` for clients that read version by version. */
export function coreVersions(): JsonObject {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
}

/** `/apis`. */
export function groupList(kinds: readonly Kind[]): JsonObject {
  const groups = groupsOf(kinds).filter((group) => group !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => groupEntry(kinds, group)) };
}

/** `/apis/GROUP`, or `undefined` for a group that is not served. */
export function oneGroup(kinds: readonly Kind[], group: string): JsonObject | undefined {
  if (group === '' || !groupsOf(kinds).includes(group)) return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(kinds, group) };
}

function groupEntry(kinds: readonly Kind[], group: string): JsonObject {
  const versions = versionsOf(kinds, group).map((version) => ({ groupVersion: groupVersion(group, version), version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

/** `/api/v1` or `/apis/GROUP/VERSION`, or `undefined` when nothing is served there. */
export function resourceList(kinds: readonly Kind[], group: string, version: string): JsonObject | undefined {
  const served = servedKinds(kinds, group, version);
  if (served.length === 0) return undefined;
  const resources = served.flatMap((kind) => [resourceEntry(kind)].concat(subresourceEntries(kind)));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: groupVersion(group, version), resources };
}

function resourceEntry(kind: Kind): JsonObject {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: isReview(kind) ? ['create'] : objectVerbs,
    ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
    ...(kind.categories.length > 0 && { categories: kind.categories }),
  };
}

function subresourceEntries(kind: Kind): JsonObject[] {
  return kind.subresources.map((subresource) => ({
    name: `${kind.plural}/${subresource}`,
    singularName: '',
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: subresourceVerbs(subresource),
  }));
}

function subresourceVerbs(subresource: string): readonly string[] {
  if (subresource === 'log') return ['get'];
  if (subresource === 'exec' || subresource === 'portforward') return ['create', 'get'];
  return ['get', 'patch', 'update'];
}

function groupsOf(kinds: readonly Kind[]): readonly string[] {
  return [...new Set(kinds.map((kind) => kind.group))];
}

function versionsOf(kinds: readonly Kind[], group: string): readonly string[] {
  return [...new Set(kinds.filter((kind) => kind.group === group).flatMap((kind) => kind.versions))];
}

function servedKinds(kinds: readonly Kind[], group: string, version: string): readonly Kind[] {
  return kinds.filter((kind) => kind.group === group && kind.versions.includes(version));
}
