import {
  readBoundListeners,
  readCerts,
  readClusters,
  readInitDump,
  readServerInfo,
} from '../../envoy/read-admin-pages.ts';
import { readConfigDump } from '../../envoy/read-config-dump.ts';
import { readStats } from '../../envoy/read-stats.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind } from '../../kubernetes/names.ts';
import { parseJson } from '../../kubernetes/parse.ts';
import { isObject, listAt, textAt } from '../../kubernetes/read.ts';
import { resourceOf } from '../../kubernetes/resource.ts';
import type { EnvoyState } from '../../model/envoy.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { DnsAnswer, Probe } from '../../model/probe.ts';
import type { Origin, Resource } from '../../model/resource.ts';
import type { Secret } from '../../model/secret.ts';
import type { AccessReview, ContainerLog } from '../../model/snapshot.ts';
import { readSecret } from '../../x509/read-secret.ts';
import { linesOf, peek, textOf } from './content.ts';
import { readDocuments } from './documents.ts';
import type { Entry } from './entries.ts';
import { placeOf, type EnvoyPage, type Place, type TableName } from './places.ts';
import { readSecretTable } from './secret-table.ts';
import {
  readAccessReview,
  readDns,
  readHeader,
  readProbe,
  readTable,
  readWithheldValue,
  type SnapshotHeader,
  type Table,
  type WithheldValue,
} from './tables.ts';

/** Something in the evidence that could not be used. The rest is. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly reason: string;
}

/** All that was found in the files, before it becomes a snapshot. */
export interface Collection {
  readonly resources: Resource[];
  readonly secrets: Secret[];
  readonly logs: ContainerLog[];
  readonly envoys: Map<string, Partial<EnvoyState>>;
  readonly probes: Probe[];
  readonly dns: DnsAnswer[];
  readonly accessReviews: AccessReview[];
  readonly withheld: WithheldValue[];
  readonly secretNames: { readonly namespace: string; readonly name: string }[];
  readonly problems: Problem[];
  header?: SnapshotHeader;
  files: number;
}

export const emptyCollection = (): Collection => ({
  resources: [],
  secrets: [],
  logs: [],
  envoys: new Map(),
  probes: [],
  dns: [],
  accessReviews: [],
  withheld: [],
  secretNames: [],
  problems: [],
  files: 0,
});

/** Kinds that stand in no namespace. All others without one are in `default`, as kubectl would put them. */
const clusterScoped: ReadonlySet<string> = new Set([
  'Namespace',
  'Node',
  'PersistentVolume',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'APIService',
  'GatewayClass',
  'IngressClass',
  'ClusterIssuer',
  'StorageClass',
  'PriorityClass',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
]);

function inNamespace<T extends { readonly kind: string; readonly namespace: string }>(object: T): T {
  return object.namespace === '' && !clusterScoped.has(object.kind) ? { ...object, namespace: 'default' } : object;
}

function takeObject(collection: Collection, object: JsonObject, origin: Origin): void {
  if (
    groupKind({ apiVersion: textAt(object, 'apiVersion') ?? '', kind: textAt(object, 'kind') ?? '' }) === kinds.secret
  ) {
    const secret = inNamespace(readSecret(object, origin));
    for (const key of secret.invalidBase64) {
      const where = { file: origin.file, line: origin.line };
      collection.problems.push({
        ...where,
        reason: `Secret ${secret.namespace}/${secret.name}: data[${key}] is no base64`,
      });
    }
    collection.secrets.push(secret);
    return;
  }
  collection.resources.push(inNamespace(resourceOf(object, origin)));
}

/** A document may be one object, a List of any kind, or a plain array of objects. */
function takeDocument(collection: Collection, value: Json, origin: Origin): number {
  if (Array.isArray(value))
    return value.reduce((sum: number, item: Json) => sum + takeDocument(collection, item, origin), 0);
  if (!isObject(value)) return 0;
  const kind = textAt(value, 'kind');
  if (kind === undefined || textAt(value, 'apiVersion') === undefined) return 0;
  if (kind.endsWith('List') && Array.isArray(value['items'])) {
    const itemKind = kind === 'List' ? undefined : kind.slice(0, -'List'.length);
    return listAt(value, 'items').reduce((sum: number, item) => {
      // items of a typed list leave out what the list says
      const whole =
        isObject(item) && itemKind !== undefined ? { apiVersion: value['apiVersion'], kind: itemKind, ...item } : item;
      return sum + takeDocument(collection, whole, origin);
    }, 0);
  }
  takeObject(collection, value, origin);
  return 1;
}

