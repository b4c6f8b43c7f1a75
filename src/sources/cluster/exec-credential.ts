import { spawn } from 'node:child_process';
import { isObject, objectAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import { IstlsError } from '../../model/errors.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { KubeContext } from './kube-context.ts';
import type { Environment } from './kubeconfig-files.ts';
import { jsonOrNothing } from './json-or-nothing.ts';
import { oneLine } from './server-text.ts';

/** What a credential plugin gave. `expiresAt` is milliseconds since the epoch. */
export interface ExecCredential {
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly expiresAt?: number;
}

export interface ExecSurroundings {
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
  /** Whether standard input and standard error are a terminal that the plugin may ask on. */
  readonly stdinIsTerminal: boolean;
  readonly stderrIsTerminal: boolean;
}

const apiVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const outputLimit = 1024 * 1024;

/**
 * Runs the credential plugin of a context's user (KEP-541, client-go `plugin/pkg/client/auth/exec`). Its standard output
 * is read and never shown: it holds the credential. It may ask on the terminal, through standard input and standard error.
 *
 * @throws IstlsError `exec-plugin-failed`, with what the plugin printed to standard error unless that went to the terminal.
 */
export async function runExecPlugin(context: KubeContext, surroundings: ExecSurroundings): Promise<ExecCredential> {
  const exec = objectAt(context.user, 'exec') ?? {};
  const apiVersion = textAt(exec, 'apiVersion') ?? '';
  const command = textAt(exec, 'command') ?? '';
  const fail = (what: string) => pluginFailure(context, command, what, textAt(exec, 'installHint'));
  if (command === '') throw fail('has no command');
  if (!apiVersions.includes(apiVersion)) {
    throw fail(`is configured for "${apiVersion}"; clients speak ${apiVersions.join(' and ')}`);
  }
  const mode = textAt(exec, 'interactiveMode') ?? 'IfAvailable';
  if (mode === 'Always' && !surroundings.stdinIsTerminal) {
    throw fail('asks questions (interactiveMode: Always), and standard input is no terminal');
  }
  const interactive = mode !== 'Never' && surroundings.stdinIsTerminal;
  const info = JSON.stringify(execInfo(context, exec, apiVersion, interactive));
  const env = { ...surroundings.env, ...pluginEnvironment(exec), KUBERNETES_EXEC_INFO: info };
  const result = await run(command, textsAt(exec, 'args'), { env, interactive, surroundings });
  if ('failure' in result) throw fail(result.failure);
  const credential = readCredential(result.stdout, apiVersion);
  if (typeof credential === 'string') throw fail(credential);
  return credential;
}

function pluginFailure(context: KubeContext, command: string, what: string, installHint?: string): IstlsError {
  const message = `The credential plugin ${JSON.stringify(command)} of user "${context.userName}" ${what}.`;
  const reproduce = `kubectl${context.name === undefined ? '' : ` --context=${context.name}`} version runs the same plugin.`;
  return new IstlsError('exec-plugin-failed', message, { exit: 3, hint: installHint?.trim() || reproduce });
}

function pluginEnvironment(exec: JsonObject): Record<string, string> {
  return Object.fromEntries(
    objectsAt(exec, 'env').flatMap(({ value }) => {
      const name = textAt(value, 'name');
      return name === undefined ? [] : [[name, textAt(value, 'value') ?? '']];
    }),
  );
}

/** KUBERNETES_EXEC_INFO. The cluster is told only to plugins that ask for it (`provideClusterInfo`). */
function execInfo(context: KubeContext, exec: JsonObject, apiVersion: string, interactive: boolean): JsonObject {
  const cluster = exec['provideClusterInfo'] === true ? { cluster: clusterInfo(context.cluster) } : {};
  return { apiVersion, kind: 'ExecCredential', spec: { ...cluster, interactive } };
}

const clusterFields = [
  'server',
  'tls-server-name',
  'insecure-skip-tls-verify',
  'certificate-authority-data',
  'proxy-url',
] as const;

function clusterInfo(cluster: JsonObject): JsonObject {
  const info: Record<string, Json | undefined> = {};
  for (const field of clusterFields) if (cluster[field] !== undefined) info[field] = cluster[field];
  const extension = objectsAt(cluster, 'extensions').find(
    ({ value }) => textAt(value, 'name') === 'client.authentication.k8s.io/exec',
  );
  if (extension?.value['extension'] !== undefined) info['config'] = extension.value['extension'];
  return info;
}

interface Launch {
  readonly env: Environment;
  readonly interactive: boolean;
  readonly surroundings: ExecSurroundings;
}

async function run(
  command: string,
  args: readonly string[],
  { env, interactive, surroundings }: Launch,
): Promise<{ stdout: string } | { failure: string }> {
  const { promise, resolve } = Promise.withResolvers<{ stdout: string } | { failure: string }>();
  const child = spawn(command, args, {
    env,
    stdio: [interactive ? 'inherit' : 'ignore', 'pipe', surroundings.stderrIsTerminal ? 'inherit' : 'pipe'],
    ...(surroundings.signal && { signal: surroundings.signal }),
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > outputLimit) child.kill();
    else chunks.push(chunk);
  });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4096);
  });
  child.once('error', (error: NodeJS.ErrnoException) => {
    resolve({ failure: surroundings.signal?.aborted ? 'was interrupted' : cannotStart(error) });
  });
  child.once('close', (code, killedBy) => {
    if (bytes > outputLimit) resolve({ failure: 'printed more than 1 MB where a credential was expected' });
    else if (code === 0) resolve({ stdout: Buffer.concat(chunks).toString() });
    else resolve({ failure: `${ending(code, killedBy)}${said(complaint)}` });
  });
  return promise;
}

function cannotStart(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'is not installed, or not on the PATH';
  if (error.code === 'EACCES') return 'may not be executed';
  return `cannot be started (${error.code ?? error.message})`;
}

function ending(code: number | null, killedBy: string | null): string {
  return code === null ? `was ended by ${killedBy ?? 'a signal'}` : `failed with exit code ${code}`;
}

function said(complaint: string): string {
  const text = oneLine(complaint);
  return text === '' ? '' : `: ${text}`;
}

/** The credential, or what is wrong with the plugin's answer. The answer itself is never quoted. */
function readCredential(stdout: string, apiVersion: string): ExecCredential | string {
  const answer = jsonOrNothing(stdout);
  if (answer === undefined) return 'printed no JSON where an ExecCredential was expected';
  if (!isObject(answer) || textAt(answer, 'kind') !== 'ExecCredential')
    return 'printed something else than an ExecCredential';
  const spoken = textAt(answer, 'apiVersion');
  if (spoken !== apiVersion) return `answered in ${spoken ?? 'no version'}, and the kubeconfig says ${apiVersion}`;
  const token = textAt(answer, 'status', 'token');
  const certificate = textAt(answer, 'status', 'clientCertificateData');
  const key = textAt(answer, 'status', 'clientKeyData');
  if (!token && !certificate) return 'gave neither a token nor a client certificate';
  if (Boolean(certificate) !== Boolean(key)) return 'gave one half of a client certificate and key';
  const expires = Date.parse(textAt(answer, 'status', 'expirationTimestamp') ?? '');
  return {
    ...(token && { token }),
    ...(certificate && key && { certificate, key }),
    ...(!Number.isNaN(expires) && { expiresAt: expires }),
  };
}
