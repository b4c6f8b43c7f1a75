import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import type { Json } from '../model/json.ts';

/** JSON text as what it can hold. Throws a SyntaxError. */
export function parseJson(text: string): Json {
  // oxlint-disable-next-line no-unsafe-type-assertion -- JSON.parse gives exactly what Json describes
  return JSON.parse(text) as Json;
}

/**
 * One YAML document as what it can hold; undefined when it is empty. Dates stay text, duplicate keys are overwritten as
 * Kubernetes does, and aliases are few, so that a small text cannot become a large object. Throws a YAMLException.
 */
export function parseYaml(text: string): Json | undefined {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the core schema makes nothing but what Json describes
  return (load(text, { schema: CORE_SCHEMA, json: true, maxAliases: 1000 }) ?? undefined) as Json | undefined;
}

export { YAMLException };
