import type { Gap } from '../../model/coverage.ts';
import type { Json } from '../../model/json.ts';
import { isObject, textAt } from '../../kubernetes/read.ts';
import type { Answer } from './exchange.ts';
import { jsonOrNothing } from './json-or-nothing.ts';
import { NoAnswer } from './no-answer.ts';
import { IstlsError } from '../../model/errors.ts';
import { oneLine } from './server-text.ts';

/** A whole answer. `json` is absent when the body was none. */
export interface WholeAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly location?: string;
  readonly text: string;
  readonly json?: Json;
}

/** More than any page of 500 objects; a server that sends more is not believed to be one. */
const limitBytes = 128 * 1024 * 1024;

/** @throws NoAnswer when the body breaks off, comes too slowly or is too large */
export async function readAnswer(answer: Answer): Promise<WholeAnswer> {
  const text = await readText(answer);
  const { location } = answer.headers;
  return wholeAnswer({
    status: answer.status,
    contentType: answer.headers['content-type'] ?? '',
    ...(location !== undefined && { location }),
    text,
  });
}

export function wholeAnswer(parts: Omit<WholeAnswer, 'json'>): WholeAnswer {
  const json = jsonOrNothing(parts.text);
  return json === undefined ? parts : { ...parts, json };
}

async function readText(answer: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  } catch (error) {
    throw answer.broken(error);
  } finally {
    answer.done();
  }
}

function tooLarge(): NoAnswer {
  const detail = `an answer of more than ${limitBytes / 1024 / 1024} MB`;
  return new NoAnswer({
    gap: { reason: 'unreadable', detail },
    error: new IstlsError('api-unreadable', `The API server gave ${detail}.`, { exit: 3 }),
  });
}

/** Whether an answer is the API server's own `Status` object, as its refusals are; a proxy in between writes others. */
export function isStatus(answer: WholeAnswer): boolean {
  return isObject(answer.json) && textAt(answer.json, 'kind') === 'Status';
}

/** What a refusing answer says, in one line. */
export function messageOf(answer: WholeAnswer): string {
  if (isStatus(answer)) return oneLine(textAt(answer.json, 'message') ?? textAt(answer.json, 'reason') ?? '');
  if (answer.status >= 300 && answer.status < 400) return `a redirect to ${oneLine(answer.location ?? 'nowhere')}`;
  if (answer.contentType.startsWith('text/plain')) return oneLine(answer.text);
  const type = answer.contentType.split(';')[0] || 'no content type';
  return `not in the words of a Kubernetes API (${type}): from a proxy or a login page in between`;
}

/**
 * The gap that a refusing answer leaves. `wanted` is the permission that the request needs, as `permission()` words it.
 */
export function gapOf(answer: WholeAnswer, wanted: string): Gap {
  const message = messageOf(answer);
  const said = `${answer.status}${message === '' ? '' : `: ${message}`}`;
  switch (answer.status) {
    case 401:
      return { reason: 'forbidden', detail: `the API server refused the credentials (${said})` };
    case 403:
      // A refusal by something in between is not mended by a Role.
      if (!isStatus(answer)) return { reason: 'forbidden', detail: said };
      return { reason: 'forbidden', detail: message, permission: withVerbOf(message, wanted) };
    case 408:
    case 504:
      return { reason: 'timeout', detail: `the API server answered ${said}` };
    default:
      return {
        reason: answer.status === 429 || answer.status >= 500 ? 'unreachable' : 'unreadable',
        detail: `the API server answered ${said}`,
      };
  }
}

/** The server knows best which verb it asked for: a WebSocket upgrade is `get` to some releases and `create` to others. */
function withVerbOf(message: string, wanted: string): string {
  const verb = /\bcannot ([a-z]{3,20}) resource "/.exec(message)?.[1];
  return verb === undefined ? wanted : wanted.replace(/^\S+/, verb);
}
