import type { Json, JsonObject } from '../../model/json.ts';
import { isList, isObject, objectAt, textAt } from '../../kubernetes/read.ts';

/**
 * Objects that kubectl creates from its own flags (`create secret`, `auth can-i`) arrive as protobuf, and kubectl does not
 * try again in JSON. The field numbers below are those of `generated.proto` in k8s.io/api and k8s.io/apimachinery 1.32,
 * of the kinds that people create in this way beside a gateway; a kind that is not here has to come as YAML or JSON.
 */
type Field =
  | 'string'
  | 'int'
  | 'bool'
  | 'bytes'
  | 'texts'
  | 'intOrString'
  | { readonly message: Message }
  | { readonly messages: Message }
  | { readonly map: 'string' | 'bytes' };

type Message = Readonly<Record<number, readonly [name: string, field: Field]>>;

const metadata: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  11: ['labels', { map: 'string' }],
  12: ['annotations', { map: 'string' }],
};

const withMetadata = (fields: Message): Message => ({ 1: ['metadata', { message: metadata }], ...fields });

const attributes: Message = {
  1: [
    'resourceAttributes',
    {
      message: {
        1: ['namespace', 'string'],
        2: ['verb', 'string'],
        3: ['group', 'string'],
        4: ['version', 'string'],
        5: ['resource', 'string'],
        6: ['subresource', 'string'],
        7: ['name', 'string'],
      },
    },
  ],
  2: ['nonResourceAttributes', { message: { 1: ['path', 'string'], 2: ['verb', 'string'] } }],
};

const review: Message = withMetadata({
  2: ['spec', { message: { ...attributes, 3: ['user', 'string'], 4: ['groups', 'texts'] } }],
});

const role: Message = withMetadata({
  2: [
    'rules',
    {
      messages: {
        1: ['verbs', 'texts'],
        2: ['apiGroups', 'texts'],
        3: ['resources', 'texts'],
        4: ['resourceNames', 'texts'],
        5: ['nonResourceURLs', 'texts'],
      },
    },
  ],
});

const binding: Message = withMetadata({
  2: [
    'subjects',
    {
      messages: { 1: ['kind', 'string'], 2: ['apiGroup', 'string'], 3: ['name', 'string'], 4: ['namespace', 'string'] },
    },
  ],
  3: ['roleRef', { message: { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] } }],
});

const servicePort: Message = {
  1: ['name', 'string'],
  2: ['protocol', 'string'],
  3: ['port', 'int'],
  4: ['targetPort', 'intOrString'],
  5: ['nodePort', 'int'],
  6: ['appProtocol', 'string'],
};

const messages: Readonly<Record<string, Message>> = {
  ConfigMap: withMetadata({ 2: ['data', { map: 'string' }], 3: ['binaryData', { map: 'bytes' }] }),
  Namespace: withMetadata({}),
  Secret: withMetadata({ 2: ['data', { map: 'bytes' }], 3: ['type', 'string'], 4: ['stringData', { map: 'string' }] }),
  Service: withMetadata({
    2: [
      'spec',
      {
        message: {
          1: ['ports', { messages: servicePort }],
          2: ['selector', { map: 'string' }],
          3: ['clusterIP', 'string'],
          4: ['type', 'string'],
          5: ['externalIPs', 'texts'],
          10: ['externalName', 'string'],
        },
      },
    ],
  }),
  ServiceAccount: withMetadata({}),
  ClusterRole: role,
  ClusterRoleBinding: binding,
  Role: role,
  RoleBinding: binding,
  LocalSubjectAccessReview: review,
  SelfSubjectAccessReview: review,
  SelfSubjectReview: withMetadata({}),
  SelfSubjectRulesReview: withMetadata({ 2: ['spec', { message: { 1: ['namespace', 'string'] } }] }),
  SubjectAccessReview: review,
};

/** The envelope `k8s.io.apimachinery.pkg.runtime.Unknown`. */
const envelope: Message = {
  1: ['type', { message: { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] } }],
  2: ['raw', 'bytes'],
};

const magic = Buffer.from('k8s\0');

/** An object out of its protobuf form, or `undefined` for a kind that is not known here or bytes that are no such form. */
export function readProtobuf(bytes: Buffer): JsonObject | undefined {
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const outer = readMessage(bytes.subarray(magic.length), envelope);
  const message = messages[textAt(outer, 'type', 'kind') ?? ''];
  const raw = Buffer.from(textAt(outer, 'raw') ?? '', 'base64');
  const object = message && readMessage(raw, message);
  return object && { ...objectAt(outer, 'type'), ...object };
}

function readMessage(bytes: Buffer, message: Message): JsonObject | undefined {
  const object: Record<string, Json> = {};
  let at = 0;
  while (at < bytes.length) {
    const record = readRecord(bytes, at);
    if (!record) return undefined;
    at = record.end;
    const [name, field] = message[record.number] ?? [];
    if (name === undefined || field === undefined) continue;
    const value = readField(record.value, field, object[name]);
    if (value === undefined) return undefined;
    // Go writes every field, also those that are empty; JSON leaves them out.
    if (value !== '' && value !== 0 && value !== false) object[name] = value;
  }
  return object;
}

function readField(value: Buffer | number, field: Field, before: Json | undefined): Json | undefined {
  if (typeof value === 'number') return field === 'bool' ? value === 1 : value;
  if (field === 'string') return value.toString('utf8');
  if (field === 'bytes') return value.toString('base64');
  const list = isList(before) ? before : [];
  if (field === 'texts') return [...list, value.toString('utf8')];
  if (field === 'intOrString') return intOrString(value);
  if (typeof field === 'string') return undefined;
  if ('message' in field) return readMessage(value, field.message);
  if ('messages' in field) {
    const item = readMessage(value, field.messages);
    return item && [...list, item];
  }
  const entry = readMessage(value, { 1: ['key', 'string'], 2: ['value', field.map] });
  const known = isObject(before) ? before : {};
  return entry && { ...known, [textAt(entry, 'key') ?? '']: entry['value'] ?? '' };
}

function intOrString(bytes: Buffer): Json | undefined {
  const read = readMessage(bytes, { 1: ['isText', 'int'], 2: ['number', 'int'], 3: ['text', 'string'] });
  return read && (read['isText'] === 1 ? (read['text'] ?? '') : (read['number'] ?? 0));
}

interface WireRecord {
  readonly number: number;
  readonly value: Buffer | number;
  readonly end: number;
}

/** One record of the wire format: a varint, or bytes with their length. Others do not occur in these messages. */
function readRecord(bytes: Buffer, at: number): WireRecord | undefined {
  const tag = readVarint(bytes, at);
  if (!tag) return undefined;
  const [number, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
  const next = readVarint(bytes, tag.end);
  if (!next) return undefined;
  if (wireType === 0) return { number, value: next.value, end: next.end };
  const end = next.end + next.value;
  if (wireType !== 2 || end > bytes.length) return undefined;
  return { number, value: bytes.subarray(next.end, end), end };
}

function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  return undefined;
}
