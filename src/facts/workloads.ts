import { kinds } from '../kubernetes/kinds.ts';
import { objectAt, textMapAt } from '../kubernetes/read.ts';
import { readRelease, type Release } from '../istio/release.ts';
import type { ObjectRef, Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { controlPlanes, release, releaseOfPod } from './mesh.ts';
import { pods, readPodSpec, type ContainerPort, type Pod, type PodSpec } from './pods.ts';

/** Pods of one controller, or its template where none runs: what a Gateway's selector finds. */
export interface Workload {
  readonly key: string;
  /** The controller (Deployment, DaemonSet, …), or the pod itself when nothing owns it. It may not be in the evidence. */
  readonly ref: ObjectRef;
  readonly resource?: Resource;
  readonly namespace: string;
  readonly name: string;
  /** The labels of its pods. Several pods of one controller have the same, but for hashes. */
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: readonly Pod[];
  readonly serviceAccount: string;
  readonly ports: readonly ContainerPort[];
  readonly spec: PodSpec;
  readonly podTemplate?: Resource['body'];
  readonly revision: string;
  readonly release?: Release;
  /** The Gateway (Gateway API) that Istio deployed this for. */
  readonly managedFor?: string;
}

const controllerKinds = [kinds.deployment, kinds.daemonSet, kinds.statefulSet] as const;

/** The controller of a pod. A ReplicaSet stands for its Deployment: its name less the hash is the Deployment's. */
function controllerOf(evidence: Evidence, pod: Pod): ObjectRef {
  const owner = pod.resource.owners.find(({ controller }) => controller) ?? pod.resource.owners[0];
  if (!owner) return { apiVersion: 'v1', kind: 'Pod', namespace: pod.namespace, name: pod.name };
  if (owner.kind !== 'ReplicaSet') {
    return { apiVersion: owner.apiVersion, kind: owner.kind, namespace: pod.namespace, name: owner.name };
  }
  const replicaSet = evidence.get(kinds.replicaSet, pod.namespace, owner.name);
  const above = replicaSet.state === 'found' ? replicaSet.value.owners.find(({ controller }) => controller) : undefined;
  const hash = pod.labels['pod-template-hash'];
  const byHash =
    hash !== undefined && owner.name.endsWith(`-${hash}`) ? owner.name.slice(0, -hash.length - 1) : undefined;
  return {
    apiVersion: 'apps/v1',
    kind: above?.kind ?? 'Deployment',
    namespace: pod.namespace,
    name: above?.name ?? byHash ?? owner.name.replace(/-[a-z0-9]+$/, ''),
  };
}

const hashes = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
]);

const lasting = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !hashes.has(key)));

function managedFor(labels: Readonly<Record<string, string>>): string | undefined {
  return labels['gateway.networking.k8s.io/gateway-name'] ?? labels['istio.io/gateway-name'];
}

/** The revision that injects into a namespace; with one control plane only, there is no choice. */
function revisionOfNamespace(evidence: Evidence, name: string): string {
  const namespace = evidence.get(kinds.namespace, '', name);
  const label = namespace.state === 'found' ? namespace.value.labels['istio.io/rev'] : undefined;
  if (label !== undefined) return label;
  const planes = controlPlanes(evidence);
  return planes.length === 1 && planes[0] ? planes[0].revision : 'default';
}

function workloadOf(evidence: Evidence, ref: ObjectRef, own: readonly Pod[], resource: Resource | undefined): Workload {
  const template = objectAt(resource?.body, 'spec', 'template');
  const first = own.find((pod) => pod.ready) ?? own[0];
  const labels = lasting(first?.labels ?? textMapAt(template, 'metadata', 'labels'));
  const annotations = first?.resource.annotations ?? textMapAt(template, 'metadata', 'annotations');
  const spec: PodSpec = first ?? readPodSpec(objectAt(template, 'spec'));
  const gateway = managedFor(labels);
  const known =
    releaseOfPod({ images: spec.images, labels }) ??
    readRelease(labels['app.kubernetes.io/version'] ?? '') ??
    release(evidence);
  const podTemplate = first?.resource.body ?? template;
  return {
    key: `${ref.kind}/${ref.namespace}/${ref.name}`,
    ref,
    namespace: ref.namespace,
    name: ref.name,
    labels,
    pods: own,
    serviceAccount: spec.serviceAccount,
    ports: spec.ports,
    spec,
    revision: labels['istio.io/rev'] ?? annotations['istio.io/rev'] ?? revisionOfNamespace(evidence, ref.namespace),
    ...(resource && { resource }),
    ...(podTemplate && { podTemplate }),
    ...(known && { release: known }),
    ...(gateway !== undefined && { managedFor: gateway }),
  };
}

/** Every workload in the evidence: controllers with or without pods, and pods that nothing owns. */
export const workloads = derive((evidence): readonly Workload[] => {
  const found = new Map<string, { ref: ObjectRef; pods: Pod[]; resource?: Resource }>();
  for (const kind of controllerKinds) {
    for (const resource of evidence.list(kind).items) {
      const { apiVersion, namespace, name } = resource;
      const ref = { apiVersion, kind: resource.kind, namespace, name };
      found.set(`${ref.kind}/${namespace}/${name}`, { ref, pods: [], resource });
    }
  }
  for (const pod of pods(evidence)) {
    const ref = controllerOf(evidence, pod);
    const key = `${ref.kind}/${ref.namespace}/${ref.name}`;
    const known = found.get(key) ?? { ref, pods: [] };
    known.pods.push(pod);
    found.set(key, known);
  }
  return [...found.values()].map(({ ref, pods: own, resource }) => workloadOf(evidence, ref, own, resource));
});

/**
 * Whether these are proxies of the type that Gateways configure. Injected gateways, those of the charts of every era and
 * those of the Gateway API all run `proxy router`; a template before injection only carries the annotation.
 */
export function isGatewayProxy(workload: Workload): boolean {
  const { args } = workload.spec;
  if (args.includes('router') || args.includes('ingressgateway')) return true;
  const annotations = textMapAt(workload.podTemplate, 'metadata', 'annotations');
  if (annotations['inject.istio.io/templates']?.includes('gateway') === true) return true;
  if (
    workload.pods.some((pod) => pod.resource.annotations['inject.istio.io/templates']?.includes('gateway') === true)
  ) {
    return true;
  }
  return workload.managedFor !== undefined;
}

/** All gateway workloads, whether or not a Gateway selects them. */
export const gatewayWorkloads = derive((evidence): readonly Workload[] => workloads(evidence).filter(isGatewayProxy));
