import type { Json, JsonObject } from '../../model/json.ts';
import { objectAt, textAt, textMapAt } from '../../kubernetes/read.ts';

interface ObjectMeta extends JsonObject {
  readonly name: string;
}

/** An object as the lab stores it. Values are never changed in place: each write makes a new one. */
export interface KubernetesObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export function namespaceOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'namespace') ?? '';
}

export function nameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'name') ?? '';
}

export function labelsOf(object: JsonObject): Readonly<Record<string, string>> {
  return textMapAt(object, 'metadata', 'labels');
}

export function annotationsOf(object: JsonObject): Readonly<Record<string, string>> {
  return textMapAt(object, 'metadata', 'annotations');
}

/** `NAMESPACE/NAME`: sorts objects as the API lists them. */
export function keyOf(object: JsonObject): string {
  return `${namespaceOf(object)}/${nameOf(object)}`;
}

export function resourceVersionOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'resourceVersion') ?? '';
}

/** The object with other metadata fields; one that is `undefined` is taken away. */
export function withMetadata<T extends JsonObject>(object: T, fields: JsonObject): T {
  return { ...object, metadata: defined({ ...objectAt(object, 'metadata'), ...fields }) };
}

/** Without the fields that are `undefined`. */
export function defined(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Whether two documents say the same; the order of an object's fields does not matter. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: Json | undefined): string {
  return (
    JSON.stringify(value, (_key, item: unknown) =>
      typeof item === 'object' && item !== null && !Array.isArray(item)
        ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
        : item,
    ) ?? ''
  );
}
