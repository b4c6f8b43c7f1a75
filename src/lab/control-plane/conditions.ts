import type { Json, JsonObject } from '../../model/json.ts';
import { isList, isObject, numberAt, objectsAt, textAt } from '../../kubernetes/read.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { sameJson } from '../api-server/object.ts';

/** One condition of a status, before it gets its time and generation. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Conditions as the API has them. A condition whose status did not change keeps the time of its last change. */
export function statusConditions(
  object: KubernetesObject,
  before: Json | undefined,
  conditions: readonly Condition[],
  now: Date,
): readonly JsonObject[] {
  const known = objectsAt(before).map(({ value }) => value);
  return conditions.map(({ type, status, reason, message }) => {
    const old = known.find((condition) => condition['type'] === type && condition['status'] === status);
    return {
      type,
      status,
      reason,
      message,
      observedGeneration: numberAt(object, 'metadata', 'generation') ?? 1,
      lastTransitionTime: textAt(old, 'lastTransitionTime') ?? `${now.toISOString().slice(0, 19)}Z`,
    };
  });
}

/** Whether a status says something new. */
export function isNews(object: KubernetesObject, status: JsonObject): boolean {
  return !sameJson(object['status'], status);
}

/** The entry of a list of objects that has this value in a field. */
export function entryWith(list: Json | undefined, field: string, value: Json | undefined): JsonObject | undefined {
  return isList(list) ? list.filter(isObject).find((entry) => sameJson(entry[field], value)) : undefined;
}
