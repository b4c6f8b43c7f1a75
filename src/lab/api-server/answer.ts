import type { ServerResponse } from 'node:http';
import type { JsonObject } from '../../model/json.ts';

/** A whole answer to a request. Text is sent as it is, anything else as JSON. */
export interface Answer {
  readonly code: number;
  readonly body: JsonObject | string;
  readonly contentType?: string;
}

/** The answer writes itself, over time: a watch, or a log that is followed. */
export type Stream = (response: ServerResponse) => void;

export function send(response: ServerResponse, { code, body, contentType }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(code, {
    'content-type': contentType ?? 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  response.end(text);
}
