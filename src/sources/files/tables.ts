import { parseJson } from '../../kubernetes/parse.ts';
import { booleanAt, isObject, numberAt, objectAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type { PrivateKeyFacts } from '../../model/certificate.ts';
import type { Gap, GapReason, Look } from '../../model/coverage.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { DnsAnswer, Probe, ProbeOutcome, ProbeVia } from '../../model/probe.ts';
import type { Setting } from '../../model/resource.ts';
import type { AccessReview } from '../../model/snapshot.ts';

/** A line of a table that is no record: it is named and passed over. */
export interface BadLine {
  readonly line: number;
  readonly reason: string;
}

export interface Table<T> {
  readonly records: readonly T[];
  readonly bad: readonly BadLine[];
}

/** JSON Lines; empty lines do not count. */
export function readTable<T>(text: string, read: (record: JsonObject) => T | string): Table<T> {
  const records: T[] = [];
  const bad: BadLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const record = readLine(line, read);
    if (typeof record === 'string') bad.push({ line: index + 1, reason: record });
    else records.push(record);
  }
  return { records, bad };
}

function readLine<T>(line: string, read: (record: JsonObject) => T | string): T | string {
  try {
    const value = parseJson(line);
    return isObject(value) ? read(value) : 'not a JSON object';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const outcomes: readonly ProbeOutcome[] = [
  'ok',
  'refused',
  'timeout',
  'unreachable',
  'reset',
  'closed',
  'alert',
  'not-tls',
  'verify-failed',
];
const vias: readonly ProbeVia[] = ['load-balancer', 'node-port', 'pod', 'cluster-ip', 'direct'];

const headersOf = (http: JsonObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries(objectAt(http, 'headers') ?? {}).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
    ),
  );

function httpOf(record: JsonObject): Probe['http'] {
  const http = objectAt(record, 'http');
  const status = numberAt(http, 'status');
  if (!http || status === undefined) return undefined;
  const server = textAt(http, 'server');
  const path = textAt(http, 'path');
  return {
    status,
    headers: headersOf(http),
    ...(server !== undefined && { server }),
    ...(path !== undefined && { path }),
  };
}

function textFields(record: JsonObject, fields: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const text = textAt(record, field);
      return text === undefined ? [] : [[field, text]];
    }),
  );
}

/** A record of `probes.jsonl`. Those of other programs may lack fields; without an outcome it says nothing. */
export function readProbe(record: JsonObject): Probe | string {
  const outcome = outcomes.find((one) => one === record['outcome']);
  if (!outcome) return `no outcome that is known: ${JSON.stringify(record['outcome'] ?? null)}`;
  const sni = textAt(record, 'sni');
  const host = textAt(record, 'host') ?? sni ?? '';
  const alertName = textAt(record, 'alert', 'name');
  const alertNumber = numberAt(record, 'alert', 'number');
  const requested = (['no', 'optional', 'required'] as const).find(
    (one) => one === record['clientCertificateRequested'],
  );
  const verified = booleanAt(record, 'verify', 'ok');
  const code = textAt(record, 'verify', 'code');
  const http = httpOf(record);
  const offered = objectAt(record, 'offered');
  const chain = textsAt(record, 'chain');
  const clientChain = textsAt(record, 'clientChain');
  const acceptableCas = textsAt(record, 'acceptableCas');
  return {
    host: host.toLowerCase(),
    sni: record['sni'] === null ? null : (sni ?? host),
    address: textAt(record, 'address') ?? '',
    port: numberAt(record, 'port') ?? 443,
    via: vias.find((one) => one === record['via']) ?? 'direct',
    clientCertificate: textAt(record, 'clientCertificate') ?? 'none',
    outcome,
    ms: numberAt(record, 'ms') ?? 0,
    ...textFields(record, ['pod', 'trust', 'error', 'protocol', 'cipher', 'alpn', 'at']),
    ...(alertName !== undefined && {
      alert: { name: alertName, ...(alertNumber !== undefined && { number: alertNumber }) },
    }),
    ...(requested && { clientCertificateRequested: requested }),
    ...(verified !== undefined && { verify: { ok: verified, ...(code !== undefined && { code }) } }),
    ...(http && { http }),
    ...(chain.length > 0 && { chain }),
    ...(clientChain.length > 0 && { clientChain }),
    ...(acceptableCas.length > 0 && { acceptableCas }),
    ...(offered && {
      offered: {
        ...textFields(offered, ['min', 'max', 'ciphers']),
        ...(textsAt(offered, 'alpn').length > 0 && { alpn: textsAt(offered, 'alpn') }),
      },
    }),
  };
}

/** `dns.json`: host names with their answers. */
export function readDns(value: Json): readonly DnsAnswer[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([host, answer]) => {
    if (!isObject(answer)) return [];
    const error = textAt(answer, 'error');
    return [
      {
        host: host.toLowerCase(),
        a: textsAt(answer, 'a'),
        aaaa: textsAt(answer, 'aaaa'),
        cname: textsAt(answer, 'cname'),
        ...(error !== undefined && { error }),
      },
    ];
  });
}

