import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { numberAt, objectAt, textAt, textsAt } from '../../kubernetes/read.ts';
import { IstlsError } from '../../model/errors.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { errorCode } from './error-code.ts';
import { runExecPlugin, type ExecSurroundings } from './exec-credential.ts';
import { jsonOrNothing } from './json-or-nothing.ts';
import type { KubeContext } from './kube-context.ts';

/** `--as` and `--as-group`. */
export interface Impersonation {
  readonly user?: string;
  readonly groups?: readonly string[];
}

/** A context with nothing left to look up: no file to read, no plugin to run. */
export interface ResolvedContext {
  readonly cluster: JsonObject;
  readonly user: JsonObject;
  /** When a plugin said that its credential ends, in milliseconds since the epoch. */
  readonly expiresAt?: number;
}

/**
 * Reads the files that a context names and runs its credential plugin. What the client library reads otherwise than
 * kubectl is settled here: `…-data` wins over the file, `tokenFile` is known, trimmed and wins over `token`.
 *
 * @throws IstlsError `kubeconfig-incomplete` for a file that cannot be read, `exec-plugin-failed`
 */
export async function resolveContext(context: KubeContext, surroundings: ExecSurroundings): Promise<ResolvedContext> {
  const { cluster, user } = context;
  const ofCluster = `cluster "${context.clusterName}"`;
  const ofUser = `user "${context.userName}"`;
  const [ca, certificate, key, tokenFile] = await Promise.all([
    inlined(cluster, 'certificate-authority', ofCluster),
    inlined(user, 'client-certificate', ofUser),
    inlined(user, 'client-key', ofUser),
    fileOf(user, 'tokenFile', ofUser),
  ]);
  const token = tokenFile?.toString().trim() || textAt(user, 'token');
  const wantsPlugin = objectAt(user, 'exec') !== undefined && !token && !textAt(user, 'username');
  const plugin = wantsPlugin ? await runExecPlugin(context, surroundings) : {};
  return {
    cluster: kept(cluster, ['server', 'insecure-skip-tls-verify', 'tls-server-name'], {
      'certificate-authority-data': ca,
    }),
    user: kept(user, ['username', 'password', 'auth-provider'], {
      token: token || plugin.token,
      'client-certificate-data': plugin.certificate ? base64(plugin.certificate) : certificate,
      'client-key-data': plugin.key ? base64(plugin.key) : key,
    }),
    ...(plugin.expiresAt !== undefined && { expiresAt: plugin.expiresAt }),
  };
}

/**
 * The headers of impersonation, from the flags and, where a flag is not given, from the kubeconfig's `as`, `as-uid`,
 * `as-groups` and `as-user-extra`.
 *
 * @throws IstlsError `as-group-without-as`
 */
export function impersonationHeaders(user: JsonObject, flags: Impersonation): Record<string, string | string[]> {
  const name = flags.user || textAt(user, 'as');
  if (!name) {
    if ((flags.groups ?? []).length === 0) return {};
    throw new IstlsError('as-group-without-as', '--as-group needs --as: a group alone cannot be impersonated.', {
      exit: 2,
    });
  }
  const groups = flags.groups?.length ? flags.groups : textsAt(user, 'as-groups');
  const uid = textAt(user, 'as-uid');
  const headers: Record<string, string | string[]> = { 'Impersonate-User': name };
  if (groups.length > 0) headers['Impersonate-Group'] = [...groups];
  if (uid) headers['Impersonate-Uid'] = uid;
  for (const key of Object.keys(objectAt(user, 'as-user-extra') ?? {})) {
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = [...textsAt(user, 'as-user-extra', key)];
  }
  return headers;
}

/**
 * Why a server may have refused these credentials, as far as they tell themselves: the end of a JSON Web Token or of a
 * client certificate. Nothing when both still hold or cannot be read.
 */
export function expiredCredential(user: JsonObject, now: Date): string | undefined {
  const claims = textAt(user, 'token')?.split('.')[1];
  const expires = claims === undefined ? undefined : numberClaim(claims, 'exp');
  if (expires !== undefined && expires * 1000 <= now.getTime()) {
    return `its token expired at ${new Date(expires * 1000).toISOString()}`;
  }
  const data = textAt(user, 'client-certificate-data');
  const certificate = data === undefined ? undefined : readCertificate(Buffer.from(data, 'base64'));
  if (certificate && certificate.validToDate <= now) {
    return `its client certificate expired at ${certificate.validToDate.toISOString()}`;
  }
  return undefined;
}

function readCertificate(pem: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function numberClaim(claims: string, name: string): number | undefined {
  const value = numberAt(jsonOrNothing(Buffer.from(claims, 'base64url').toString()), name);
  return value !== undefined && value < 1e11 ? value : undefined;
}

function kept(entry: JsonObject, fields: readonly string[], more: Record<string, string | undefined>): JsonObject {
  const result: Record<string, Json | undefined> = {};
  for (const field of fields) if (entry[field] !== undefined && entry[field] !== '') result[field] = entry[field];
  for (const [field, value] of Object.entries(more)) if (value) result[field] = value;
  return result;
}

async function inlined(entry: JsonObject, field: string, owner: string): Promise<string | undefined> {
  const data = textAt(entry, `${field}-data`);
  return data || (await fileOf(entry, field, owner))?.toString('base64');
}

async function fileOf(entry: JsonObject, field: string, owner: string): Promise<Buffer | undefined> {
  const path = textAt(entry, field);
  if (!path) return undefined;
  try {
    return await readFile(path);
  } catch (error) {
    const why = errorCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new IstlsError('kubeconfig-incomplete', `The ${field} of ${owner}, ${path}, ${why}.`, {
      exit: 3,
      hint: 'Paths in a kubeconfig count from the folder of that file.',
    });
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
