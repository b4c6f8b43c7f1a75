import type { Json, JsonObject } from '../../model/json.ts';
import { isList, isObject } from '../../kubernetes/read.ts';

/** Applies a JSON merge patch (RFC 7386): objects are merged, `null` takes a field away, all else is replaced. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...target };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else if (isObject(value)) {
      const current = target[field];
      result[field] = mergePatch(isObject(current) ? current : {}, value);
    } else result[field] = value;
  }
  return result;
}

/**
 * Fields whose lists Kubernetes merges by a key instead of replacing them (the `patchMergeKey` tags of its Go types,
 * as far as people patch them). A list that is not named here is replaced as a whole.
 */
const mergeKeys: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  ephemeralContainers: ['name'],
  hostAliases: ['ip'],
  imagePullSecrets: ['name'],
  initContainers: ['name'],
  ownerReferences: ['uid'],
  ports: ['containerPort', 'port'],
  secrets: ['name'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
};

/** Lists of plain values that are merged as sets. */
const mergedSets = new Set(['finalizers']);

/**
 * Applies a strategic merge patch: a merge patch that merges the lists above by their keys, with the directives
 * `$patch: delete|replace` and `$deleteFromPrimitiveList`. Order hints (`$setElementOrder`, `$retainKeys`) are passed over.
 */
export function strategicMergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const result: Record<string, Json | undefined> = { ...target };
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith('$deleteFromPrimitiveList/')) {
      const name = field.slice('$deleteFromPrimitiveList/'.length);
      const [kept, gone] = [result[name], value];
      if (isList(kept) && isList(gone)) result[name] = kept.filter((item) => !gone.includes(item));
    } else if (field.startsWith('$')) continue;
    else if (value === null) delete result[field];
    else result[field] = merged(field, target[field], value);
  }
  return result;
}

function merged(field: string, current: Json | undefined, value: Json | undefined): Json | undefined {
  if (isObject(value)) return strategicMergePatch(isObject(current) ? current : {}, value);
  if (!isList(value)) return value;
  if (!isList(current)) return value.map((item) => (isObject(item) ? withoutDirectives(item) : item));
  if (mergedSets.has(field)) return [...new Set([...current, ...value])];
  const key = mergeKeys[field]?.find((name) =>
    value.every((item) => isObject(item) && (name in item || '$patch' in item)),
  );
  return key === undefined ? value : mergeLists(current, value.filter(isObject), key);
}

function mergeLists(current: readonly Json[], patch: readonly JsonObject[], key: string): readonly Json[] {
  if (patch.some((item) => item['$patch'] === 'replace')) {
    return patch.filter((item) => item['$patch'] !== 'replace').map(withoutDirectives);
  }
  let result = current.filter(isObject);
  for (const item of patch) {
    const index = result.findIndex((existing) => existing[key] === item[key]);
    const existing = result[index];
    if (item['$patch'] === 'delete') result = result.filter((other) => other[key] !== item[key]);
    else if (existing) result = result.with(index, strategicMergePatch(existing, item));
    else result = [...result, withoutDirectives(item)];
  }
  return result;
}

function withoutDirectives(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !field.startsWith('$')));
}
