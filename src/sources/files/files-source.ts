import type { Readable } from 'node:stream';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, objectKey } from '../../kubernetes/names.ts';
import { IstlsError } from '../../model/errors.ts';
import type { PemProblem } from '../../model/certificate.ts';
import type { Look } from '../../model/coverage.ts';
import type { EnvoyState } from '../../model/envoy.ts';
import type { Resource } from '../../model/resource.ts';
import type { Secret, SecretValue } from '../../model/secret.ts';
import type { ContainerLog, Question, Snapshot, SourcePart } from '../../model/snapshot.ts';
import { pemEffects } from '../../x509/pem-problems.ts';
import { collect, emptyCollection, type Collection, type Problem } from './collect.ts';
import { entriesOf } from './entries.ts';
import type { WithheldValue } from './tables.ts';

export interface FilesReading {
  readonly snapshot: Snapshot;
  readonly problems: readonly Problem[];
}

export interface FilesOptions {
  readonly stdin: Readable;
  /** The moment to judge by when the evidence does not say when it was taken. */
  readonly now: Date;
  readonly question: Question;
}

/** Of several versions of one object the last one read counts, as with `kubectl apply` of several files. */
function latest<T extends Resource | Secret>(objects: readonly T[]): readonly T[] {
  return [...new Map(objects.map((object) => [objectKey(object), object])).values()];
}

const isPemProblem = (text: string): text is PemProblem => Object.hasOwn(pemEffects, text);

function withheldValue(value: WithheldValue): SecretValue {
  const isKey = value.kind === 'private-key';
  return {
    kind: isKey ? 'private-key' : value.bytes === 0 ? 'empty' : 'opaque',
    bytes: value.bytes,
    pemProblems: value.pemProblems.filter(isPemProblem),
    certificates: [],
    ...(isKey && { privateKey: value.privateKey }),
  };
}

/** Puts what is known of private values back into the Secrets that had them taken out. */
function withWithheld(secrets: readonly Secret[], withheld: readonly WithheldValue[]): readonly Secret[] {
  if (withheld.length === 0) return secrets;
  const bySecret = Map.groupBy(withheld, ({ namespace, name }) => `${namespace}/${name}`);
  return secrets.map((secret) => {
    const own = bySecret.get(`${secret.namespace}/${secret.name}`);
    if (!own) return secret;
    const known = Object.fromEntries(own.map((value) => [value.key, withheldValue(value)]));
    return { ...secret, values: { ...secret.values, ...known } };
  });
}

/**
 * What may be taken for looked at. A snapshot is the whole of a cluster, so a kind of which it has nothing does not
 * exist there; its own notes of what was not looked at come first. Files that somebody put together are only complete
 * for kinds that they hold: Secrets namespace by namespace, since they are what such folders leave out.
 */
function looksOf({ header, resources, secrets }: Collection): readonly Look[] {
  if (header?.looks) return header.looks;
  const objects = [...resources, ...secrets];
  if (header && objects.length > 0) {
    const present = new Set<string>(objects.map(groupKind));
    for (const kind of Object.values(kinds)) present.add(kind);
    return [...present].map((kind) => ({ kind, namespace: '*', outcome: 'complete' }));
  }
  const held = new Set(resources.map(groupKind));
  const namespaces = new Set(secrets.map(({ namespace }) => namespace));
  return [
    ...[...held].map((kind): Look => ({ kind, namespace: '*', outcome: 'complete' })),
    ...[...namespaces].map((namespace): Look => ({ kind: kinds.secret, namespace, outcome: 'complete' })),
  ];
}

/** A log or a dump that came without its place is that of the only pod with that name. */
function placed<T extends { readonly namespace: string; readonly pod: string }>(
  items: readonly T[],
  resources: readonly Resource[],
): readonly T[] {
  const pods = resources.filter(({ kind }) => kind === 'Pod');
  return items.map((item) => {
    if (item.namespace !== '') return item;
    const named = pods.filter(
      ({ name }) => name === item.pod || item.pod.startsWith(`${name}_`) || item.pod.includes(name),
    );
    return named.length === 1 && named[0] ? { ...item, namespace: named[0].namespace, pod: named[0].name } : item;
  });
}

