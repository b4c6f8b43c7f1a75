import type { IncomingMessage } from 'node:http';
import { unknownResource } from './failure.ts';
import type { Kind } from './kinds.ts';

type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request for objects, read from its path, query and method. `name` and `subresource` are empty where none is named. */
export interface ResourceRequest {
  readonly kind: Kind;
  readonly version: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
  readonly verb: Verb;
  readonly query: URLSearchParams;
}

/** What a path that lies under `/api/v1` or `/apis/GROUP/VERSION` names, or `undefined` when no kind is served there. */
export function readResourceRequest(method: string, url: URL, kinds: readonly Kind[]): ResourceRequest | undefined {
  const place = readPlace(url.pathname);
  if (!place) return undefined;
  const kind = kinds.find(
    ({ group, versions, plural }) =>
      group === place.group && versions.includes(place.version) && plural === place.plural,
  );
  if (!kind) {
    // A group of the server itself answers with a Status; a path that nobody registered gets plain text.
    if (kinds.some((known) => known.group === place.group && !known.custom)) throw unknownResource();
    return undefined;
  }
  if (place.subresource !== '' && !kind.subresources.includes(place.subresource)) throw unknownResource();
  const { version, namespace, name, subresource } = place;
  return { kind, version, namespace, name, subresource, verb: verbOf(method, name, url), query: url.searchParams };
}

interface Place {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly plural: string;
  readonly name: string;
  readonly subresource: string;
}

function readPlace(path: string): Place | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const root = parts.shift();
  const group = root === 'api' ? '' : root === 'apis' ? parts.shift() : undefined;
  const version = parts.shift();
  if (group === undefined || version === undefined || parts.length === 0) return undefined;
  // `/namespaces/NS/pods` is in a namespace, `/namespaces/NS` and `/namespaces/NS/status` are the namespace itself.
  const inNamespace = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize';
  const namespace = inNamespace ? (parts[1] ?? '') : '';
  const [plural = '', name = '', subresource = ''] = inNamespace ? parts.slice(2) : parts;
  return { group, version, namespace, plural, name, subresource };
}

function verbOf(method: string, name: string, url: URL): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      if (['1', 'true'].includes(url.searchParams.get('watch') ?? '')) return 'watch';
      return name === '' ? 'list' : 'get';
  }
}

/** The forms of an answer that a client may ask for, in the order of its `Accept` header. */
export type Representation = 'object' | 'table' | 'metadata';

/** What the client wants to see. Protobuf is passed over: the lab speaks JSON only, which every client also takes. */
export function representationOf(request: IncomingMessage): Representation {
  for (const item of (request.headers.accept ?? '').split(',')) {
    const [type = '', ...parameters] = item.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== '*/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice('as='.length);
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
    if (as === undefined) return 'object';
  }
  return 'object';
}
