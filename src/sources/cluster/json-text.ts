import type { Json } from '../../model/json.ts';

/** What a text says as JSON, or nothing when it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
