import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { parseYaml, YAMLException } from '../../kubernetes/parse.ts';
import { isObject, objectAt, objectsAt, textAt } from '../../kubernetes/read.ts';
import { IstlsError } from '../../model/errors.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { errorCode } from './error-code.ts';

type Entries = ReadonlyMap<string, JsonObject>;

/** The entries of one or several kubeconfig files by name, with every path in them absolute. */
export interface KubeconfigEntries {
  readonly files: readonly string[];
  readonly currentContext?: string;
  readonly contexts: Entries;
  readonly clusters: Entries;
  readonly users: Entries;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the files that kubectl would read: `--kubeconfig`, else the list in $KUBECONFIG, else `~/.kube/config`.
 * Files of the list that do not exist are passed over; the first file that names something wins
 * (kubernetes.io, "Organizing Cluster Access Using kubeconfig Files").
 *
 * @throws IstlsError `kubeconfig-unreadable` for a file named on the command line that is not there, and for any file
 *   that cannot be read or is no kubeconfig.
 */
export async function readKubeconfigFiles(flag: string | undefined, env: Environment): Promise<KubeconfigEntries> {
  const paths = candidates(flag, env);
  const parsed: { path: string; document: JsonObject }[] = [];
  for (const path of paths) {
    const document = await readDocument(path, flag !== undefined);
    if (document) parsed.push({ path, document });
  }
  const entries = (list: string, field: string) =>
    firstOfEachName(parsed.flatMap(({ path, document }) => namedEntries(document, list, field, dirname(path))));
  const currentContext = parsed.map(({ document }) => textAt(document, 'current-context')).find(Boolean);
  return {
    files: parsed.map(({ path }) => path),
    ...(currentContext !== undefined && { currentContext }),
    contexts: entries('contexts', 'context'),
    clusters: entries('clusters', 'cluster'),
    users: entries('users', 'user'),
  };
}

function candidates(flag: string | undefined, env: Environment): readonly string[] {
  if (flag !== undefined) return [resolve(flag)];
  const list = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  if (list.length > 0) return [...new Set(list.map((path) => resolve(path)))];
  return [join(env['HOME'] || homedir(), '.kube', 'config')];
}

async function readDocument(path: string, required: boolean): Promise<JsonObject | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' && !required) return undefined;
    throw unreadable(path, code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`);
  }
  if (text.trim() === '') return {};
  const document = parsed(path, text);
  if (isObject(document)) return document;
  throw unreadable(path, 'it holds no kubeconfig, only a bare value');
}

function parsed(path: string, text: string): Json | undefined {
  try {
    return parseYaml(text);
  } catch (error) {
    throw unreadable(path, `it is no YAML: ${yamlReason(error)}`);
  }
}

/** What the parser objected to and where. Its own message quotes the lines around the place, which may hold a token. */
function yamlReason(error: unknown): string {
  if (!(error instanceof YAMLException)) return 'it could not be parsed';
  return error.mark ? `${error.reason} in line ${error.mark.line + 1}` : error.reason;
}

function unreadable(path: string, why: string): IstlsError {
  return new IstlsError('kubeconfig-unreadable', `Kubeconfig ${path}: ${why}.`, {
    exit: 3,
    hint: `Compare with what kubectl makes of it: kubectl config view --kubeconfig=${path}`,
  });
}

function namedEntries(document: JsonObject, list: string, field: string, folder: string): [string, JsonObject][] {
  return objectsAt(document, list).flatMap(({ value }) => {
    const name = textAt(value, 'name');
    if (name === undefined) return [];
    return [[name, withAbsolutePaths(objectAt(value, field) ?? {}, folder)]];
  });
}

function firstOfEachName(entries: readonly [string, JsonObject][]): Entries {
  const first = new Map<string, JsonObject>();
  for (const [name, entry] of entries) if (!first.has(name)) first.set(name, entry);
  return first;
}

const pathFields = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

/** Paths count from the folder of the file that holds them; so does an exec command that is a path, not a mere name. */
function withAbsolutePaths(entry: JsonObject, folder: string): JsonObject {
  const absolute: Record<string, Json | undefined> = { ...entry };
  for (const field of pathFields) {
    const path = textAt(entry, field);
    if (path) absolute[field] = resolve(folder, path);
  }
  const exec = objectAt(entry, 'exec');
  const command = textAt(exec, 'command');
  if (exec && command?.includes(sep)) absolute['exec'] = { ...exec, command: resolve(folder, command) };
  return absolute;
}
