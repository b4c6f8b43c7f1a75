import { objectsAt, textAt } from '../../kubernetes/read.ts';
import type { SecretText } from '../gateway/credential.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Proxy } from './config.ts';
import { secretData } from './secrets.ts';

/**
 * What the gateway's agent reads for `file-cert:CRT~KEY` or `file-root:CA`, or the path that leads to no file. The lab has
 * no kubelet: a mounted Secret is seen as it is now, without the minute that a real one takes.
 */
export function readMountedFiles(
  resource: string,
  proxy: Proxy,
  view: ClusterView,
): SecretText | { readonly missing: string } {
  const [scheme = '', paths = ''] = resource.split(/:(.*)/s);
  const [first = '', second = ''] = paths.split('~');
  const chain = readFile(first, proxy, view);
  if (chain === undefined) return { missing: first };
  if (scheme === 'file-root') return { kind: 'ca', ca: chain };
  const key = readFile(second, proxy, view);
  return key === undefined ? { missing: second } : { kind: 'key-pair', chain, key };
}

function readFile(path: string, proxy: Proxy, view: ClusterView): string | undefined {
  const pod = view.get('Pod', proxy.namespace, proxy.pod);
  for (const { value: container } of objectsAt(pod, 'spec', 'containers')) {
    for (const { value: mount } of objectsAt(container, 'volumeMounts')) {
      const directory = (textAt(mount, 'mountPath') ?? '').replace(/\/$/, '');
      if (!path.startsWith(`${directory}/`)) continue;
      const volume = objectsAt(pod, 'spec', 'volumes').find(({ value }) => value['name'] === mount['name']);
      const secretName = textAt(volume?.value, 'secret', 'secretName');
      const secret = secretName === undefined ? undefined : view.get('Secret', proxy.namespace, secretName);
      if (secret) return secretData(secret)[keyFor(path.slice(directory.length + 1), volume?.value)];
    }
  }
  return undefined;
}

/** `items` of a volume may give a key another file name. */
function keyFor(file: string, volume: Parameters<typeof objectsAt>[0]): string {
  const item = objectsAt(volume, 'secret', 'items').find(({ value }) => value['path'] === file);
  return textAt(item?.value, 'key') ?? file;
}
