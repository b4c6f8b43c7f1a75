import type { ObjectRef, Resource } from '../model/resource.ts';
import type { Subject } from '../model/finding.ts';

/** The API group of an apiVersion: the empty string for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** A kind with its group, as kubectl writes it: `Gateway.networking.istio.io`, `Secret`. Versions do not matter. */
export function groupKind(object: { readonly apiVersion: string; readonly kind: string }): string {
  const group = groupOf(object.apiVersion);
  return group === '' ? object.kind : `${object.kind}.${group}`;
}

export function sameObject(a: ObjectRef, b: ObjectRef): boolean {
  return groupKind(a) === groupKind(b) && a.namespace === b.namespace && a.name === b.name;
}

/** A key that is equal for two references to the same object, whatever version each names. */
export function objectKey(object: ObjectRef): string {
  return `${groupKind(object)}/${object.namespace}/${object.name}`;
}

export function refOf(object: ObjectRef): ObjectRef {
  return { apiVersion: object.apiVersion, kind: object.kind, namespace: object.namespace, name: object.name };
}

/** NAMESPACE/NAME, or the name alone for what has no namespace. */
export function fullName(object: { readonly namespace: string; readonly name: string }): string {
  return object.namespace === '' ? object.name : `${object.namespace}/${object.name}`;
}

/** `Gateway shop/storefront`: how messages name an object. */
export function named(object: ObjectRef): string {
  return `${object.kind} ${fullName(object)}`;
}

export function subjectOf(object: ObjectRef & Pick<Resource, 'origin'>, path?: string): Subject {
  return {
    ...refOf(object),
    ...(path !== undefined && { path }),
    ...(object.origin && { origin: object.origin }),
  };
}
