import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';
import { isObject, numberAt, textAt } from '../../kubernetes/read.ts';
import {
  ApiFailure,
  alreadyExists,
  badRequest,
  conflict,
  methodNotAllowed,
  notFound,
  unsupportedPatch,
} from './failure.ts';
import { applyJsonPatch } from './json-patch.ts';
import type { Kind } from './kinds.ts';
import { dropAbandoned, recordWriter } from './managed-fields.ts';
import type { Writer } from './managed-fields.ts';
import { mergePatch, strategicMergePatch } from './merge-patch.ts';
import type { KubernetesObject } from './object.ts';
import { nameOf, namespaceOf, resourceVersionOf, sameJson, withMetadata } from './object.ts';
import { hasStatus, isOwnedBy, requireValid, withDefaults } from './object-rules.ts';
import type { ResourceRequest } from './resource-request.ts';
import { isDryRun, readObject, writerOf } from './write-request.ts';
import type { WriteContext, WriteRequest, Written } from './write-request.ts';

export function createObject(context: WriteContext, request: WriteRequest): Written {
  if (request.name !== '') throw methodNotAllowed();
  return create(context, request, readObject(request, request.body), writerOf(context, request, 'Update'));
}

export function updateObject(context: WriteContext, request: WriteRequest): Written {
  const body = readObject(request, request.body);
  if (nameOf(body) !== request.name) {
    throw badRequest(`the name of the object (${nameOf(body)}) does not match the name on the URL (${request.name})`);
  }
  const before = context.store.get(request.kind, request.namespace, request.name);
  if (!before) throw notFound(request.kind, request.name);
  return replace(context, request, before, body, writerOf(context, request, 'Update'));
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export function patchObject(context: WriteContext, request: WriteRequest): Written {
  const before = context.store.get(request.kind, request.namespace, request.name);
  if (request.contentType === patchTypes.apply) return applyObject(context, request, before);
  if (!before) throw notFound(request.kind, request.name);
  const after = readObject(request, patched(request, before));
  return replace(context, request, before, after, writerOf(context, request, 'Update'));
}

function patched(request: WriteRequest, before: KubernetesObject): JsonObject {
  const { kind, body, contentType } = request;
  if (contentType === patchTypes.json) return applyJsonPatch(before, body);
  if (!isObject(body)) throw badRequest('the body of the patch is no object');
  if (contentType === patchTypes.merge) return mergePatch(before, body);
  if (contentType === patchTypes.strategic && !kind.custom) return strategicMergePatch(before, body);
  throw unsupportedPatch([
    patchTypes.json,
    patchTypes.merge,
    ...(kind.custom ? [] : [patchTypes.strategic]),
    patchTypes.apply,
  ]);
}

/** Server-side apply: merged like a strategic patch, and what the same manager applied before and left out now goes. */
function applyObject(context: WriteContext, request: WriteRequest, before: KubernetesObject | undefined): Written {
  if (!isObject(request.body)) throw badRequest('the body of the apply is no object');
  if (!request.query.has('fieldManager')) {
    throw new ApiFailure(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  const writer = writerOf(context, request, 'Apply');
  const named = withMetadata(request.body, { name: request.name });
  if (!before) return create(context, request, readObject(request, named), writer, named);
  const kept = dropAbandoned(before, writer, named);
  const after = readObject(request, request.kind.custom ? mergePatch(kept, named) : strategicMergePatch(kept, named));
  return replace(context, request, before, after, writer, named);
}

/**
 * Deletes an object, what it owns, and what lies in it when it is a namespace.
 * @throws ApiFailure when it does not exist or a precondition does not hold.
 */
export function deleteObject(context: WriteContext, request: WriteRequest): KubernetesObject {
  const object = context.store.get(request.kind, request.namespace, request.name);
  if (!object) throw notFound(request.kind, request.name);
  const uid = textAt(request.body, 'preconditions', 'uid');
  if (uid !== undefined && uid !== object.metadata['uid']) throw conflict(request.kind, request.name);
  if (!isDryRun(request)) remove(context, request.kind, object, textAt(request.body, 'propagationPolicy') === 'Orphan');
  return object;
}

function remove(context: WriteContext, kind: Kind, object: KubernetesObject, orphan: boolean): void {
  if (!context.store.remove(kind, namespaceOf(object), nameOf(object))) return;
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  for (const other of context.kinds) {
    const inside = kind.kind === 'Namespace' && other.namespaced ? context.store.list(other, nameOf(object)) : [];
    const owned = orphan ? [] : context.store.list(other).filter((candidate) => isOwnedBy(candidate, uid));
    for (const dependent of [...inside, ...owned]) remove(context, other, dependent, orphan);
  }
}

function create(
  context: WriteContext,
  request: WriteRequest,
  body: KubernetesObject,
  writer: Writer,
  applied?: JsonObject,
): Written {
  const { kind, namespace } = request;
  if (resourceVersionOf(body) !== '' && writer.operation === 'Update') {
    const message = 'resourceVersion should not be set on objects to be created';
    throw new ApiFailure(500, 'InternalError', `Internal error occurred: ${message}`);
  }
  requireNamespace(context, kind, namespace);
  const prefix = textAt(body, 'metadata', 'generateName');
  const named =
    nameOf(body) === '' && prefix !== undefined ? withMetadata(body, { name: prefix + randomSuffix() }) : body;
  if (context.store.get(kind, namespace, nameOf(named))) throw alreadyExists(kind, nameOf(named));
  const { status: _status, ...withoutStatus } = named;
  const filled = withDefaults(kind, hasStatus(kind) ? withoutStatus : named, () => freeClusterAddress(context));
  const fresh = withMetadata(filled, {
    creationTimestamp: writer.time,
    generation: 'spec' in filled ? 1 : undefined,
    managedFields: undefined,
    resourceVersion: undefined,
    uid: undefined,
  });
  requireAdmitted(context, kind, fresh);
  const recorded = recordWriter(undefined, fresh, writer, applied);
  return { code: 201, object: isDryRun(request) ? recorded : context.store.put(kind, recorded) };
}

function replace(
  context: WriteContext,
  request: WriteRequest,
  before: KubernetesObject,
  body: KubernetesObject,
  writer: Writer,
  applied?: JsonObject,
): Written {
  const version = resourceVersionOf(body);
  if (version !== '' && version !== resourceVersionOf(before)) throw conflict(request.kind, request.name);
  const after = keepServerFields(
    request,
    before,
    withDefaults(request.kind, body, () => freeClusterAddress(context)),
  );
  requireAdmitted(context, request.kind, after, before);
  const recorded = recordWriter(before, after, writer, applied);
  if (isDryRun(request)) return { code: 200, object: recorded };
  if (sameJson(recorded, before)) return { code: 200, object: before };
  return { code: 200, object: context.store.put(request.kind, recorded) };
}

/** What a client cannot change: identity, and the status or everything but the status, by the subresource written to. */
function keepServerFields(
  request: ResourceRequest,
  before: KubernetesObject,
  body: KubernetesObject,
): KubernetesObject {
  const own = ['creationTimestamp', 'uid', 'name', 'namespace', 'resourceVersion', 'generation'];
  const kept = Object.fromEntries(own.map((field) => [field, before.metadata[field]]));
  if (request.subresource === 'status') return { ...before, status: body['status'] };
  const after = withMetadata(hasStatus(request.kind) ? { ...body, status: before['status'] } : body, kept);
  const generation = numberAt(before, 'metadata', 'generation');
  if (generation === undefined || sameJson(before['spec'], after['spec'])) return after;
  return withMetadata(after, { generation: generation + 1 });
}

function requireAdmitted(context: WriteContext, kind: Kind, object: KubernetesObject, before?: KubernetesObject): void {
  requireValid(kind, object, before);
  const refusal = context.admission(kind, object);
  if (refusal !== undefined) throw new ApiFailure(400, '', refusal);
}

function requireNamespace(context: WriteContext, kind: Kind, namespace: string): void {
  if (!kind.namespaced) return;
  const namespaces = context.kinds.find((other) => other.group === '' && other.kind === 'Namespace');
  if (namespaces && !context.store.get(namespaces, '', namespace)) throw notFound(namespaces, namespace);
}

function randomSuffix(): string {
  return randomBytes(4).toString('hex').slice(0, 5);
}

/** An address of the usual Service range that no Service has yet. */
function freeClusterAddress(context: WriteContext): string {
  const services = context.kinds.find((kind) => kind.group === '' && kind.kind === 'Service');
  const taken = new Set(
    services ? context.store.list(services).map((service) => textAt(service, 'spec', 'clusterIP')) : [],
  );
  for (let number = 1; ; number += 1) {
    const address = `10.96.${200 + Math.floor(number / 250)}.${1 + (number % 250)}`;
    if (!taken.has(address)) return address;
  }
}