function withContainer(log: ContainerLog): ContainerLog {
  if (log.container !== '') return log;
  return { ...log, container: /istiod|pilot/.test(log.pod) ? 'discovery' : 'istio-proxy' };
}

function partsOf(collection: Collection): readonly SourcePart[] {
  const counts: readonly (readonly [string, number])[] = [
    ['objects', collection.resources.length + collection.secrets.length],
    ['logs', collection.logs.length],
    ['envoy', collection.envoys.size],
    ['probes', collection.probes.length],
    ['dns', collection.dns.length],
  ];
  const read = counts
    .filter(([, count]) => count > 0)
    .map(([name, count]): SourcePart => ({ name, status: 'read', detail: String(count) }));
  const problems = collection.problems.map(({ file, line, reason }): SourcePart => ({
    name: line === undefined ? file : `${file}:${line}`,
    status: 'failed',
    detail: reason,
  }));
  return [...read, ...problems];
}

const isEmpty = (collection: Collection): boolean =>
  collection.resources.length +
    collection.secrets.length +
    collection.logs.length +
    collection.envoys.size +
    collection.probes.length ===
  0;

function snapshotOf(collection: Collection, paths: readonly string[], options: FilesOptions): Snapshot {
  const { header } = collection;
  const resources = latest(collection.resources);
  const envoys = [...collection.envoys.values()].map((state): EnvoyState => ({
    ...state,
    namespace: state.namespace ?? '',
    pod: state.pod ?? '',
  }));
  return {
    capturedAt: header?.capturedAt ?? options.now.toISOString(),
    source: {
      kind: header ? 'snapshot' : 'files',
      paths,
      parts: partsOf(collection),
      ...(header?.context !== undefined && { context: header.context }),
    },
    ...(header?.istioVersion !== undefined && { istioVersion: header.istioVersion }),
    ...(header?.kubernetesVersion !== undefined && { kubernetesVersion: header.kubernetesVersion }),
    resources,
    secrets: withWithheld(latest(collection.secrets), collection.withheld),
    secretNames: [...(header?.secretNames ?? []), ...collection.secretNames],
    looks: looksOf(collection),
    settings: [...(header?.settings ?? []), ...resources.flatMap((resource) => resource.settings ?? [])],
    logs: placed(collection.logs, resources).map(withContainer),
    envoys: placed(envoys, resources),
    probes: collection.probes,
    dns: collection.dns,
    accessReviews: collection.accessReviews,
    question: options.question,
  };
}

/**
 * Evidence from files: the layout of a snapshot, a bug-report archive, any file or folder of YAML or JSON, `-` for
 * standard input. Throws an IstlsError (exit 3) when a path cannot be read or nothing in it is evidence.
 */
export async function readFiles(paths: readonly string[], options: FilesOptions): Promise<FilesReading> {
  const collection = emptyCollection();
  for (const path of paths) {
    const onUnreadable = ({ name, reason }: { name: string; reason: string }): void => {
      collection.problems.push({ file: name, reason });
    };
    for await (const entry of entriesOf(path, options.stdin, onUnreadable)) await collect(collection, entry);
  }
  if (isEmpty(collection)) {
    const [first] = collection.problems;
    const why = first ? `: ${first.file}${first.line === undefined ? '' : `:${first.line}`}: ${first.reason}` : '';
    throw new IstlsError('evidence-empty', `found no evidence in ${paths.join(', ')}${why}`, {
      exit: 3,
      hint: 'give --from a snapshot, an istioctl bug-report archive, or files of Kubernetes YAML or JSON',
    });
  }
  return { snapshot: snapshotOf(collection, paths, options), problems: collection.problems };
}
