import { dump } from 'js-yaml';
import { fullResource } from '../kubernetes/plurals.ts';
import { at } from '../kubernetes/read.ts';
import type { Command } from '../model/finding.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { ObjectRef, Resource } from '../model/resource.ts';

/** One operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: 'add' | 'copy' | 'remove' | 'replace' | 'test';
  readonly path: string;
  /** Of a `copy`: the pointer to copy from. */
  readonly from?: string;
  readonly value?: Json;
}

const inNamespace = (namespace: string): readonly string[] => (namespace === '' ? [] : ['-n', namespace]);

export function kubectl(namespace: string, ...words: readonly string[]): Command {
  return { argv: ['kubectl', ...inNamespace(namespace), ...words] };
}

/** `spec.servers[0].tls` as a JSON pointer: `/spec/servers/0/tls`. */
export function pointerOf(path: string): string {
  const parts = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The value at `spec.servers[0].tls` of an object. */
export function valueAt(object: Resource, path: string): Json | undefined {
  const parts = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  return at(object.body, ...parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part)));
}

/**
 * A JSON patch. Operations through an index are led by a `test` of what stands there now, so that the patch fails
 * rather than hits a neighbour when the list has changed meanwhile.
 */
export function jsonPatch(object: ObjectRef, operations: readonly PatchOperation[]): Command {
  return kubectl(
    object.namespace,
    'patch',
    fullResource(object),
    object.name,
    '--type=json',
    '-p',
    JSON.stringify(operations),
  );
}

/** Replaces one field by its path, guarded by a test of the old value where there is one. */
export function replaceField(object: Resource, path: string, value: Json): Command {
  const pointer = pointerOf(path);
  const old = valueAt(object, path);
  if (old === undefined) return jsonPatch(object, [{ op: 'add', path: pointer, value }]);
  return jsonPatch(object, [
    { op: 'test', path: pointer, value: old },
    { op: 'replace', path: pointer, value },
  ]);
}

/** The command that takes `replaceField` back. */
export function restoreField(object: Resource, path: string, changedTo: Json): Command {
  const pointer = pointerOf(path);
  const old = valueAt(object, path);
  const guard: PatchOperation = { op: 'test', path: pointer, value: changedTo };
  return jsonPatch(object, [
    guard,
    old === undefined ? { op: 'remove', path: pointer } : { op: 'replace', path: pointer, value: old },
  ]);
}

/** A merge patch: for maps, where no index can go wrong. */
export function mergePatch(object: ObjectRef, patch: JsonObject): Command {
  return kubectl(
    object.namespace,
    'patch',
    fullResource(object),
    object.name,
    '--type=merge',
    '-p',
    JSON.stringify(patch),
  );
}

export function applyManifest(manifest: JsonObject): Command {
  return {
    argv: ['kubectl', 'apply', '-f', '-'],
    stdin: dump(manifest, { lineWidth: -1 }).trimEnd(),
  };
}

export const deleteObject = (object: ObjectRef): Command =>
  kubectl(object.namespace, 'delete', fullResource(object), object.name);

/** Who would write the object back after a change by hand, by the marks that these tools leave. */
export function managerOf(object: Pick<Resource, 'labels' | 'annotations'>): string | undefined {
  const { labels, annotations } = object;
  const argo = annotations['argocd.argoproj.io/tracking-id'] ?? labels['argocd.argoproj.io/instance'];
  if (argo !== undefined) return `Argo CD application ${argo.split(':')[0] ?? argo}`;
  const kustomization = labels['kustomize.toolkit.fluxcd.io/name'];
  if (kustomization !== undefined) return `Flux Kustomization ${kustomization}`;
  const fluxRelease = labels['helm.toolkit.fluxcd.io/name'];
  if (fluxRelease !== undefined) return `Flux HelmRelease ${fluxRelease}`;
  const helmRelease = annotations['meta.helm.sh/release-name'];
  if (helmRelease !== undefined || labels['app.kubernetes.io/managed-by'] === 'Helm') {
    return `Helm release ${helmRelease ?? labels['app.kubernetes.io/instance'] ?? '(name not known)'}`;
  }
  return undefined;
}

export const ownerOfNamespace = (namespace: string): string =>
  namespace === '' ? 'the cluster’s administrator' : `the owner of namespace ${namespace}`;

/** `istls doctor HOST`: the command that shows whether the fix worked. A wildcard cannot be asked for. */
export function confirmHost(host: string | undefined): Command {
  const asked = host === undefined || host.startsWith('*') ? [] : [host];
  return { argv: ['istls', 'doctor', ...asked] };
}
