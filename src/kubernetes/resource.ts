import type { Json, JsonObject } from '../model/json.ts';
import type { Change, Meta, Origin, OwnerReference, Resource } from '../model/resource.ts';
import { booleanAt, isList, isObject, objectsAt, textAt, textMapAt } from './read.ts';
import { settingsOf } from './settings.ts';

/** What `kubectl apply` writes: the whole object as it was applied, which for a Secret is all of its values. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields of a pod's spec whose entries have an `env`. */
const containerFields: ReadonlySet<string> = new Set(['containers', 'initContainers', 'ephemeralContainers']);

/** The metadata of any object. What is missing is empty: a document that is no Kubernetes object has no kind. */
export function metaOf(object: JsonObject, origin?: Origin): Meta {
  const annotations = textMapAt(object, 'metadata', 'annotations');
  const createdAt = textAt(object, 'metadata', 'creationTimestamp');
  const deletedAt = textAt(object, 'metadata', 'deletionTimestamp');
  const resourceVersion = textAt(object, 'metadata', 'resourceVersion');
  const uid = textAt(object, 'metadata', 'uid');
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace') ?? '',
    name: textAt(object, 'metadata', 'name') ?? '',
    labels: textMapAt(object, 'metadata', 'labels'),
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== lastApplied)),
    owners: objectsAt(object, 'metadata', 'ownerReferences').map(({ value }) => ownerOf(value)),
    changes: objectsAt(object, 'metadata', 'managedFields').flatMap(({ value }) => changeOf(value) ?? []),
    ...(createdAt !== undefined && { createdAt }),
    ...(deletedAt !== undefined && { deletedAt }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(uid !== undefined && { uid }),
    ...(origin && { origin }),
  };
}

/**
 * An object of any kind but Secret. Literal environment values of containers are left out, wherever a pod or a pod
 * template stands in it: they may be passwords. References (`valueFrom`) stay.
 */
export function resourceOf(object: JsonObject, origin?: Origin): Resource {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...body } = object;
  const settings = settingsOf(object);
  return { ...metaOf(object, origin), body: withoutValues(body), ...(settings.length > 0 && { settings }) };
}

function ownerOf(reference: JsonObject): OwnerReference {
  return {
    apiVersion: textAt(reference, 'apiVersion') ?? '',
    kind: textAt(reference, 'kind') ?? '',
    name: textAt(reference, 'name') ?? '',
    controller: booleanAt(reference, 'controller') ?? false,
  };
}

function changeOf(entry: JsonObject): Change | undefined {
  const at = textAt(entry, 'time');
  if (at === undefined) return undefined;
  return { at, by: textAt(entry, 'manager') ?? '', operation: textAt(entry, 'operation') ?? '' };
}

function withoutValues(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([field, value]) => [
      field,
      containerFields.has(field) && isList(value) ? value.map(withoutEnvValues) : withoutValuesWithin(value),
    ]),
  );
}

function withoutValuesWithin(value: Json | undefined): Json | undefined {
  if (isList(value)) return value.map((item) => withoutValuesWithin(item) ?? null);
  return isObject(value) ? withoutValues(value) : value;
}

function withoutEnvValues(container: Json): Json {
  if (!isObject(container) || !isList(container['env'])) return container;
  const env = container['env'].map((variable) => {
    if (!isObject(variable)) return variable;
    const { value: _value, ...rest } = variable;
    return rest;
  });
  return { ...container, env };
}
