import { kinds } from '../kubernetes/kinds.ts';
import { parseYaml } from '../kubernetes/parse.ts';
import { isObject, objectsAt, textAt } from '../kubernetes/read.ts';
import { readRelease, type Release } from '../istio/release.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { pods, type Pod } from './pods.ts';

/** One control plane: the pods of one istiod (or Pilot) Deployment. */
export interface ControlPlane {
  readonly namespace: string;
  readonly name: string;
  readonly revision: string;
  readonly release?: Release;
  readonly pods: readonly Pod[];
  readonly deployment?: Resource;
}

const isControlPlane = (labels: Readonly<Record<string, string>>): boolean =>
  labels['app'] === 'istiod' ||
  labels['app'] === 'pilot' ||
  labels['istio'] === 'pilot' ||
  labels['istio'] === 'istiod';

function releaseOfImages(images: readonly string[]): Release | undefined {
  for (const image of images) {
    const tag = image.slice(image.lastIndexOf('/') + 1);
    const release = tag.includes(':') ? readRelease(tag.slice(tag.indexOf(':') + 1)) : undefined;
    if (release) return release;
  }
  return undefined;
}

/** The release that a pod runs: by the tag of its Istio image, else by its labels. */
export function releaseOfPod(pod: Pick<Pod, 'images' | 'labels'>): Release | undefined {
  const istioImages = pod.images.filter((image) => /(^|\/)(proxyv2|proxy|pilot|istiod)[:@-]/.test(image));
  return (
    releaseOfImages(istioImages.length > 0 ? istioImages : pod.images) ??
    readRelease(pod.labels['app.kubernetes.io/version'] ?? '') ??
    readRelease(pod.labels['operator.istio.io/version'] ?? '')
  );
}

/** The control planes that were seen, by pods, else by Deployments. */
export const controlPlanes = derive((evidence): readonly ControlPlane[] => {
  const planes = new Map<string, { pods: Pod[]; deployment?: Resource; labels: Readonly<Record<string, string>> }>();
  for (const deployment of evidence.list(kinds.deployment).items) {
    if (!isControlPlane(deployment.labels)) continue;
    planes.set(`${deployment.namespace}/${deployment.labels['istio.io/rev'] ?? 'default'}`, {
      pods: [],
      deployment,
      labels: deployment.labels,
    });
  }
  for (const pod of pods(evidence)) {
    if (!isControlPlane(pod.labels)) continue;
    const key = `${pod.namespace}/${pod.labels['istio.io/rev'] ?? 'default'}`;
    const plane = planes.get(key) ?? { pods: [], labels: pod.labels };
    plane.pods.push(pod);
    planes.set(key, plane);
  }
  return [...planes.values()].map(({ pods: own, deployment, labels }) => {
    const template = objectsAt(deployment?.body, 'spec', 'template', 'spec', 'containers');
    const images = own[0]?.images ?? template.flatMap(({ value }) => textAt(value, 'image') ?? []);
    const release = releaseOfPod({ images, labels: own[0]?.labels ?? labels });
    return {
      namespace: own[0]?.namespace ?? deployment?.namespace ?? '',
      name: deployment?.name ?? own[0]?.labels['app'] ?? 'istiod',
      revision: labels['istio.io/rev'] ?? 'default',
      pods: own,
      ...(release && { release }),
      ...(deployment && { deployment }),
    };
  });
});

/** The namespace of the control plane, where mesh-wide configuration lives. */
export const rootNamespace = derive((evidence): string => controlPlanes(evidence)[0]?.namespace ?? 'istio-system');

/**
 * The release whose rules count: what the snapshot says, else the control plane's, else what an Envoy says of itself.
 * With several control planes this is the newest; `releaseFor` of a workload is the better question then.
 */
export const release = derive((evidence): Release | undefined => {
  const stated = readRelease(evidence.snapshot.istioVersion ?? '');
  if (stated) return stated;
  const known = controlPlanes(evidence).flatMap((plane) => plane.release ?? []);
  known.sort((a, b) => b.major - a.major || b.minor - a.minor || (b.patch ?? 0) - (a.patch ?? 0));
  if (known[0]) return known[0];
  for (const { node } of evidence.snapshot.envoys) {
    const own = readRelease(node?.istioVersion ?? '');
    if (own) return own;
  }
  return undefined;
});

function readMesh(config: Resource | undefined): JsonObject {
  const text = textAt(config?.body, 'data', 'mesh');
  if (text === undefined) return {};
  try {
    const mesh = parseYaml(text);
    return isObject(mesh) ? mesh : {};
  } catch {
    return {};
  }
}

/** MeshConfig of a revision: the ConfigMap `istio` or `istio-REVISION` beside the control plane; empty when not seen. */
export const meshConfigs = derive((evidence): ReadonlyMap<string, { mesh: JsonObject; configMap?: Resource }> => {
  const configs = new Map<string, { mesh: JsonObject; configMap?: Resource }>();
  for (const configMap of evidence.list(kinds.configMap, rootNamespace(evidence)).items) {
    const match = /^istio(?:-(.+))?$/.exec(configMap.name);
    if (!match || textAt(configMap.body, 'data', 'mesh') === undefined) continue;
    configs.set(match[1] ?? 'default', { mesh: readMesh(configMap), configMap });
  }
  return configs;
});

export function meshConfig(evidence: Evidence, revision = 'default'): { mesh: JsonObject; configMap?: Resource } {
  const configs = meshConfigs(evidence);
  return configs.get(revision) ?? configs.get('default') ?? configs.values().next().value ?? { mesh: {} };
}

/** A switch of istiod (`PILOT_…`) or of a gateway, as the snapshot keeps it. */
export function setting(evidence: Evidence, namespace: string, name: string): string | undefined {
  return evidence.snapshot.settings.find((entry) => entry.namespace === namespace && entry.name === name)?.value;
}
