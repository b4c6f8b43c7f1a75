import type { JsonObject } from '../../model/json.ts';
import { isObject, listAt, numberAt, objectsAt, textAt, textMapAt } from '../../kubernetes/read.ts';
import { matchesLabels } from '../../kubernetes/selector.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { labelsOf, nameOf, namespaceOf, sameJson } from '../api-server/object.ts';
import type { ClusterView } from './cluster-view.ts';

/** The pods that a Service selects and that are ready: none for a Service without a selector. */
export function readyPods(service: KubernetesObject, view: ClusterView): readonly KubernetesObject[] {
  const selector = textMapAt(service, 'spec', 'selector');
  if (Object.keys(selector).length === 0) return [];
  return view.list('Pod', namespaceOf(service)).filter((pod) => matchesLabels(selector, labelsOf(pod)) && isReady(pod));
}

function isReady(pod: JsonObject): boolean {
  const ready = listAt(pod, 'status', 'conditions').find(
    (condition) => isObject(condition) && condition['type'] === 'Ready',
  );
  return textAt(ready, 'status') === 'True';
}

/** The number of a container port that a Service port leads to; a name is looked up in the pod. */
export function targetPortOf(port: JsonObject, pod: JsonObject): number | undefined {
  const name = textAt(port, 'targetPort');
  if (name === undefined || /^\d+$/.test(name)) return numberAt(port, 'targetPort') ?? numberAt(port, 'port');
  return containerPort(pod, ({ value }) => value['name'] === name);
}

function containerPort(pod: JsonObject, isWanted: (port: { value: JsonObject }) => boolean): number | undefined {
  const ports = objectsAt(pod, 'spec', 'containers').flatMap(({ value }) => objectsAt(value, 'ports'));
  return numberAt(ports.find(isWanted)?.value, 'containerPort');
}

/** Keeps an EndpointSlice and an Endpoints object for each Service with a selector, as the controllers of Kubernetes do. */
export function writeEndpoints(view: ClusterView): void {
  for (const service of view.list('Service')) {
    if (Object.keys(textMapAt(service, 'spec', 'selector')).length === 0) continue;
    const pods = readyPods(service, view);
    writeIfNew(view, 'EndpointSlice.discovery.k8s.io', sliceOf(service, pods));
    writeIfNew(view, 'Endpoints', endpointsOf(service, pods));
  }
  const orphans = view.list('EndpointSlice.discovery.k8s.io').filter((slice) => {
    const service = labelsOf(slice)['kubernetes.io/service-name'] ?? '';
    return labelsOf(slice)[managedBy] === controller && !view.get('Service', namespaceOf(slice), service);
  });
  for (const slice of orphans) view.remove('EndpointSlice.discovery.k8s.io', slice);
}

const managedBy = 'endpointslice.kubernetes.io/managed-by';
const controller = 'endpointslice-controller.k8s.io';

function sliceOf(service: KubernetesObject, pods: readonly KubernetesObject[]): KubernetesObject {
  const name = nameOf(service);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-x7k2p`,
      namespace: namespaceOf(service),
      labels: { [managedBy]: controller, 'kubernetes.io/service-name': name },
      creationTimestamp: textAt(service, 'metadata', 'creationTimestamp') ?? '',
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod) => ({
      addresses: [textAt(pod, 'status', 'podIP') ?? ''],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: textAt(pod, 'spec', 'nodeName') ?? '',
      targetRef: { kind: 'Pod', name: nameOf(pod), namespace: namespaceOf(pod) },
    })),
    ports: portsOf(service, pods),
  };
}

function endpointsOf(service: KubernetesObject, pods: readonly KubernetesObject[]): KubernetesObject {
  const addresses = pods.map((pod) => ({
    ip: textAt(pod, 'status', 'podIP') ?? '',
    nodeName: textAt(pod, 'spec', 'nodeName') ?? '',
    targetRef: { kind: 'Pod', name: nameOf(pod), namespace: namespaceOf(pod) },
  }));
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: nameOf(service),
      namespace: namespaceOf(service),
      creationTimestamp: textAt(service, 'metadata', 'creationTimestamp') ?? '',
    },
    ...(addresses.length > 0 && { subsets: [{ addresses, ports: portsOf(service, pods) }] }),
  };
}

function portsOf(service: KubernetesObject, pods: readonly KubernetesObject[]): readonly JsonObject[] {
  return objectsAt(service, 'spec', 'ports').flatMap(({ value }) => {
    const port = pods.map((pod) => targetPortOf(value, pod)).find((number) => number !== undefined);
    return port === undefined ? [] : [{ name: textAt(value, 'name') ?? '', port, protocol: 'TCP' }];
  });
}

function writeIfNew(view: ClusterView, groupKind: string, object: KubernetesObject): void {
  const before = view.get(groupKind, namespaceOf(object), nameOf(object));
  const fields = ['endpoints', 'ports', 'subsets'];
  if (before && fields.every((field) => sameJson(before[field], object[field]))) return;
  view.put(groupKind, before ? { ...before, ...object, metadata: before.metadata } : object);
}
