import type { Json, JsonObject } from '../../model/json.ts';
import { isObject, listAt, objectAt, textAt } from '../../kubernetes/read.ts';
import type { KubernetesObject } from './object.ts';
import { sameJson, withMetadata } from './object.ts';

/** Who writes, as `metadata.managedFields` names it. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Update' | 'Apply';
  readonly subresource: string;
  readonly apiVersion: string;
  /** ISO 8601, to the second. */
  readonly time: string;
}

/** Metadata that the server keeps itself and that nobody manages. */
const ownMetadata = new Set([
  'creationTimestamp',
  'generation',
  'managedFields',
  'name',
  'namespace',
  'resourceVersion',
  'uid',
]);

/**
 * The object with an entry of its writer. The lab notes which fields a writer set, lists as a whole, so that people and
 * tools see who changed what and when; it knows no conflicts of ownership.
 * @param applied what a server-side apply sent; absent for other writes.
 */
export function recordWriter(
  before: KubernetesObject | undefined,
  after: KubernetesObject,
  writer: Writer,
  applied?: JsonObject,
): KubernetesObject {
  const entries = listAt(before, 'metadata', 'managedFields').filter(isObject);
  const changed = differences(managedPart(before ?? {}), managedPart(after));
  const own = entries.find((entry) => isOf(entry, writer));
  const isNew = applied !== undefined && own === undefined;
  if (Object.keys(changed).length === 0 && !isNew) return withMetadata(after, { managedFields: entries });
  const fields = applied ? differences({}, managedPart(applied)) : union(objectAt(own, 'fieldsV1') ?? {}, changed);
  const entry: JsonObject = {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(writer.subresource !== '' && { subresource: writer.subresource }),
  };
  return withMetadata(after, { managedFields: [...entries.filter((other) => other !== own), entry] });
}

/** The object without the fields that this writer applied before and no longer sends. */
export function dropAbandoned(object: JsonObject, writer: Writer, applied: JsonObject): JsonObject {
  const entries = listAt(object, 'metadata', 'managedFields').filter(isObject);
  const own = entries.find((entry) => isOf(entry, writer));
  return without(object, objectAt(own, 'fieldsV1') ?? {}, applied);
}

function without(object: JsonObject, fields: JsonObject, applied: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...object };
  for (const [key, inner] of Object.entries(fields)) {
    const field = key.slice('f:'.length);
    const [value, sent] = [result[field], applied[field]];
    const isLeaf = !isObject(inner) || Object.keys(inner).length === 0;
    if (sent === undefined && isLeaf) delete result[field];
    else if (isObject(value) && isObject(inner)) result[field] = without(value, inner, isObject(sent) ? sent : {});
  }
  return result;
}

function isOf(entry: JsonObject, writer: Writer): boolean {
  return (
    textAt(entry, 'manager') === writer.manager &&
    textAt(entry, 'operation') === writer.operation &&
    (textAt(entry, 'subresource') ?? '') === writer.subresource
  );
}

function managedPart(object: JsonObject): JsonObject {
  const { apiVersion: _version, kind: _kind, ...rest } = object;
  const metadata = Object.entries(objectAt(object, 'metadata') ?? {}).filter(([field]) => !ownMetadata.has(field));
  return { ...rest, metadata: Object.fromEntries(metadata) };
}

/** The fields that differ, those taken away included, as the `f:` tree of FieldsV1. */
function differences(before: JsonObject, after: JsonObject): JsonObject {
  const tree: Record<string, JsonObject> = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, value] = [before[field], after[field]];
    if (sameJson(old, value)) continue;
    tree[`f:${field}`] = isObject(value) ? differences(isObject(old) ? old : {}, value) : {};
  }
  return tree;
}

function union(a: JsonObject, b: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...a };
  for (const [field, value] of Object.entries(b)) {
    const known = result[field];
    result[field] = isObject(known) && isObject(value) ? union(known, value) : value;
  }
  return result;
}
