import { CORE_SCHEMA, load, loadAll } from 'js-yaml';
import type { Json } from '../model/json.ts';

/** One YAML document as plain JSON. Throws what js-yaml throws for a text that is none. */
export function readYaml(text: string): Json {
  return plain(load(text, { schema: CORE_SCHEMA }));
}

/** All documents of a YAML stream; empty ones are left out. */
export function readYamlStream(text: string): readonly Json[] {
  return loadAll(text, { schema: CORE_SCHEMA })
    .map(plain)
    .filter((document) => document !== null);
}

// Through text, so that an alias of YAML does not share an object, and nothing but JSON remains.
function plain(document: unknown): Json {
  const json: Json = JSON.parse(JSON.stringify(document ?? null));
  return json;
}
