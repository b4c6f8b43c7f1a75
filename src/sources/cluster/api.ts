import type { Gap, Listing, Lookup } from '../../model/coverage.ts';
import { IstlsError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Meta, Resource } from '../../model/resource.ts';
import type { Secret } from '../../model/secret.ts';
import type { AccessReview, ContainerLog } from '../../model/snapshot.ts';
import { isObject, textAt } from '../../kubernetes/read.ts';
import { metaOf, resourceOf } from '../../kubernetes/resource.ts';
import { readSecret } from '../../x509/read-secret.ts';
import { reviewAccess, reviewRules, type Account, type Right, type Rules } from './access-review.ts';
import { apiPath, permission, secretKind, type ApiKind } from './api-kind.ts';
import { discover, type Discovery } from './discovery.ts';
import { openEnvoyAdmin, type EnvoyAdmin } from './envoy-admin.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { isUnknownKind, listObjects, type Selection } from './list-objects.ts';
import type { LogLine } from './log-lines.ts';
import { NoAnswer } from './no-answer.ts';
import { collectLog, readLog, type ContainerRef, type LogSelection } from './pod-logs.ts';
import type { PodRef } from './pod-socket.ts';
import { openPodStream, type PodConnection } from './pod-stream.ts';
import { gapOf, messageOf, readAnswer, type WholeAnswer } from './read-answer.ts';
import { createTransport, type Transport, type TransportOptions } from './transport.ts';

/**
 * Reads one cluster, and can do nothing else: its requests are GETs, access reviews, port-forwards to pods and, where
 * those are refused, `pilot-agent request GET`. What could not be looked at is a gap with the permission that is
 * missing; nothing here throws for what a cluster answers.
 */
export interface KubernetesApi {
  readonly access: ClusterAccess;
  /** The server's release, `v1.35.3`. */
  readonly version: Lookup<string>;
  /** Which kinds there are; `groups` spares old servers the question for all others (`''` is the core group). */
  discover(groups?: readonly string[]): Promise<Lookup<Discovery>>;
  /** @throws TypeError for Secrets, which `secret` reads */
  get(kind: ApiKind, namespace: string, name: string): Promise<Lookup<Resource>>;
  secret(namespace: string, name: string): Promise<Lookup<Secret>>;
  /** @throws TypeError for Secrets, whose data is never listed */
  list(kind: ApiKind, selection?: Selection): Promise<Listing<Resource>>;
  /** Names, labels and dates without contents; of any kind. */
  listMetadata(kind: ApiKind, selection?: Selection): Promise<Listing<Meta>>;
  accessReview(right: Right, account?: Account): Promise<Lookup<AccessReview>>;
  rulesReview(namespace: string): Promise<Lookup<Rules>>;
  logs(container: ContainerRef, selection?: LogSelection): Promise<Lookup<AsyncIterable<LogLine>>>;
  collectLog(container: ContainerRef, selection?: LogSelection): Promise<{ log?: ContainerLog; gap?: Gap }>;
  podStream(pod: PodRef, port: number): Promise<PodConnection>;
  /** The same object for the same pod: its connection is kept for the run. */
  envoyAdmin(pod: PodRef): EnvoyAdmin;
  /** Ends what is still open. */
  close(): void;
}

/**
 * Asks the cluster for its version, to know that it answers, takes the credentials and is one.
 *
 * @throws IstlsError `api-unreachable`, `api-tls-failed`, `proxy-failed`, `unauthorized`, `not-kubernetes`; the time of
 *   the whole run may be over (`api-unreachable`)
 */
export async function openKubernetesApi(access: ClusterAccess, options: TransportOptions): Promise<KubernetesApi> {
  const transport = createTransport(access, options);
  const version = await readVersion(transport);
  const admins = new Map<string, EnvoyAdmin>();
  return {
    access,
    version,
    discover: (groups) => discover(transport, groups),
    get: (kind, namespace, name) => {
      if (isSecret(kind)) throw new TypeError('a Secret is read with secret(), which keeps no private value');
      return getObject(transport, kind, { namespace, name }, resourceOf);
    },
    secret: (namespace, name) => getObject(transport, secretKind, { namespace, name }, readSecret),
    list: async (kind, selection = {}) => {
      if (isSecret(kind)) throw new TypeError('Secrets are never listed with their data');
      return readAll(await listObjects(transport, kind, selection, false), resourceOf);
    },
    listMetadata: async (kind, selection = {}) => readAll(await listObjects(transport, kind, selection, true), metaOf),
    accessReview: (right, account) => reviewAccess(transport, right, account),
    rulesReview: (namespace) => reviewRules(transport, namespace),
    logs: (container, selection) => readLog(transport, container, selection),
    collectLog: (container, selection) => collectLog(transport, container, selection),
    podStream: (pod, port) => openPodStream(transport, pod, port),
    envoyAdmin: (pod) => {
      const key = `${pod.namespace}/${pod.pod}`;
      const admin = admins.get(key) ?? openEnvoyAdmin(transport, pod);
      admins.set(key, admin);
      return admin;
    },
    close: () => {
      for (const admin of admins.values()) admin.close();
      access.close();
    },
  };
}

