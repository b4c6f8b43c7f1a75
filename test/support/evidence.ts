import { evidenceOf, type Evidence } from '../../src/facts/evidence.ts';
import { kinds } from '../../src/kubernetes/kinds.ts';
import { groupKind } from '../../src/kubernetes/names.ts';
import { isObject } from '../../src/kubernetes/read.ts';
import { resourceOf } from '../../src/kubernetes/resource.ts';
import type { Look } from '../../src/model/coverage.ts';
import type { EnvoyState } from '../../src/model/envoy.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Probe } from '../../src/model/probe.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { readDocuments } from '../../src/sources/files/documents.ts';
import { readSecret } from '../../src/x509/read-secret.ts';

/** The moment that tests are judged at. */
export const now = new Date('2026-03-01T12:00:00Z');

export const days = (count: number): Date => new Date(now.getTime() + count * 86_400_000);

export interface EvidenceParts extends Partial<Omit<Snapshot, 'resources' | 'secrets' | 'looks' | 'logs' | 'probes'>> {
  /** Kubernetes objects as YAML; several texts are joined. */
  readonly yaml?: string | readonly string[];
  /** Objects that a test makes itself, above all Secrets with minted values: see `secretOf`. */
  readonly objects?: readonly JsonObject[];
  /** Logs by `NAMESPACE/POD/CONTAINER`. */
  readonly logs?: Readonly<Record<string, string>>;
  readonly probes?: readonly (Partial<Probe> & Pick<Probe, 'host' | 'outcome'>)[];
  readonly envoys?: readonly EnvoyState[];
  /** Kinds that could not be looked at: everything else counts as looked at, everywhere. */
  readonly unread?: readonly Look[];
}

/** An object of kind Secret with these values. */
export function secretOf(name: string, values: Readonly<Record<string, string | Buffer>>, type = 'Opaque'): JsonObject {
  const [namespace, own] = name.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: namespace ?? '', name: own ?? '' },
    type,
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  };
}

export const forbidden = (kind: string, namespace: string, name?: string): Look => ({
  kind,
  namespace,
  ...(name !== undefined && { name }),
  outcome: { reason: 'forbidden', detail: 'forbidden by RBAC', permission: `get ${kind} in namespace ${namespace}` },
});

function objectsOf({ yaml = [], objects = [] }: EvidenceParts): readonly JsonObject[] {
  const texts = typeof yaml === 'string' ? [yaml] : yaml;
  const written = texts.flatMap((text) => {
    const { documents, broken } = readDocuments(text);
    if (broken[0]) throw new Error(`the test's YAML is broken on line ${broken[0].line}: ${broken[0].reason}`);
    return documents.map(({ value }) => value).filter(isObject);
  });
  return [...written, ...objects];
}

const isSecret = (object: JsonObject): boolean => object['kind'] === 'Secret' && object['apiVersion'] === 'v1';

function probeOf(given: Partial<Probe> & Pick<Probe, 'host' | 'outcome'>): Probe {
  return {
    sni: given.host,
    address: '203.0.113.10',
    port: 443,
    via: 'load-balancer',
    clientCertificate: 'none',
    ms: 5,
    ...given,
  };
}

/** Evidence as the sources make it, from the smallest parts a test can say. */
export function evidence(parts: EvidenceParts): Evidence {
  const { yaml: _yaml, objects: _objects, unread = [], logs = {}, probes = [], ...rest } = parts;
  const all = objectsOf(parts);
  const resources = all.filter((object) => !isSecret(object)).map((object) => resourceOf(object));
  const seen = new Set<string>([...Object.values(kinds), ...resources.map(groupKind)]);
  const complete = [...seen]
    .filter((kind) => !unread.some((look) => look.kind === kind))
    .map((kind): Look => ({ kind, namespace: '*', outcome: 'complete' }));
  return evidenceOf({
    capturedAt: now.toISOString(),
    source: { kind: 'files', parts: [] },
    secretNames: [],
    settings: resources.flatMap(({ settings }) => settings ?? []),
    envoys: [],
    dns: [],
    accessReviews: [],
    question: { targets: [], namespaces: [] },
    ...rest,
    resources,
    secrets: all.filter(isSecret).map((object) => readSecret(object)),
    looks: [...complete, ...unread],
    logs: Object.entries(logs).map(([place, text]) => {
      const [namespace = '', pod = '', container = ''] = place.split('/');
      return { namespace, pod, container, lines: text.split('\n'), truncatedLines: 0 };
    }),
    probes: probes.map(probeOf),
  });
}
