import type { Json, JsonObject } from '../model/json.ts';
import { isObject, textAt } from '../kubernetes/read.ts';

const kinds = ['prefix', 'suffix', 'contains'] as const;
const marked = /^(?:exact|prefix|suffix|contains|regex):/;

/**
 * `envoy.type.matcher.v3.StringMatcher` as one text: the text itself where it must be equal, else `prefix:…`,
 * `suffix:…`, `contains:…`, `regex:…`. A bare string (`verify_subject_alt_name` of Envoy ≤ 1.13) must be equal.
 */
export function readStringMatcher(json: Json | undefined): string | undefined {
  if (typeof json === 'string') return exact(json);
  if (!isObject(json)) return undefined;
  const equal = textAt(json, 'exact');
  if (equal !== undefined) return exact(equal);
  for (const kind of kinds) {
    const text = textAt(json, kind);
    if (text !== undefined) return `${kind}:${text}`;
  }
  const regex = textAt(json, 'safe_regex', 'regex') ?? textAt(json, 'regex');
  return regex === undefined ? undefined : `regex:${regex}`;
}

/** The matcher that `readStringMatcher` reads as this text. */
export function writeStringMatcher(text: string): JsonObject {
  const mark = marked.exec(text)?.[0];
  if (mark === undefined) return { exact: text };
  const value = text.slice(mark.length);
  return mark === 'regex:' ? { safe_regex: { regex: value } } : { [mark.slice(0, -1)]: value };
}

function exact(text: string): string {
  return marked.test(text) ? `exact:${text}` : text;
}
