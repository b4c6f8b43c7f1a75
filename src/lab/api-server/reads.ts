import type { JsonObject } from '../../model/json.ts';
import type { Stream } from './answer.ts';
import { ApiFailure, badRequest, notFound, tooOld } from './failure.ts';
import type { Kind } from './kinds.ts';
import { groupVersion } from './kinds.ts';
import type { KubernetesObject } from './object.ts';
import { keyOf } from './object.ts';
import type { Representation, ResourceRequest } from './resource-request.ts';
import { filterOf } from './selectors.ts';
import type { ObjectEvent, ObjectStore } from './store.ts';
import { metadataOnly, tableOf } from './tables.ts';

/** What an answer needs beside the objects: the form that the client asked for, and the time that ages count from. */
export interface Presentation {
  readonly as: Representation;
  readonly now: Date;
}

/** One object in the version and the form that the client asked for. */
export function present(request: ResourceRequest, object: KubernetesObject, { as, now }: Presentation): JsonObject {
  if (as === 'metadata') return metadataOnly(object);
  if (as === 'table')
    return tableOf(request.kind, [inVersion(request, object)], now, request.query.get('includeObject'));
  return inVersion(request, object);
}

function inVersion({ kind, version }: ResourceRequest, object: KubernetesObject): KubernetesObject {
  return { ...object, apiVersion: groupVersion(kind.group, version) };
}

export function readObjectOf(store: ObjectStore, request: ResourceRequest): KubernetesObject {
  const object = store.get(request.kind, request.namespace, request.name);
  if (!object) throw notFound(request.kind, request.name);
  return object;
}

/** The objects that a list or a collection is about: one namespace or all, by the selectors of the query. */
export function selectObjects(store: ObjectStore, request: ResourceRequest): readonly KubernetesObject[] {
  const filter = filterOf(request.query);
  return store.list(request.kind, request.namespace === '' ? undefined : request.namespace).filter(filter);
}

/** A list, or the page of it that `limit` and `continue` ask for. */
export function listObjects(store: ObjectStore, request: ResourceRequest, presentation: Presentation): JsonObject {
  const all = selectObjects(store, request);
  const after = readContinue(request.query.get('continue'));
  const rest = after === undefined ? all : all.filter((object) => keyOf(object) > after);
  const limit = Number(request.query.get('limit') ?? 0);
  const page = limit > 0 ? rest.slice(0, limit) : rest;
  const last = page.at(-1);
  const metadata: JsonObject = {
    resourceVersion: String(store.version),
    ...(last &&
      page.length < rest.length && { continue: continueAfter(last), remainingItemCount: rest.length - page.length }),
  };
  const { kind, version, query } = request;
  if (presentation.as === 'table') {
    const objects = page.map((object) => inVersion(request, object));
    return { ...tableOf(kind, objects, presentation.now, query.get('includeObject')), metadata };
  }
  if (presentation.as === 'metadata') {
    const items = page.map(metadataOnly);
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items };
  }
  const items = page.map((object) => listItem(kind, inVersion(request, object)));
  return { kind: `${kind.kind}List`, apiVersion: groupVersion(kind.group, version), metadata, items };
}

/** Kinds of the server itself are listed without kind and apiVersion in each item, custom ones with them. */
function listItem(kind: Kind, object: KubernetesObject): JsonObject {
  if (kind.custom) return object;
  const { kind: _kind, apiVersion: _version, ...rest } = object;
  return rest;
}

function continueAfter(object: KubernetesObject): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', start: keyOf(object) })).toString('base64url');
}

function readContinue(token: string | null): string | undefined {
  if (token === null || token === '') return undefined;
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof read === 'object' && read !== null && 'start' in read && typeof read.start === 'string')
      return read.start;
  } catch {
    // Falls through: a token that is no JSON is as good as one without a start.
  }
  throw badRequest('continue key is not valid: the token was not issued by this server');
}

/**
 * Streams events as JSON lines until the client goes, `timeoutSeconds` is over or the server closes.
 * @throws ApiFailure 410 when the resource version asked for is too old.
 */
export function watchObjects(store: ObjectStore, request: ResourceRequest, presentation: Presentation): Stream {
  if (request.query.has('sendInitialEvents')) {
    // Clients that ask for a streamed list fall back to a plain one on this answer.
    const message =
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
    throw new ApiFailure(422, 'Invalid', message);
  }
  const since = Number(request.query.get('resourceVersion') ?? 0);
  const missed = since > 0 ? store.eventsAfter(request.kind, since) : initialEvents(store, request);
  if (!missed) throw tooOld(since, store.version);
  return (response) => {
    const send = (event: ObjectEvent): void => {
      const line = watchLine(request, event, presentation);
      if (line) response.write(`${JSON.stringify(line)}\n`);
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const event of missed) send(event);
    const unsubscribe = store.subscribe((event) => {
      if (event.kind === request.kind) send(event);
    });
    const seconds = Number(request.query.get('timeoutSeconds') ?? 1800);
    const timer = setTimeout(() => response.end(), seconds * 1000).unref();
    response.once('close', () => {
      clearTimeout(timer);
      unsubscribe();
    });
  };
}

function initialEvents(store: ObjectStore, request: ResourceRequest): readonly ObjectEvent[] {
  return store
    .list(request.kind)
    .map((object) => ({ type: 'ADDED', kind: request.kind, object, version: store.version }));
}

/** The line of one event: an object that begins or ceases to be selected is seen as added or deleted. */
function watchLine(request: ResourceRequest, event: ObjectEvent, presentation: Presentation): JsonObject | undefined {
  const filter = filterOf(request.query);
  const inScope = (object: KubernetesObject | undefined): boolean =>
    object !== undefined &&
    (request.namespace === '' || object.metadata['namespace'] === request.namespace) &&
    (request.name === '' || object.metadata.name === request.name) &&
    filter(object);
  const [is, was] = [event.type !== 'DELETED' && inScope(event.object), inScope(event.before)];
  const line = (type: ObjectEvent['type']): JsonObject => ({
    type,
    object: present(request, event.object, presentation),
  });
  if (event.type === 'DELETED') return inScope(event.object) ? line('DELETED') : undefined;
  if (is) return line(event.type === 'MODIFIED' && !was ? 'ADDED' : event.type);
  return was ? line('DELETED') : undefined;
}
