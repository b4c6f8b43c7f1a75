import type { Json } from '../model/json.ts';
import { textAt } from '../kubernetes/read.ts';

/** The message name of an `Any`, without its package: `DownstreamTlsContext`, the same in API v2 and v3. */
export function typeName(any: Json | undefined): string | undefined {
  const url = textAt(any, '@type');
  return url === undefined ? undefined : url.slice(url.lastIndexOf('.') + 1);
}
