import { at, isObject, textAt } from '../kubernetes/read.ts';
import { metaOf } from '../kubernetes/resource.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Origin } from '../model/resource.ts';
import type { Secret } from '../model/secret.ts';
import { strictBase64 } from './base64.ts';
import { readSecretValue } from './read-secret-value.ts';

/**
 * A Secret document of the API or of a file, reduced to what may leave the process. As the API server does when it
 * stores one, `stringData` wins over `data`; `null` is an empty value. A Secret without a type is `Opaque`.
 */
export function readSecret(object: JsonObject, origin?: Origin): Secret {
  const bytes = new Map<string, Buffer | undefined>();
  for (const [key, value] of entriesOf(object, 'data')) bytes.set(key, base64Value(value));
  for (const [key, value] of entriesOf(object, 'stringData')) bytes.set(key, Buffer.from(plainText(value)));
  return {
    ...metaOf(object, origin),
    type: textAt(object, 'type') ?? 'Opaque',
    values: Object.fromEntries(
      [...bytes].flatMap(([key, value]) => (value ? [[key, readSecretValue(key, value)]] : [])),
    ),
    invalidBase64: [...bytes].flatMap(([key, value]) => (value ? [] : [key])),
  };
}

function entriesOf(object: JsonObject, field: 'data' | 'stringData'): [string, Json | undefined][] {
  const map = at(object, field);
  return isObject(map) ? Object.entries(map) : [];
}

function base64Value(value: Json | undefined): Buffer | undefined {
  if (value === null) return Buffer.alloc(0);
  if (typeof value !== 'string') return undefined;
  return strictBase64(value.replaceAll(/[\r\n]/g, ''));
}

function plainText(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
