import { isatty } from 'node:tty';
import { textAt } from '../../kubernetes/read.ts';
import { IstlsError } from '../../model/errors.ts';
import { proxyFor, proxyName } from './api-proxy.ts';
import { KeptConnection, type Connection } from './kept-connection.ts';
import { chooseContext, podContext, type KubeContext } from './kube-context.ts';
import { readKubeconfigFiles, type Environment } from './kubeconfig-files.ts';
import { impersonationHeaders, type Impersonation } from './user-credentials.ts';

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

/** One cluster as one user, chosen and ready to be asked. It holds credentials: never print it. */
export interface ClusterAccess {
  /** Absent inside a pod without a kubeconfig. */
  readonly context?: string;
  /** The context's default namespace. */
  readonly namespace?: string;
  readonly server: URL;
  readonly userName: string;
  /** The proxy on the way, without its password. */
  readonly proxy?: string;
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
  const connections = new KeptConnection({
    context,
    server,
    proxy,
    impersonation,
    surroundings: {
      env,
      signal: options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal,
      stdinIsTerminal: isatty(0),
      stderrIsTerminal: isatty(2),
    },
  });
  await connections.get();
  return {
    ...(context.name !== undefined && { context: context.name }),
    ...(context.namespace !== undefined && { namespace: context.namespace }),
    ...(proxy && { proxy: proxyName(proxy) }),
    server,
    userName: context.userName,
    connection: () => connections.get(),
    renewCredentials: (used) => connections.renew(used),
    whyRefused: (now) => connections.expired(now),
    close: () => {
      closing.abort();
      connections.close();
    },
  };
}

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
  const trusts = ['certificate-authority', 'certificate-authority-data'].some((field) => context.cluster[field]);
  const url = URL.parse(text.includes('://') ? text : `${trusts ? 'https' : 'http'}://${text}`);
  if (url && ['http:', 'https:'].includes(url.protocol)) {
    // A user and a password belong to the user entry; here they would get into messages.
    url.username = '';
    url.password = '';
    return url;
  }
  throw new IstlsError(
    'kubeconfig-incomplete',
    `The server of cluster "${context.clusterName}", ${JSON.stringify(text)}, is no URL.`,
    { exit: 3, hint: 'It should look like https://HOST:6443.' },
  );
}
