import { parseJson } from '../../kubernetes/parse.ts';
import type { Json } from '../../model/json.ts';

/** What a text says as JSON, or nothing when it is none. */
export function jsonOrNothing(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
