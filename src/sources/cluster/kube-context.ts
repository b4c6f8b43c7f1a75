import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { textAt } from '../../kubernetes/read.ts';
import { IstlsError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Environment, KubeconfigEntries } from './kubeconfig-files.ts';

/** One context with the cluster and the user that it names, as written in the kubeconfig. */
export interface KubeContext {
  /** Absent inside a pod without a kubeconfig. */
  readonly name?: string;
  readonly namespace?: string;
  readonly clusterName: string;
  readonly userName: string;
  readonly cluster: JsonObject;
  readonly user: JsonObject;
}

/**
 * The context that `--context` names, else the current one.
 *
 * @throws IstlsError `unknown-context`, `no-current-context` or `kubeconfig-incomplete`; each names what there is instead.
 */
export function chooseContext(entries: KubeconfigEntries, requested: string | undefined): KubeContext {
  const name = requested ?? entries.currentContext;
  const files = entries.files.join(', ');
  if (name === undefined) {
    throw new IstlsError('no-current-context', `Kubeconfig ${files} sets no current-context.`, {
      exit: 3,
      hint: `Name one with --context. ${namesOf(entries)}`,
    });
  }
  const context = entries.contexts.get(name);
  if (!context) {
    const asked = requested === undefined ? ', which current-context names' : '';
    throw new IstlsError('unknown-context', `There is no context "${name}" in ${files || 'any kubeconfig'}${asked}.`, {
      exit: 3,
      hint: namesOf(entries),
    });
  }
  const clusterName = textAt(context, 'cluster') ?? '';
  const userName = textAt(context, 'user') ?? '';
  const cluster = entries.clusters.get(clusterName);
  if (!cluster) throw incomplete(files, `context "${name}" names the cluster "${clusterName}", which is not there`);
  if (!textAt(cluster, 'server')) throw incomplete(files, `cluster "${clusterName}" has no server`);
  const user = userName === '' ? {} : entries.users.get(userName);
  if (!user) throw incomplete(files, `context "${name}" names the user "${userName}", which is not there`);
  const namespace = textAt(context, 'namespace');
  return { name, ...(namespace && { namespace }), clusterName, userName, cluster, user };
}

/**
 * The service account of the pod that istls runs in, as client-go's `InClusterConfig` finds it;
 * nothing when this is no pod. `root` is `/` outside tests.
 */
export async function podContext(env: Environment, root: string): Promise<KubeContext | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) return undefined;
  const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
  const tokenFile = join(folder, 'token');
  if ((await textOf(tokenFile)) === undefined) return undefined;
  const namespace = await textOf(join(folder, 'namespace'));
  return {
    ...(namespace && { namespace }),
    clusterName: 'in-cluster',
    userName: 'the service account of this pod',
    cluster: {
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      'certificate-authority': join(folder, 'ca.crt'),
    },
    user: { tokenFile },
  };
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return undefined;
  }
}

function namesOf(entries: KubeconfigEntries): string {
  const names = [...entries.contexts.keys()];
  if (names.length === 0) return 'It defines no context at all.';
  const shown = names.slice(0, 20).join(', ');
  return `Contexts there: ${shown}${names.length > 20 ? ` and ${names.length - 20} more` : ''}.`;
}

function incomplete(files: string, what: string): IstlsError {
  return new IstlsError('kubeconfig-incomplete', `Kubeconfig ${files}: ${what}.`, {
    exit: 3,
    hint: 'kubectl config view shows what the files add up to.',
  });
}