function isSecret(kind: ApiKind): boolean {
  return kind.group === '' && (kind.kind === 'Secret' || kind.resource.toLowerCase() === 'secrets');
}

async function getObject<T>(
  transport: Transport,
  kind: ApiKind,
  place: { readonly namespace: string; readonly name: string },
  read: (object: JsonObject) => T,
): Promise<Lookup<T>> {
  const path = apiPath(kind, place);
  if (path === undefined) return { state: 'absent' };
  try {
    const answer = await readAnswer(await transport.send({ do: 'read', path }));
    if (isUnknownKind(answer)) return { state: 'absent' };
    if (answer.status !== 200) return { state: 'unknown', gap: gapOf(answer, permission('get', kind, place)) };
    const { json } = answer;
    if (isObject(json) && textAt(json, 'kind') === kind.kind && named(json))
      return { state: 'found', value: read(json) };
    return {
      state: 'unknown',
      gap: { reason: 'unreadable', detail: `the API server answered 200 without a ${kind.kind}` },
    };
  } catch (error) {
    if (error instanceof NoAnswer) return { state: 'unknown', gap: error.gap };
    throw error;
  }
}

function readAll<T>(listing: Listing<JsonObject>, read: (object: JsonObject) => T): Listing<T> {
  const objects = listing.items.filter(named);
  const items = objects.map((object) => read(object));
  const lost = listing.items.length - objects.length;
  if (lost === 0) return { items, gaps: listing.gaps };
  return {
    items,
    gaps: [...listing.gaps, { reason: 'unreadable', detail: `${lost} items of the list are no objects` }],
  };
}

function named(object: JsonObject): boolean {
  return Boolean(textAt(object, 'metadata', 'name'));
}

async function readVersion(transport: Transport): Promise<Lookup<string>> {
  const answer = await ask(transport);
  const version = textAt(answer.json, 'gitVersion');
  if (answer.status === 200 && version !== undefined) return { state: 'found', value: version };
  if (answer.status === 401) throw unauthorized(transport.access, messageOf(answer));
  if (answer.status === 403) return { state: 'unknown', gap: gapOf(answer, 'get /version') };
  const server = transport.access.server.href;
  if (answer.status === 429 || answer.status >= 500) {
    throw new IstlsError('api-unreachable', `The API server ${server} cannot serve: ${gapOf(answer, '').detail}.`, {
      exit: 3,
      hint: 'kubectl get --raw /readyz tells more.',
    });
  }
  throw new IstlsError('not-kubernetes', `${server} is no Kubernetes API: it answered ${answer.status} to /version.`, {
    exit: 3,
    hint: `It said: ${messageOf(answer) || 'nothing'}. Is the server in the kubeconfig complete, with its path?`,
  });
}

async function ask(transport: Transport): Promise<WholeAnswer> {
  try {
    return await readAnswer(await transport.send({ do: 'read', path: '/version' }));
  } catch (error) {
    throw error instanceof NoAnswer ? error.reason : error;
  }
}

function unauthorized(access: ClusterAccess, message: string): IstlsError {
  const expired = access.whyRefused(new Date());
  const why = expired ?? (message || 'Unauthorized');
  const context = access.context === undefined ? '' : ` --context=${access.context}`;
  return new IstlsError(
    'unauthorized',
    `The API server ${access.server.href} refused the credentials of user "${access.userName}" (401): ${why}.`,
    {
      exit: 3,
      hint: `${expired === undefined ? 'They may have expired or been revoked' : 'Renew them'}; kubectl${context} auth whoami shows whether it worked.`,
    },
  );
}
