import type { TestContext } from 'node:test';
import { openKubernetesApi, type KubernetesApi } from '../../../src/sources/cluster/api.ts';
import type { ClusterAccess, KubeconfigOptions } from '../../../src/sources/cluster/kubeconfig.ts';
import { loadKubeconfig } from '../../../src/sources/cluster/kubeconfig.ts';
import type { TransportOptions } from '../../../src/sources/cluster/transport.ts';
import { folderFor, writeKubeconfig } from './kubeconfig-file.ts';

/** Why the signal of a run's budget aborts when its time is up. */
export const timeUp = new DOMException('the time is up', 'TimeoutError');

/** No setting of the machine that runs the tests reaches them. */
export const bareEnvironment = { PATH: process.env['PATH'], HOME: '/nonexistent' };

export async function openAccess(t: TestContext, options: KubeconfigOptions): Promise<ClusterAccess> {
  const access = await loadKubeconfig({ env: bareEnvironment, ...options });
  t.after(() => access.close());
  return access;
}

/** Opens the API of a test server as a user with a token. */
export async function openApi(
  t: TestContext,
  server: { readonly url: string },
  options: Partial<TransportOptions> = {},
): Promise<KubernetesApi> {
  const path = writeKubeconfig(folderFor(t), { server: server.url }, { token: 'sesame' });
  const access = await openAccess(t, { kubeconfig: path });
  const api = await openKubernetesApi(access, { signal: new AbortController().signal, ...options });
  t.after(() => api.close());
  return api;
}
