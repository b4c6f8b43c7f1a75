import type http from 'node:http';
import type https from 'node:https';
import tls from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { objectAt, textAt } from '../../kubernetes/read.ts';
import { IstlsError } from '../../model/errors.ts';
import { createApiAgent, type ApiTls } from './api-agent.ts';
import { proxyFor } from './api-proxy.ts';
import type { ExecSurroundings } from './exec-credential.ts';
import { chooseContext, podContext, type KubeContext } from './kube-context.ts';
import { readKubeconfigFiles, type Environment } from './kubeconfig-files.ts';
import { trustedByThisMachine } from './proxy-tunnel.ts';
import { oneLine } from './server-text.ts';
import {
  expiredCredential,
  impersonationHeaders,
  resolveContext,
  type Impersonation,
  type ResolvedContext,
} from './user-credentials.ts';

export interface KubeconfigOptions {
  /** `--kubeconfig`: one file, in place of $KUBECONFIG. */
  readonly kubeconfig?: string;
  /** `--context` */
  readonly context?: string;
  readonly impersonation?: Impersonation;
  /** The process's own unless a test says otherwise. */
  readonly env?: Environment;
  /** Where a pod's service account is mounted under; `/` outside tests. */
  readonly root?: string;
  /** Ends a credential plugin that still waits for an answer. Not the run's budget: people take longer to log in. */
  readonly signal?: AbortSignal;
}

/** How one request or WebSocket reaches the API server: the same agent and the same headers for both. */
export interface Connection {
  readonly agent: http.Agent;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** One cluster as one user, chosen and ready to be asked. It holds credentials: never print it. */
export interface ClusterAccess {
  /** Absent inside a pod without a kubeconfig. */
  readonly context?: string;
  /** The context's default namespace. */
  readonly namespace?: string;
  readonly server: URL;
  readonly userName: string;
  /** The proxy on the way, for messages: without its password. */
  readonly proxy?: URL;
  connection(): Promise<Connection>;
  /**
   * After a 401 to a request over `used`: makes the next `connection()` ask the plugin or the file anew, once for all
   * requests that were refused together. False when that could change nothing, or was tried a moment ago.
   */
  renewCredentials(used: Connection): boolean;
  /** Why the credentials may have been refused, as far as they tell. */
  whyRefused(now: Date): string | undefined;
  /** Ends connections, and a plugin that still waits for an answer. */
  close(): void;
}

/**
 * Opens the cluster that kubectl would talk to, and gets its credentials: a plugin may ask on the terminal here.
 * No request is sent yet.
 *
 * @throws IstlsError with exit 3: `no-kubeconfig`, `unknown-context`, `no-current-context`, `kubeconfig-unreadable`,
 *   `kubeconfig-incomplete`, `client-certificate-unusable`, `exec-plugin-failed`, `auth-provider-failed`,
 *   `proxy-unusable`; with exit 2: `as-group-without-as`
 */
export async function loadKubeconfig(options: KubeconfigOptions = {}): Promise<ClusterAccess> {
  const env = options.env ?? process.env;
  const context = await findContext(options, env);
  const server = serverUrl(context);
  const proxy = proxyFor(server, textAt(context.cluster, 'proxy-url'), env);
  const impersonation = impersonationHeaders(context.user, options.impersonation ?? {});
  const closing = new AbortController();
  const surroundings: ExecSurroundings = {
    env,
    signal: options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal,
    stdinIsTerminal: process.stdin.isTTY,
    stderrIsTerminal: process.stderr.isTTY,
  };
  const agents = new Set<http.Agent>();
  let library: KubeConfig | undefined;
  let resolved: ResolvedContext | undefined;
  let opening: Promise<Connection> | undefined;
  let current: Connection | undefined;
  let validUntil = Infinity;
  let renewedAt = -Infinity;

  const open = async (): Promise<Connection> => {
    const before = resolved;
    resolved = await resolveContext(context, surroundings);
    const sameAsBefore = before !== undefined && JSON.stringify(before) === JSON.stringify(resolved);
    // An auth-provider keeps its renewed token in the library's object: a new one would start from the old token.
    if (!sameAsBefore || !library) library = await libraryFor(context, resolved, server);
    const tlsOptions = await libraryOptions(library, context);
    const reused = sameTls(before, resolved) ? [...agents].at(-1) : undefined;
    const agent = reused ?? createApiAgent(server, apiTls(tlsOptions, context), proxy);
    agents.add(agent);
    validUntil = resolved.expiresAt ?? Infinity;
    current = { agent, headers: { ...headersOf(tlsOptions), ...impersonation } };
    return current;
  };
  const startAnew = () => {
    opening = undefined;
    current = undefined;
    validUntil = Infinity;
  };
  const connection = (): Promise<Connection> => {
    if (validUntil <= Date.now()) startAnew();
    opening ??= open();
    return opening;
  };
  await connection();
  return {
    ...(context.name !== undefined && { context: context.name }),
    ...(context.namespace !== undefined && { namespace: context.namespace }),
    ...(proxy && { proxy }),
    server,
    userName: context.userName,
    connection,
    renewCredentials: (used) => {
      const renewable = ['exec', 'tokenFile', 'auth-provider'].some((field) => context.user[field] !== undefined);
      if (!renewable || current !== used) return renewable;
      if (Date.now() - renewedAt < renewalPauseMs) return false;
      renewedAt = Date.now();
      startAnew();
      return true;
    },
    whyRefused: (now) => (resolved ? expiredCredential(resolved.user, now) : undefined),
    close: () => {
      closing.abort();
      for (const agent of agents) agent.destroy();
    },
  };
}

/** A plugin may ask a person: credentials that were just renewed and are refused again are not asked for once more. */
const renewalPauseMs = 60_000;

async function findContext(options: KubeconfigOptions, env: Environment): Promise<KubeContext> {
  const entries = await readKubeconfigFiles(options.kubeconfig, env);
  const empty = entries.contexts.size === 0 && entries.clusters.size === 0 && entries.currentContext === undefined;
  if (!empty || options.kubeconfig !== undefined) return chooseContext(entries, options.context);
  const pod = options.context === undefined ? await podContext(env, options.root ?? '/') : undefined;
  if (pod) return pod;
  const looked = env['KUBECONFIG'] ? `$KUBECONFIG (${env['KUBECONFIG']})` : '~/.kube/config';
  const hence = options.context === undefined ? 'and this is no pod' : `so there is no context "${options.context}"`;
  throw new IstlsError('no-kubeconfig', `No kubeconfig: ${looked} is not there or empty, ${hence}.`, {
    exit: 3,
    hint: 'Name one with --kubeconfig or $KUBECONFIG, or judge saved evidence with --from.',
  });
}

function serverUrl(context: KubeContext): URL {
  const text = textAt(context.cluster, 'server') ?? '';
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new IstlsError(
    'kubeconfig-incomplete',
    `The server of cluster "${context.clusterName}", ${JSON.stringify(text)}, is no URL.`,
    { exit: 3, hint: 'It should look like https://HOST:6443.' },
  );
}

/** The client library's view of the context, without any proxy: the way to the server is `api-agent.ts`. */
async function libraryFor(context: KubeContext, { cluster, user }: ResolvedContext, server: URL): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const library = new KubeConfig();
  const name = context.name ?? 'in-cluster';
  library.loadFromString(
    JSON.stringify({
      clusters: [
        {
          name,
          cluster: {
            ...cluster,
            // The library speaks plain HTTP (as `kubectl proxy` serves it) only to servers that need not be verified.
            ...(server.protocol === 'http:' && { 'insecure-skip-tls-verify': true }),
          },
        },
      ],
      // Without any user the library applies neither the authority nor the server name.
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    }),
  );
  return library;
}

