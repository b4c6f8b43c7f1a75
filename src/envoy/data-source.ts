import type { Json } from '../model/json.ts';
import { textAt } from '../kubernetes/read.ts';

/** `envoy.config.core.v3.DataSource`: a file to read, or content that stands in the configuration. */
export type DataSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'inline'; readonly content: Buffer }
  | { readonly kind: 'none' };

/** How Envoy names content that is no file, in `/certs` and in its messages. */
export const inline = '<inline>';

/** Reads a DataSource. `inline_bytes` is base64 in JSON; of what is no base64, what a lenient decoder makes of it. */
export function readDataSource(json: Json | undefined): DataSource {
  const file = textAt(json, 'filename');
  if (file !== undefined) return { kind: 'file', file };
  const bytes = textAt(json, 'inline_bytes');
  if (bytes !== undefined) return { kind: 'inline', content: Buffer.from(bytes, 'base64') };
  const text = textAt(json, 'inline_string');
  return text === undefined ? { kind: 'none' } : { kind: 'inline', content: Buffer.from(text) };
}

/** The file name of a DataSource, `<inline>` for content, undefined where there is none. */
export function sourceName(source: DataSource): string | undefined {
  if (source.kind === 'none') return undefined;
  return source.kind === 'file' ? source.file : inline;
}
