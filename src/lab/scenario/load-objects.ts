import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isList, isObject, objectAt, objectsAt, textAt } from '../../kubernetes/read.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Kind } from '../api-server/kinds.ts';
import { groupVersion } from '../api-server/kinds.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { nameOf, namespaceOf, withMetadata } from '../api-server/object.ts';
import type { ObjectStore } from '../api-server/store.ts';
import { readYaml, readYamlStream } from '../yaml-document.ts';
import { mintScenario } from './certificates.ts';
import { baseFolder } from './read-scenario.ts';
import { resourceDefinitions } from './resource-definitions.ts';
import type { Scenario } from './scenario.ts';

/** Files of a scenario folder that hold no Kubernetes objects. */
const descriptions = new Set(['scenario.yaml', 'certificates.yaml']);

const day = 24 * 3600_000;

/** Objects that do not say when they were made are a week old. */
const usualAge = 7;

/**
 * Stores everything that a scenario consists of, as a cluster has it that has been running for a while: no admission, and
 * statuses as they are written.
 * @param values of the placeholders that every file may use, as `${HTTPS_PORT}`.
 * @returns the texts of the files that go to clients.
 */
export function loadScenario(
  scenario: Scenario,
  folder: string,
  store: ObjectStore,
  kinds: readonly Kind[],
  values: Readonly<Record<string, string>>,
  now: Date,
): Readonly<Record<string, string>> {
  const put = (object: JsonObject): void => putObject(object, store, kinds, now);
  for (const definition of resourceDefinitions(kinds, creationTime(undefined, now))) put(definition);
  for (const [index, { template, values: own }] of scenario.includes.entries()) {
    const text = readFileSync(join(folder, baseFolder, `${template}.yaml`), 'utf8');
    for (const object of objectsIn(text, { ...values, NUMBER: String(index + 10), ...own }, template)) put(object);
  }
  const own = join(folder, scenario.name);
  for (const file of readdirSync(own).filter((name) => name.endsWith('.yaml') && !descriptions.has(name))) {
    for (const object of objectsIn(readFileSync(join(own, file), 'utf8'), values, `${scenario.name}/${file}`))
      put(object);
  }
  const certificates = join(own, 'certificates.yaml');
  if (!existsSync(certificates)) return {};
  const minted = mintScenario(readYaml(readFileSync(certificates, 'utf8')), now);
  for (const secret of minted.secrets) put(secret);
  return minted.files;
}

function objectsIn(text: string, values: Values, place: string): readonly JsonObject[] {
  return readYamlStream(text)
    .map((document) => filled(document, values, place))
    .filter(isObject);
}

type Values = Readonly<Record<string, string>>;

/** The document with its placeholders replaced. A text that is one placeholder takes the type of its value. */
function filled(value: Json, values: Values, place: string): Json {
  if (isList(value)) return value.map((item) => filled(item, values, place));
  if (isObject(value)) {
    const fields = Object.entries(value).map(([field, item]) => [field, filled(item ?? null, values, place)]);
    return Object.fromEntries(fields);
  }
  if (typeof value !== 'string') return value;
  const text = value.replaceAll(/\$\{([A-Z_]+)\}/g, (_match, name: string) => {
    const known = values[name];
    if (known === undefined) throw new Error(`${place}: nothing is known for the placeholder \${${name}}.`);
    return known;
  });
  return /^\$\{[A-Z_]+\}$/.test(value) ? readYaml(text) : text;
}

function putObject(object: JsonObject, store: ObjectStore, kinds: readonly Kind[], now: Date): void {
  const [apiVersion, kindName] = [textAt(object, 'apiVersion') ?? '', textAt(object, 'kind') ?? ''];
  const kind = kinds.find(
    (known) =>
      known.kind === kindName && known.versions.some((version) => groupVersion(known.group, version) === apiVersion),
  );
  if (!kind) throw new Error(`A scenario holds ${kindName} of ${apiVersion}, which its cluster does not serve.`);
  const stored: KubernetesObject = { ...object, apiVersion, kind: kindName, metadata: { name: nameOf(object) } };
  const owners = objectsAt(object, 'metadata', 'ownerReferences').map(({ value }) =>
    withUid(value, object, store, kinds),
  );
  const complete = withMetadata(stored, {
    ...objectAt(object, 'metadata'),
    ...(owners.length > 0 && { ownerReferences: owners }),
    ...(kind.namespaced && { namespace: namespaceOf(object) || 'default' }),
    creationTimestamp: creationTime(textAt(object, 'metadata', 'creationTimestamp'), now),
    ...('spec' in object && { generation: 1 }),
  });
  // A namespace may come with several templates.
  if (kind.kind === 'Namespace' && store.get(kind, '', nameOf(object))) return;
  store.put(kind, complete);
}

/** `-3d` counts from now. */
function creationTime(text: string | undefined, now: Date): string {
  const days = /^-(\d+)d$/.exec(text ?? '')?.[1];
  if (text !== undefined && days === undefined) return text;
  return `${new Date(now.getTime() - Number(days ?? usualAge) * day).toISOString().slice(0, 19)}Z`;
}

/** An owner is named in the files; its uid is what the store gave it, so it has to come first. */
function withUid(owner: JsonObject, object: JsonObject, store: ObjectStore, kinds: readonly Kind[]): JsonObject {
  const kind = kinds.find((known) => known.kind === owner['kind']);
  const name = textAt(owner, 'name') ?? '';
  const found = kind && store.get(kind, kind.namespaced ? namespaceOf(object) : '', name);
  return { ...owner, uid: found?.metadata['uid'] ?? '' };
}
