import type { Json } from '../../model/json.ts';
import { isObject, objectAt, textAt } from '../../kubernetes/read.ts';
import { badRequest } from './failure.ts';
import type { Kind } from './kinds.ts';
import { groupVersion } from './kinds.ts';
import type { Writer } from './managed-fields.ts';
import type { KubernetesObject } from './object.ts';
import { defined, namespaceOf } from './object.ts';
import type { ResourceRequest } from './resource-request.ts';
import type { ObjectStore } from './store.ts';

/** Looks at an object before it is stored. Gives the reason of a refusal, as an admission webhook would word it. */
type Admission = (kind: Kind, object: KubernetesObject) => string | undefined;

export interface WriteContext {
  readonly store: ObjectStore;
  readonly kinds: readonly Kind[];
  readonly admission: Admission;
  readonly now: () => Date;
}

export interface Written {
  readonly code: 200 | 201;
  readonly object: KubernetesObject;
}

export interface WriteRequest extends ResourceRequest {
  readonly body: Json;
  readonly contentType: string;
  readonly userAgent: string;
}

export function isDryRun(request: ResourceRequest): boolean {
  return request.query.getAll('dryRun').includes('All');
}

/** The body as an object of the kind that the URL names, in the version that the lab stores. */
export function readObject({ kind, namespace, version }: ResourceRequest, body: Json): KubernetesObject {
  if (!isObject(body)) throw badRequest('the body of the request is no object');
  const given = textAt(body, 'kind') ?? kind.kind;
  const apiVersion = textAt(body, 'apiVersion') ?? groupVersion(kind.group, version);
  if (given !== kind.kind || !kind.versions.some((served) => groupVersion(kind.group, served) === apiVersion)) {
    throw badRequest(
      `the object provided is unrecognized: no kind "${given}" is registered for version "${apiVersion}"`,
    );
  }
  const inBody = namespaceOf(body);
  if (inBody !== '' && inBody !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const metadata = defined({ ...objectAt(body, 'metadata'), namespace: namespace === '' ? undefined : namespace });
  return {
    ...body,
    apiVersion: groupVersion(kind.group, kind.versions[0] ?? version),
    kind: kind.kind,
    metadata: { ...metadata, name: textAt(metadata, 'name') ?? '' },
  };
}

export function writerOf(context: WriteContext, request: WriteRequest, operation: Writer['operation']): Writer {
  return {
    manager: request.query.get('fieldManager') ?? request.userAgent.split('/')[0] ?? 'unknown',
    operation,
    subresource: request.subresource,
    apiVersion: groupVersion(request.kind.group, request.version),
    time: `${context.now().toISOString().slice(0, 19)}Z`,
  };
}