/** A SubjectAccessReview with its status. */
export function readAccessReview(record: JsonObject): AccessReview | string {
  const attributes = objectAt(record, 'spec', 'resourceAttributes');
  const allowed = booleanAt(record, 'status', 'allowed');
  if (!attributes || allowed === undefined) return 'no SubjectAccessReview with an answer';
  const name = textAt(attributes, 'name');
  const reason = textAt(record, 'status', 'reason');
  return {
    user: textAt(record, 'spec', 'user') ?? '',
    verb: textAt(attributes, 'verb') ?? '',
    group: textAt(attributes, 'group') ?? '',
    resource: textAt(attributes, 'resource') ?? '',
    namespace: textAt(attributes, 'namespace') ?? '',
    allowed,
    ...(name !== undefined && { name }),
    ...(reason !== undefined && { reason }),
  };
}

/** What `secrets.jsonl` tells of one private value that was taken out of its Secret. */
export interface WithheldValue {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  readonly bytes: number;
  readonly kind: string;
  readonly pemProblems: readonly string[];
  readonly privateKey: PrivateKeyFacts;
}

const algorithms = ['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448', 'dsa'] as const;

export function readWithheldValue(record: JsonObject): WithheldValue | string {
  const [namespace, name, key] = [textAt(record, 'namespace'), textAt(record, 'name'), textAt(record, 'key')];
  if (namespace === undefined || name === undefined || key === undefined)
    return 'no namespace, name and key of a value';
  const sha256 = textAt(record, 'publicKeySha256');
  const bits = numberAt(record, 'bits');
  const curve = textAt(record, 'curve');
  const label = textAt(record, 'label');
  const algorithm = algorithms.find((one) => one === textAt(record, 'algorithm')) ?? 'unknown';
  return {
    namespace,
    name,
    key,
    bytes: numberAt(record, 'bytes') ?? 0,
    kind: textAt(record, 'kind') ?? 'opaque',
    pemProblems: textsAt(record, 'pemProblems'),
    privateKey: {
      encrypted: booleanAt(record, 'encrypted') ?? false,
      ...(label !== undefined && { label }),
      ...(sha256 !== undefined && {
        publicKey: {
          algorithm,
          sha256,
          ...(bits !== undefined && { bits }),
          ...(curve !== undefined && { curve }),
        },
      }),
    },
  };
}

const reasons: readonly GapReason[] = ['forbidden', 'unreachable', 'timeout', 'not-collected', 'unreadable'];

function readGap(value: Json | undefined): Gap | undefined {
  const reason = reasons.find((one) => one === textAt(value, 'reason'));
  if (!reason) return undefined;
  const permission = textAt(value, 'permission');
  return { reason, detail: textAt(value, 'detail') ?? reason, ...(permission !== undefined && { permission }) };
}

/** What `snapshot.json` says of the whole: a snapshot of ours also tells what was looked at, one of others may not. */
export interface SnapshotHeader {
  readonly capturedAt?: string;
  readonly context?: string;
  readonly istioVersion?: string;
  readonly kubernetesVersion?: string;
  readonly looks?: readonly Look[];
  readonly settings: readonly Setting[];
  readonly secretNames: readonly { readonly namespace: string; readonly name: string }[];
}

export function readHeader(value: Json): SnapshotHeader {
  const looks = objectsAt(value, 'looks').flatMap(({ value: look }) => {
    const kind = textAt(look, 'kind');
    const namespace = textAt(look, 'namespace');
    const outcome = look['outcome'] === 'complete' ? ('complete' as const) : readGap(look['outcome']);
    if (kind === undefined || namespace === undefined || !outcome) return [];
    const name = textAt(look, 'name');
    return [{ kind, namespace, outcome, ...(name !== undefined && { name }) }];
  });
  const capturedAt = textAt(value, 'capturedAt');
  const context = textAt(value, 'context');
  const istioVersion = textAt(value, 'istio', 'version');
  const kubernetesVersion = textAt(value, 'kubernetes', 'version');
  return {
    settings: objectsAt(value, 'settings').map(({ value: setting }) => ({
      namespace: textAt(setting, 'namespace') ?? '',
      workload: textAt(setting, 'workload') ?? '',
      name: textAt(setting, 'name') ?? '',
      value: textAt(setting, 'value') ?? '',
    })),
    secretNames: objectsAt(value, 'secretNames').map(({ value: secret }) => ({
      namespace: textAt(secret, 'namespace') ?? '',
      name: textAt(secret, 'name') ?? '',
    })),
    ...(capturedAt !== undefined && !Number.isNaN(Date.parse(capturedAt)) && { capturedAt }),
    ...(context !== undefined && { context }),
    ...(istioVersion !== undefined && { istioVersion }),
    ...(kubernetesVersion !== undefined && { kubernetesVersion }),
    ...(looks.length > 0 && { looks }),
  };
}
