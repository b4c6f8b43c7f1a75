import type { JsonObject } from '../../model/json.ts';
import { listAt, objectAt, objectsAt, textAt, textMapAt } from '../../kubernetes/read.ts';
import { badRequest, invalid } from './failure.ts';
import type { InvalidField } from './failure.ts';
import type { Kind } from './kinds.ts';
import type { KubernetesObject } from './object.ts';
import { nameOf } from './object.ts';

/** What the API server itself fills in, as far as a client of the lab can tell. */
export function withDefaults(kind: Kind, object: KubernetesObject, clusterAddress: () => string): KubernetesObject {
  if (kind.group !== '') return object;
  if (kind.kind === 'Secret') return secretDefaults(object);
  if (kind.kind === 'Service') return serviceDefaults(object, clusterAddress);
  if (kind.kind === 'Namespace') {
    return { ...object, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
  }
  return object;
}

function secretDefaults(object: KubernetesObject): KubernetesObject {
  const { stringData: _texts, ...rest } = object;
  const texts = Object.entries(textMapAt(object, 'stringData'));
  const added = texts.map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const data: JsonObject = { ...objectAt(object, 'data'), ...Object.fromEntries(added) };
  return { ...rest, type: textAt(object, 'type') ?? 'Opaque', ...(Object.keys(data).length > 0 && { data }) };
}

function serviceDefaults(object: KubernetesObject, clusterAddress: () => string): KubernetesObject {
  const spec = objectAt(object, 'spec') ?? {};
  const clusterIP =
    textAt(spec, 'clusterIP') ?? (textAt(spec, 'type') === 'ExternalName' ? undefined : clusterAddress());
  const ports = objectsAt(spec, 'ports').map(({ value }) => portDefaults(value));
  return {
    ...object,
    spec: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ...spec,
      ...(clusterIP !== undefined && { clusterIP, clusterIPs: [clusterIP] }),
      ...(ports.length > 0 && { ports }),
    },
    status: objectAt(object, 'status') ?? { loadBalancer: {} },
  };
}

function portDefaults(port: JsonObject): JsonObject {
  return { protocol: 'TCP', targetPort: port['port'], ...port };
}

/** Throws what the API server would refuse the object with. */
export function requireValid(kind: Kind, object: KubernetesObject, before?: KubernetesObject): void {
  const name = nameOf(object);
  const problems = [...nameProblems(name), ...(kind.kind === 'Secret' ? secretProblems(kind, object, before) : [])];
  if (problems.length > 0) throw invalid(kind, name, problems);
}

function* nameProblems(name: string): Generator<InvalidField> {
  if (name === '') {
    yield {
      field: 'metadata.name',
      reason: 'FieldValueRequired',
      message: 'Required value: name or generateName is required',
    };
    return;
  }
  // RBAC objects take any path segment as name (`system:discovery`).
  if (name.length <= 253 && /^[a-z0-9:]([-a-z0-9.:]*[a-z0-9:])?$/.test(name)) return;
  const message =
    `Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric ` +
    "characters, '-' or '.', and must start and end with an alphanumeric character";
  yield { field: 'metadata.name', reason: 'FieldValueInvalid', message };
}

function* secretProblems(kind: Kind, object: KubernetesObject, before?: KubernetesObject): Generator<InvalidField> {
  const data = objectAt(object, 'data') ?? {};
  for (const [key, value] of Object.entries(data)) {
    if (typeof value !== 'string' || !isBase64(value)) {
      const text = `illegal base64 data at input byte ${typeof value === 'string' ? firstBadByte(value) : 0}`;
      throw badRequest(`${kind.kind} in version "v1" cannot be handled as a ${kind.kind}: ${text}`);
    }
    if (/^[-._a-zA-Z0-9]+$/.test(key)) continue;
    const message = `Invalid value: ${JSON.stringify(key)}: a valid config key must consist of alphanumeric characters, '-', '_' or '.'`;
    yield { field: `data[${key}]`, reason: 'FieldValueInvalid', message };
  }
  if (textAt(object, 'type') === 'kubernetes.io/tls') {
    for (const key of ['tls.crt', 'tls.key']) {
      if (!(key in data)) yield { field: `data[${key}]`, reason: 'FieldValueRequired', message: 'Required value' };
    }
  }
  const type = textAt(object, 'type');
  if (before && textAt(before, 'type') !== type) {
    yield {
      field: 'type',
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(type)}: field is immutable`,
    };
  }
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/\n\r]*={0,2}$/.test(text);
}

function firstBadByte(text: string): number {
  const bad = text.search(/[^A-Za-z0-9+/=\n\r]/);
  return bad < 0 ? text.length : bad;
}

/** Whether an object keeps a status of its own that only `/status` writes. */
export function hasStatus(kind: Kind): boolean {
  return kind.subresources.includes('status');
}

/** Whether an object depends on the owner with this uid. */
export function isOwnedBy(object: JsonObject, uid: string): boolean {
  return listAt(object, 'metadata', 'ownerReferences').some((owner) => textAt(owner, 'uid') === uid);
}
