import type { Json, JsonObject } from '../../model/json.ts';
import { isObject } from '../../kubernetes/read.ts';
import type { AccessRules, User } from './access-rules.ts';
import { answerReview } from './access-reviews.ts';
import type { Answer, Stream } from './answer.ts';
import { badRequest, methodNotAllowed } from './failure.ts';
import { isReview } from './kinds.ts';
import { nameOf, namespaceOf } from './object.ts';
import { answerLogs } from './pod-logs.ts';
import type { PodLogs } from './pod-logs.ts';
import { listObjects, present, readObjectOf, selectObjects, watchObjects } from './reads.ts';
import type { Presentation } from './reads.ts';
import type { Representation, ResourceRequest } from './resource-request.ts';
import type { WriteContext, WriteRequest, Written } from './write-request.ts';
import { createObject, deleteObject, patchObject, updateObject } from './writes.ts';

export interface ResourceContext extends WriteContext {
  readonly logs: PodLogs;
}

/** What a request for objects says beside its path. */
export interface Content {
  readonly body: Json;
  readonly contentType: string;
  readonly userAgent: string;
  readonly as: Representation;
}

/** Answers an authorised request for objects. Throws an ApiFailure for what the API refuses. */
export function answerResource(context: ResourceContext, request: ResourceRequest, content: Content): Answer | Stream {
  const presentation: Presentation = { as: content.as, now: context.now() };
  if (upgrades.has(request.subresource)) throw badRequest('Upgrade request required');
  if (request.subresource === 'log') return logStream(context, request);
  switch (request.verb) {
    case 'get':
      return { code: 200, body: present(request, readObjectOf(context.store, request), presentation) };
    case 'list':
      return { code: 200, body: listObjects(context.store, request, presentation) };
    case 'watch':
      return watchObjects(context.store, request, presentation);
    case 'delete':
      return { code: 200, body: deletedStatus(request, deleteObject(context, { ...request, ...content })) };
    case 'deletecollection':
      return deleteCollection(context, { ...request, ...content }, presentation);
    default: {
      const { code, object } = write(context, { ...request, ...content });
      return { code, body: present(request, object, presentation) };
    }
  }
}

const upgrades = new Set(['exec', 'portforward']);

function logStream({ store, logs, now }: ResourceContext, request: ResourceRequest): Stream {
  if (request.verb !== 'get') throw methodNotAllowed();
  return answerLogs(logs, readObjectOf(store, request), request, now());
}

function write(context: ResourceContext, request: WriteRequest): Written {
  if (request.verb === 'create') return createObject(context, request);
  return request.verb === 'update' ? updateObject(context, request) : patchObject(context, request);
}

function deleteCollection(context: ResourceContext, request: WriteRequest, presentation: Presentation): Answer {
  const list = listObjects(context.store, request, presentation);
  for (const object of selectObjects(context.store, request)) {
    deleteObject(context, { ...request, namespace: namespaceOf(object), name: nameOf(object) });
  }
  return { code: 200, body: list };
}

function deletedStatus({ kind, name }: ResourceRequest, object: { readonly metadata: JsonObject }): JsonObject {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(kind.group !== '' && { group: kind.group }), kind: kind.plural, uid: object.metadata['uid'] },
  };
}

/** Answers a question about permissions: nothing is stored. */
export function answerReviewRequest(request: ResourceRequest, body: Json, user: User, rules: AccessRules): Answer {
  if (!isReview(request.kind) || request.verb !== 'create') throw methodNotAllowed();
  if (!isObject(body)) throw badRequest('the body of the request is no object');
  return { code: 201, body: answerReview(request, body, user, rules) };
}
