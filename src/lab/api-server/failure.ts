import type { JsonObject } from '../../model/json.ts';
import type { Kind } from './kinds.ts';
import { groupResource } from './kinds.ts';

/** A request that the API refuses. The words are those of kube-apiserver, because clients and people match on them. */
export class ApiFailure extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject;

  constructor(code: number, reason: string, message: string, details: JsonObject = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The `Status` object of the answer. */
  status(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      details: this.details,
      code: this.code,
    };
  }
}

function detailsOf(kind: Kind, name: string): JsonObject {
  return { ...(name !== '' && { name }), ...(kind.group !== '' && { group: kind.group }), kind: kind.plural };
}

export function notFound(kind: Kind, name: string): ApiFailure {
  return new ApiFailure(404, 'NotFound', `${groupResource(kind)} "${name}" not found`, detailsOf(kind, name));
}

/** A path of a served group that leads to no resource. */
export function unknownResource(): ApiFailure {
  return new ApiFailure(404, 'NotFound', 'the server could not find the requested resource');
}

export function alreadyExists(kind: Kind, name: string): ApiFailure {
  const message = `${groupResource(kind)} "${name}" already exists`;
  return new ApiFailure(409, 'AlreadyExists', message, detailsOf(kind, name));
}

export function conflict(kind: Kind, name: string): ApiFailure {
  const message =
    `Operation cannot be fulfilled on ${groupResource(kind)} "${name}": the object has been modified; ` +
    'please apply your changes to the latest version and try again';
  return new ApiFailure(409, 'Conflict', message, detailsOf(kind, name));
}

export interface InvalidField {
  readonly field: string;
  readonly reason: 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueForbidden';
  readonly message: string;
}

export function invalid(kind: Kind, name: string, fields: readonly InvalidField[]): ApiFailure {
  const texts = fields.map(({ field, message }) => `${field}: ${message}`);
  const list = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiFailure(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, {
    ...detailsOf(kind, name),
    kind: kind.kind,
    causes: fields.map(({ field, reason, message }) => ({ reason, message, field })),
  });
}

export function badRequest(message: string): ApiFailure {
  return new ApiFailure(400, 'BadRequest', message);
}

export function unauthorized(): ApiFailure {
  return new ApiFailure(401, 'Unauthorized', 'Unauthorized');
}

export interface Attempt {
  readonly user: string;
  readonly verb: string;
  readonly kind: Kind;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export function forbidden({ user, verb, kind, subresource, namespace, name }: Attempt): ApiFailure {
  const resource = subresource === '' ? kind.plural : `${kind.plural}/${subresource}`;
  const which = name === '' ? groupResource(kind) : `${groupResource(kind)} "${name}"`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${which} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${kind.group}" ${where}`;
  return new ApiFailure(403, 'Forbidden', message, detailsOf(kind, name));
}

export function forbiddenPath(user: string, verb: string, path: string): ApiFailure {
  return new ApiFailure(403, 'Forbidden', `forbidden: User "${user}" cannot ${verb} path "${path}"`);
}

export function methodNotAllowed(): ApiFailure {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiFailure(405, 'MethodNotAllowed', message);
}

/** A patch of a type that this resource does not take. */
export function unsupportedPatch(accepted: readonly string[]): ApiFailure {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new ApiFailure(415, 'UnsupportedMediaType', message);
}

/** A JSON patch that does not fit the object, a failed `test` among them. */
export function patchRefused(): ApiFailure {
  return new ApiFailure(422, 'Invalid', 'the server rejected our request due to an error in our request');
}

export function tooOld(asked: number, current: number): ApiFailure {
  return new ApiFailure(410, 'Expired', `too old resource version: ${asked} (${current})`);
}
