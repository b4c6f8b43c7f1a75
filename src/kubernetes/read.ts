import type { Json, JsonObject } from '../model/json.ts';

/**
 * Reading fields of documents that nobody validated. Each function takes a path and gives the value if it is there and
 * of the kind asked for, else nothing: a wrong type in the evidence is never an exception.
 */
type Path = readonly (string | number)[];

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function at(value: Json | undefined, ...path: Path): Json | undefined {
  let here: Json | undefined = value;
  for (const step of path) {
    if (typeof step === 'number') here = isList(here) ? here[step] : undefined;
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined;
    if (here === undefined || here === null) return undefined;
  }
  return here;
}

export function textAt(value: Json | undefined, ...path: Path): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** A number, also where YAML or a template left it as text. */
export function numberAt(value: Json | undefined, ...path: Path): number | undefined {
  const found = at(value, ...path);
  if (typeof found === 'number') return found;
  if (typeof found === 'string' && /^-?\d+$/.test(found)) return Number(found);
  return undefined;
}

/** A boolean, also where YAML or a template left it as text. */
export function booleanAt(value: Json | undefined, ...path: Path): boolean | undefined {
  const found = at(value, ...path);
  if (typeof found === 'boolean') return found;
  if (found === 'true') return true;
  if (found === 'false') return false;
  return undefined;
}

export function objectAt(value: Json | undefined, ...path: Path): JsonObject | undefined {
  const found = at(value, ...path);
  return isObject(found) ? found : undefined;
}

export function listAt(value: Json | undefined, ...path: Path): readonly Json[] {
  const found = at(value, ...path);
  return isList(found) ? found : [];
}

/** The objects of a list; what else stands in it is passed over. Keeps the place of each, for field paths. */
export function objectsAt(value: Json | undefined, ...path: Path): readonly { index: number; value: JsonObject }[] {
  return listAt(value, ...path).flatMap((item, index) => (isObject(item) ? [{ index, value: item }] : []));
}

export function textsAt(value: Json | undefined, ...path: Path): readonly string[] {
  return listAt(value, ...path).filter((item) => typeof item === 'string');
}

/** A map of text to text, as labels and selectors are; numbers and booleans count as their text. */
export function textMapAt(value: Json | undefined, ...path: Path): Readonly<Record<string, string>> {
  const found = objectAt(value, ...path);
  if (!found) return {};
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, item]) =>
      typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean' ? [[key, String(item)]] : [],
    ),
  );
}