async function takeObjects(collection: Collection, entry: Entry): Promise<void> {
  const { head, content } = await peek(entry.content, 4096);
  if (/"configs"\s*:/.test(head) && /config_?dump|envoy\.admin/i.test(head)) {
    await takeEnvoyPage(
      collection,
      { ...entry, content },
      { kind: 'envoy', namespace: '', pod: '', page: 'config_dump' },
    );
    return;
  }
  const { documents, broken } = readDocuments(await textOf(content));
  let objects = 0;
  for (const { value, line } of documents) objects += takeDocument(collection, value, { file: entry.name, line });
  for (const { line, reason } of broken) collection.problems.push({ file: entry.name, line, reason });
  if (objects === 0 && broken.length === 0) {
    collection.problems.push({ file: entry.name, reason: 'no Kubernetes object in it' });
  }
}

function keepEnvoy(
  collection: Collection,
  place: { namespace: string; pod: string },
  state: Partial<EnvoyState>,
): void {
  const namespace = place.namespace === '' ? (state.namespace ?? '') : place.namespace;
  const pod = place.pod === '' ? (state.pod ?? '') : place.pod;
  const key = `${namespace}/${pod}`;
  const known = collection.envoys.get(key);
  const node = { ...known?.node, ...state.node, labels: { ...known?.node?.labels, ...state.node?.labels } };
  const hasNode = known?.node !== undefined || state.node !== undefined;
  collection.envoys.set(key, { ...known, ...state, ...(hasNode && { node }), namespace, pod });
}

async function takeEnvoyPage(
  collection: Collection,
  entry: Entry,
  place: Extract<Place, { kind: 'envoy' }>,
): Promise<void> {
  if (place.page === 'config_dump') {
    const { state, problems } = await readConfigDump(entry.content, {});
    for (const reason of problems) collection.problems.push({ file: entry.name, reason });
    keepEnvoy(collection, place, state);
    return;
  }
  const text = await textOf(entry.content);
  const state = readPage(place.page, text);
  if (state) keepEnvoy(collection, place, state);
  else collection.problems.push({ file: entry.name, reason: `not the answer of Envoy’s /${place.page}` });
}

function readPage(page: Exclude<EnvoyPage, 'config_dump'>, text: string): Partial<EnvoyState> | undefined {
  const field = <K extends keyof EnvoyState>(
    key: K,
    value: EnvoyState[K] | undefined,
  ): Partial<EnvoyState> | undefined => {
    const state: Partial<EnvoyState> = {};
    if (value === undefined) return undefined;
    Object.assign(state, { [key]: value });
    return state;
  };
  switch (page) {
    case 'certs':
      return field('loadedCertificates', readCerts(text));
    case 'stats':
      return field('stats', readStats(text));
    case 'server_info':
      return field('node', readServerInfo(text));
    case 'listeners':
      return field('boundListeners', readBoundListeners(text));
    case 'clusters':
      return field('endpoints', readClusters(text));
    case 'init_dump':
      return field('waitingFor', readInitDump(text));
    default:
      return undefined;
  }
}

function keepTable<T>(collection: Collection, file: string, table: Table<T>, into: T[]): void {
  for (const { line, reason } of table.bad) collection.problems.push({ file, line, reason });
  for (const record of table.records) into.push(record);
}

async function takeTable(collection: Collection, entry: Entry, table: TableName): Promise<void> {
  const text = await textOf(entry.content);
  switch (table) {
    case 'snapshot.json':
      collection.header = readHeader(parseJson(text));
      return;
    case 'dns.json':
      collection.dns.push(...readDns(parseJson(text)));
      return;
    case 'probes.jsonl':
      keepTable(collection, entry.name, readTable(text, readProbe), collection.probes);
      return;
    case 'access-reviews.jsonl':
      keepTable(collection, entry.name, readTable(text, readAccessReview), collection.accessReviews);
      return;
    case 'secrets.jsonl':
      keepTable(collection, entry.name, readTable(text, readWithheldValue), collection.withheld);
      return;
    case 'changes.jsonl':
      return;
  }
}

async function takeLog(collection: Collection, entry: Entry, place: Extract<Place, { kind: 'log' }>): Promise<void> {
  const { namespace, pod, container } = place;
  collection.logs.push({ namespace, pod, container, ...(await linesOf(entry.content)) });
}

/** Reads one file into the collection. What cannot be read is a problem by name and line, never an exception. */
export async function collect(collection: Collection, entry: Entry): Promise<void> {
  const place = placeOf(entry.path);
  if (place.kind === 'skip') return;
  collection.files++;
  try {
    switch (place.kind) {
      case 'log':
        await takeLog(collection, entry, place);
        return;
      case 'envoy':
        await takeEnvoyPage(collection, entry, place);
        return;
      case 'table':
        await takeTable(collection, entry, place.table);
        return;
      case 'secret-list':
        collection.secretNames.push(...readSecretTable(await textOf(entry.content)));
        return;
      case 'objects':
        await takeObjects(collection, entry);
    }
  } catch (error) {
    collection.problems.push({ file: entry.name, reason: error instanceof Error ? error.message : String(error) });
  }
}