async function libraryOptions(library: KubeConfig, context: KubeContext): Promise<https.RequestOptions> {
  const options: https.RequestOptions = {};
  try {
    await library.applyToHTTPSOptions(options);
  } catch (cause) {
    const provider = textAt(objectAt(context.user, 'auth-provider'), 'name') ?? '';
    const why = cause instanceof Error ? oneLine(cause.message) : 'unknown';
    throw new IstlsError(
      'auth-provider-failed',
      `The auth-provider "${provider}" of user "${context.userName}" gave no credential: ${why}.`,
      { exit: 3, hint: 'Log in again; newer kubeconfigs use a credential plugin (exec) instead.' },
    );
  }
  return options;
}

function headersOf(options: https.RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

function sameTls(before: ResolvedContext | undefined, now: ResolvedContext): boolean {
  const fields = ['client-certificate-data', 'client-key-data'];
  return before !== undefined && fields.every((field) => before.user[field] === now.user[field]);
}

/** @throws IstlsError `kubeconfig-incomplete` for an authority without a certificate, `client-certificate-unusable` */
function apiTls({ ca, cert, key, servername, rejectUnauthorized }: https.RequestOptions, context: KubeContext): ApiTls {
  if (ca && !String(ca).includes('-----BEGIN')) {
    throw new IstlsError(
      'kubeconfig-incomplete',
      `The certificate-authority of cluster "${context.clusterName}" holds no PEM certificate.`,
      { exit: 3 },
    );
  }
  try {
    return {
      secureContext: tls.createSecureContext({ ca: ca ?? trustedByThisMachine(), cert, key }),
      ...(servername && { servername }),
      rejectUnauthorized: rejectUnauthorized !== false,
    };
  } catch (error) {
    const why = oneLine(error instanceof Error ? error.message : '');
    throw new IstlsError(
      'client-certificate-unusable',
      `The client certificate and key of user "${context.userName}" cannot be used: ${why}.`,
      { exit: 3, hint: 'Both must be PEM, belong together, and the key must not be encrypted.' },
    );
  }
}
