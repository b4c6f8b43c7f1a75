import type { TestContext } from 'node:test';
import { openKubernetesApi, type KubernetesApi, type ObjectReaders } from '../../../src/sources/cluster/api.ts';
import type { ClusterAccess, KubeconfigOptions } from '../../../src/sources/cluster/kubeconfig.ts';
import { loadKubeconfig } from '../../../src/sources/cluster/kubeconfig.ts';
import type { TransportOptions } from '../../../src/sources/cluster/transport.ts';
import { at, isObject, textAt, textMapAt } from '../../../src/kubernetes/read.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Meta } from '../../../src/model/resource.ts';
import { folderFor, writeKubeconfig } from './kubeconfig-file.ts';

/** Readers that keep everything, so that tests see what came over the wire. */
export const readers: ObjectReaders = {
  meta,
  resource: (object) => {
    const found = meta(object);
    return found && { ...found, body: object };
  },
  secret: (object) => {
    const found = meta(object);
    if (!found) return undefined;
    const data = at(object, 'data');
    const keys = isObject(data) ? Object.keys(data) : [];
    const value = { kind: 'opaque', bytes: 1, pemProblems: [], certificates: [] } as const;
    return {
      ...found,
      type: textAt(object, 'type') ?? '',
      values: Object.fromEntries(keys.map((key) => [key, value])),
      invalidBase64: [],
    };
  },
};

function meta(object: JsonObject): Meta | undefined {
  const name = textAt(object, 'metadata', 'name');
  if (name === undefined) return undefined;
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace') ?? '',
    name,
    labels: textMapAt(object, 'metadata', 'labels'),
    annotations: textMapAt(object, 'metadata', 'annotations'),
    owners: [],
    changes: [],
  };
}

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
  const api = await openKubernetesApi(access, { signal: new AbortController().signal, readers, ...options });
  t.after(() => api.close());
  return api;
}
