import { kinds } from '../kubernetes/kinds.ts';
import { booleanAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import type { Lookup } from '../model/coverage.ts';
import type { Secret } from '../model/secret.ts';
import type { Evidence } from './evidence.ts';
import type { Workload } from './workloads.ts';

/** Where a path of a Gateway leads inside its pods, link by link (runbook A3). */
export type MountedFile =
  /** No volume is mounted at or above the path. */
  | { readonly link: 'no-mount'; readonly path: string }
  /** A volume is mounted there that is no Secret (emptyDir, hostPath, CSI …): what it holds cannot be told from here. */
  | { readonly link: 'other-volume'; readonly path: string; readonly volume: string; readonly type: string }
  | {
      readonly link: 'secret';
      readonly path: string;
      readonly volume: string;
      readonly mountPath: string;
      readonly secretName: string;
      readonly optional: boolean;
      readonly key: string;
      /** Mounted by `subPath`: such a file stays as it was when the pod started. */
      readonly subPath: boolean;
      readonly lookup: Lookup<Secret>;
      /** Whether the Secret, where it was found, has that key. */
      readonly hasKey: boolean;
    };

interface Mount {
  readonly mountPath: string;
  readonly subPath?: string;
  readonly volume: JsonObject;
  readonly name: string;
}

export interface SecretVolume {
  readonly workload: Workload;
  readonly volume: string;
  readonly secretName: string;
  readonly optional: boolean;
  readonly mountPath?: string;
}

const trim = (path: string): string => path.replace(/\/+$/, '');

function mountsOf(workload: Workload): readonly Mount[] {
  const spec = workload.podTemplate?.['spec'];
  const volumes = new Map(objectsAt(spec, 'volumes').map(({ value }) => [textAt(value, 'name') ?? '', value]));
  return objectsAt(spec, 'containers').flatMap(({ value }) =>
    objectsAt(value, 'volumeMounts').flatMap(({ value: mount }) => {
      const name = textAt(mount, 'name') ?? '';
      const mountPath = textAt(mount, 'mountPath');
      const volume = volumes.get(name);
      const subPath = textAt(mount, 'subPath');
      if (mountPath === undefined || !volume) return [];
      return [{ name, mountPath: trim(mountPath), volume, ...(subPath !== undefined && { subPath }) }];
    }),
  );
}

const volumeType = (volume: JsonObject): string => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';

/** The Secret sources of a volume: itself, or the Secret parts of a projected one. */
function secretSources(volume: JsonObject): readonly { source: JsonObject; secretName: string; optional: boolean }[] {
  const own = objectAt(volume, 'secret');
  const projected = objectsAt(volume, 'projected', 'sources').flatMap(({ value }) => {
    const source = objectAt(value, 'secret');
    return source ? [source] : [];
  });
  const direct = own ? [{ source: own, secretName: textAt(own, 'secretName') ?? '' }] : [];
  return [...direct, ...projected.map((source) => ({ source, secretName: textAt(source, 'name') ?? '' }))].map(
    (one) => ({
      ...one,
      optional: booleanAt(one.source, 'optional') ?? false,
    }),
  );
}

/** The key of the Secret that shows up as a file name, through `items` where the volume picks some. */
function keyOfFile(source: JsonObject, file: string): string | undefined {
  const items = objectsAt(source, 'items');
  if (items.length === 0) return file;
  const item = items.find(({ value }) => textAt(value, 'path') === file);
  return item && textAt(item.value, 'key');
}

/** Follows a path of a Gateway through volumeMounts and volumes of a workload to the Secret and its key. */
export function followPath(evidence: Evidence, workload: Workload, path: string): MountedFile {
  const candidates = mountsOf(workload)
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length);
  const mount = candidates[0];
  if (!mount) return { link: 'no-mount', path };
  const file = path === mount.mountPath ? (mount.subPath ?? '') : path.slice(mount.mountPath.length + 1);
  for (const { source, secretName, optional } of secretSources(mount.volume)) {
    const key = keyOfFile(source, file);
    if (key === undefined) continue;
    const lookup = evidence.secret(workload.namespace, secretName);
    return {
      link: 'secret',
      path,
      volume: mount.name,
      mountPath: mount.mountPath,
      secretName,
      optional,
      key,
      subPath: mount.subPath !== undefined,
      lookup,
      hasKey: lookup.state === 'found' && Object.hasOwn(lookup.value.values, key),
    };
  }
  return { link: 'other-volume', path, volume: mount.name, type: volumeType(mount.volume) };
}

/** Every volume of a workload that is made from a Secret, whether or not a Gateway uses it. */
export function secretVolumes(workload: Workload): readonly SecretVolume[] {
  const mounts = new Map(mountsOf(workload).map(({ name, mountPath }) => [name, mountPath]));
  return objectsAt(workload.podTemplate, 'spec', 'volumes').flatMap(({ value }) => {
    const volume = textAt(value, 'name') ?? '';
    const mountPath = mounts.get(volume);
    return secretSources(value).map(({ secretName, optional }) => ({
      workload,
      volume,
      secretName,
      optional,
      ...(mountPath !== undefined && { mountPath }),
    }));
  });
}

/** Whether Secrets of a namespace were looked at at all, so that a missing one is missing. */
export const secretsSeen = (evidence: Evidence, namespace: string): boolean =>
  evidence.gap(kinds.secret, namespace) === undefined;
