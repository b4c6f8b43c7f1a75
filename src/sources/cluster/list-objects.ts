import type { Gap, Listing } from '../../model/coverage.ts';
import type { JsonObject } from '../../model/json.ts';
import { listAt, isObject, textAt } from '../../kubernetes/read.ts';
import { apiPath, apiVersionOf, permission, type ApiKind } from './api-kind.ts';
import { NoAnswer } from './no-answer.ts';
import { gapOf, isStatus, readAnswer, type WholeAnswer } from './read-answer.ts';
import { metadataOnly, type Transport } from './transport.ts';

export interface Selection {
  /** All namespaces unless given. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** How many objects at most; 20,000 unless given. What lies beyond leaves a gap. */
  readonly limit?: number;
}

const pageSize = 500;
const defaultLimit = 20_000;

/**
 * Lists objects page by page. A page that fails leaves a gap beside what was read; a kind that the server does not serve
 * is an empty list. Items carry their `apiVersion` and `kind`, which servers leave out of lists.
 *
 * @throws TypeError for a list of Secrets with data, always
 */
export async function listObjects(
  transport: Transport,
  kind: ApiKind,
  selection: Selection,
  metadata: boolean,
): Promise<Listing<JsonObject>> {
  const path = apiPath(kind, { namespace: selection.namespace });
  if (path === undefined) return { items: [], gaps: [] };
  const limit = selection.limit ?? defaultLimit;
  const wanted = permission('list', kind, { namespace: selection.namespace });
  let items: JsonObject[] = [];
  let from = '';
  let restarted = false;
  const stop = (gap: Gap): Listing<JsonObject> => ({ items, gaps: [gap] });
  for (;;) {
    const query = queryOf(selection, Math.min(pageSize, limit - items.length), from);
    const answer = await page(transport, path, query, metadata);
    if (answer instanceof NoAnswer) return stop(answer.gap);
    if (answer.status === 410 && from !== '') {
      // The place in the list is too old. The server may offer to go on without consistency, else it begins anew, once.
      const next = textAt(answer.json, 'metadata', 'continue') ?? '';
      if (next === '' && restarted) return stop(gapOf(answer, wanted));
      if (next === '') items = [];
      restarted = true;
      from = next;
      continue;
    }
    if (isUnknownKind(answer)) return { items, gaps: [] };
    if (answer.status !== 200) return stop(gapOf(answer, wanted));
    const listed = itemsOf(answer, kind, metadata);
    if (!listed) return stop({ reason: 'unreadable', detail: 'the API server answered 200 without a list' });
    items.push(...listed);
    from = textAt(answer.json, 'metadata', 'continue') ?? '';
    if (from === '') return { items, gaps: [] };
    if (items.length >= limit) {
      return stop({ reason: 'not-collected', detail: `more than ${limit} ${kind.resource}: only the first were read` });
    }
  }
}

async function page(
  transport: Transport,
  path: string,
  query: URLSearchParams,
  metadata: boolean,
): Promise<WholeAnswer | NoAnswer> {
  try {
    const accept = metadata ? { accept: metadataOnly } : {};
    return await readAnswer(await transport.send({ do: 'read', path, query, ...accept }));
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

function queryOf(selection: Selection, limit: number, from: string): URLSearchParams {
  const query = new URLSearchParams({ limit: String(limit) });
  if (selection.labelSelector !== undefined) query.set('labelSelector', selection.labelSelector);
  if (selection.fieldSelector !== undefined) query.set('fieldSelector', selection.fieldSelector);
  if (from !== '') query.set('continue', from);
  return query;
}

/**
 * Whether a 404 says that the server has no such kind, or no such group or version. The API server says so in a Status,
 * or, where not even the group is known, in Go's plain words; any other 404 comes from something that is no API server.
 */
export function isUnknownKind(answer: WholeAnswer): boolean {
  return answer.status === 404 && (isStatus(answer) || answer.text.trim() === '404 page not found');
}

function itemsOf(answer: WholeAnswer, kind: ApiKind, metadata: boolean): JsonObject[] | undefined {
  const listKind = textAt(answer.json, 'kind') ?? '';
  if (!isObject(answer.json) || !listKind.endsWith('List')) return undefined;
  if (metadata && listKind !== 'PartialObjectMetadataList') return undefined;
  const kindOf = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  return listAt(answer.json, 'items').map((item) => {
    const object = isObject(item) ? item : {};
    return Object.assign({}, object, kindOf);
  });
}
