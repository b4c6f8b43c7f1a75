import type { JsonObject } from '../../model/json.ts';
import { isObject, listAt, numberAt, objectAt, objectsAt, textAt, textMapAt, textsAt } from '../../kubernetes/read.ts';
import type { Kind } from './kinds.ts';
import { groupResource } from './kinds.ts';
import type { KubernetesObject } from './object.ts';
import { nameOf } from './object.ts';

/** A column of `kubectl get`, and how an object fills it. Names with a leading `+` are shown with `-o wide` only. */
type Columns = Readonly<Record<string, (object: JsonObject, now: Date) => string | number>>;

const age = (object: JsonObject, now: Date): string => ageOf(textAt(object, 'metadata', 'creationTimestamp'), now);
const created = (object: JsonObject): string => textAt(object, 'metadata', 'creationTimestamp') ?? '<unknown>';
const hosts = (object: JsonObject): string => list(textsAt(object, 'spec', 'hosts'));
const hostnames = (object: JsonObject): string => list(textsAt(object, 'spec', 'hostnames'));

const columnsOf: Readonly<Record<string, Columns>> = {
  pods: {
    Ready: readyContainers,
    Status: (pod) => textAt(pod, 'status', 'phase') ?? 'Unknown',
    Restarts: (pod) =>
      sum(objectsAt(pod, 'status', 'containerStatuses').map(({ value }) => numberAt(value, 'restartCount') ?? 0)),
    Age: age,
    '+IP': (pod) => textAt(pod, 'status', 'podIP') ?? '<none>',
    '+Node': (pod) => textAt(pod, 'spec', 'nodeName') ?? '<none>',
    '+Nominated Node': () => '<none>',
    '+Readiness Gates': () => '<none>',
  },
  services: {
    Type: (service) => textAt(service, 'spec', 'type') ?? 'ClusterIP',
    'Cluster-IP': (service) => textAt(service, 'spec', 'clusterIP') ?? '<none>',
    'External-IP': externalAddress,
    'Port(s)': servicePorts,
    Age: age,
    '+Selector': (service) => pairs(textMapAt(service, 'spec', 'selector')),
  },
  secrets: { Type: (secret) => textAt(secret, 'type') ?? 'Opaque', Data: keyCount, Age: age },
  configmaps: { Data: keyCount, Age: age },
  namespaces: { Status: (namespace) => textAt(namespace, 'status', 'phase') ?? 'Active', Age: age },
  nodes: {
    Status: (node) => (hasCondition(node, 'Ready') ? 'Ready' : 'NotReady'),
    Roles: () => '<none>',
    Age: age,
    Version: (node) => textAt(node, 'status', 'nodeInfo', 'kubeletVersion') ?? '<unknown>',
  },
  serviceaccounts: { Secrets: (account) => listAt(account, 'secrets').length, Age: age },
  endpoints: { Endpoints: endpointAddresses, Age: age },
  events: {
    'Last Seen': (event, now) => ageOf(textAt(event, 'lastTimestamp'), now),
    Type: (event) => textAt(event, 'type') ?? '',
    Reason: (event) => textAt(event, 'reason') ?? '',
    Object: (event) =>
      `${textAt(event, 'involvedObject', 'kind')?.toLowerCase()}/${textAt(event, 'involvedObject', 'name')}`,
    Message: (event) => textAt(event, 'message') ?? '',
  },
  'deployments.apps': {
    Ready: (workload) =>
      `${numberAt(workload, 'status', 'readyReplicas') ?? 0}/${numberAt(workload, 'spec', 'replicas') ?? 1}`,
    'Up-to-date': (workload) => numberAt(workload, 'status', 'updatedReplicas') ?? 0,
    Available: (workload) => numberAt(workload, 'status', 'availableReplicas') ?? 0,
    Age: age,
  },
  'replicasets.apps': {
    Desired: (workload) => numberAt(workload, 'spec', 'replicas') ?? 0,
    Current: (workload) => numberAt(workload, 'status', 'replicas') ?? 0,
    Ready: (workload) => numberAt(workload, 'status', 'readyReplicas') ?? 0,
    Age: age,
  },
  'ingresses.networking.k8s.io': {
    Class: (ingress) => textAt(ingress, 'spec', 'ingressClassName') ?? '<none>',
    Hosts: (ingress) => list(objectsAt(ingress, 'spec', 'rules').map(({ value }) => textAt(value, 'host') ?? '*')),
    Address: loadBalancerAddress,
    Ports: (ingress) => (listAt(ingress, 'spec', 'tls').length > 0 ? '80, 443' : '80'),
    Age: age,
  },
  'ingressclasses.networking.k8s.io': {
    Controller: (ingressClass) => textAt(ingressClass, 'spec', 'controller') ?? '',
    Parameters: () => '<none>',
    Age: age,
  },
  'endpointslices.discovery.k8s.io': {
    AddressType: (slice) => textAt(slice, 'addressType') ?? '',
    Ports: (slice) => list(objectsAt(slice, 'ports').map(({ value }) => String(numberAt(value, 'port') ?? '*'))),
    Endpoints: (slice) => list(objectsAt(slice, 'endpoints').flatMap(({ value }) => textsAt(value, 'addresses'))),
    Age: age,
  },
  'roles.rbac.authorization.k8s.io': { 'Created At': created },
  'clusterroles.rbac.authorization.k8s.io': { 'Created At': created },
  'rolebindings.rbac.authorization.k8s.io': { Role: boundRole, Age: age },
  'clusterrolebindings.rbac.authorization.k8s.io': { Role: boundRole, Age: age },
  'customresourcedefinitions.apiextensions.k8s.io': { 'Created At': created },
  'virtualservices.networking.istio.io': {
    Gateways: (service) => jsonList(textsAt(service, 'spec', 'gateways')),
    Hosts: (service) => jsonList(textsAt(service, 'spec', 'hosts')),
    Age: age,
  },
  'destinationrules.networking.istio.io': { Host: (rule) => textAt(rule, 'spec', 'host') ?? '', Age: age },
  'serviceentries.networking.istio.io': {
    Hosts: hosts,
    Location: (entry) => textAt(entry, 'spec', 'location') ?? '',
    Resolution: (entry) => textAt(entry, 'spec', 'resolution') ?? '',
    Age: age,
  },
  'gatewayclasses.gateway.networking.k8s.io': {
    Controller: (gatewayClass) => textAt(gatewayClass, 'spec', 'controllerName') ?? '',
    Accepted: (gatewayClass) => conditionStatus(gatewayClass, 'Accepted'),
    Age: age,
  },
  'gateways.gateway.networking.k8s.io': {
    Class: (gateway) => textAt(gateway, 'spec', 'gatewayClassName') ?? '',
    Address: (gateway) =>
      list(objectsAt(gateway, 'status', 'addresses').map(({ value }) => textAt(value, 'value') ?? '')),
    Programmed: (gateway) => conditionStatus(gateway, 'Programmed'),
    Age: age,
  },
  'httproutes.gateway.networking.k8s.io': { Hostnames: hostnames, Age: age },
  'tlsroutes.gateway.networking.k8s.io': { Hostnames: hostnames, Age: age },
  'certificates.cert-manager.io': {
    Ready: (certificate) => conditionStatus(certificate, 'Ready'),
    Secret: (certificate) => textAt(certificate, 'spec', 'secretName') ?? '',
    Age: age,
  },
};

/** A list, or one object, as the `Table` that kubectl prints. `includeObject` as in the query of that name. */
export function tableOf(
  kind: Kind,
  objects: readonly KubernetesObject[],
  now: Date,
  includeObject: string | null,
): JsonObject {
  const columns = columnsOf[groupResource(kind)] ?? { Age: age };
  const names = Object.keys(columns);
  const definitions = names.map((name) => ({
    name: name.replace('+', ''),
    type: 'string',
    format: '',
    description: '',
    priority: name.startsWith('+') ? 1 : 0,
  }));
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }, ...definitions],
    rows: objects.map((object) => ({
      cells: [nameOf(object), ...Object.values(columns).map((cell) => cell(object, now))],
      ...(includeObject !== 'None' && { object: includeObject === 'Object' ? object : metadataOnly(object) }),
    })),
  };
}

export function metadataOnly(object: KubernetesObject): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** How kubectl writes an age: two units while they are small, then one. */
function ageOf(since: string | undefined, now: Date): string {
  if (since === undefined) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  return days < 8 && hours % 24 !== 0 ? `${days}d${hours % 24}h` : `${days}d`;
}

function readyContainers(pod: JsonObject): string {
  const statuses = objectsAt(pod, 'status', 'containerStatuses');
  return `${statuses.filter(({ value }) => value['ready'] === true).length}/${listAt(pod, 'spec', 'containers').length}`;
}

function externalAddress(service: JsonObject): string {
  const addresses = [loadBalancerAddress(service), ...textsAt(service, 'spec', 'externalIPs')].filter(
    (text) => text !== '',
  );
  if (addresses.length > 0) return addresses.join(',');
  return textAt(service, 'spec', 'type') === 'LoadBalancer' ? '<pending>' : '<none>';
}

function loadBalancerAddress(object: JsonObject): string {
  const ingress = objectsAt(object, 'status', 'loadBalancer', 'ingress');
  return ingress.map(({ value }) => textAt(value, 'ip') ?? textAt(value, 'hostname') ?? '').join(',');
}

function servicePorts(service: JsonObject): string {
  const ports = objectsAt(service, 'spec', 'ports').map(({ value }) => {
    const nodePort = numberAt(value, 'nodePort');
    return `${numberAt(value, 'port')}${nodePort === undefined ? '' : `:${nodePort}`}/${textAt(value, 'protocol') ?? 'TCP'}`;
  });
  return list(ports);
}

function endpointAddresses(endpoints: JsonObject): string {
  return list(
    objectsAt(endpoints, 'subsets').flatMap(({ value: subset }) =>
      objectsAt(subset, 'addresses').flatMap(({ value }) =>
        objectsAt(subset, 'ports').map((port) => `${textAt(value, 'ip')}:${numberAt(port.value, 'port')}`),
      ),
    ),
  );
}

function keyCount(object: JsonObject): number {
  return Object.keys(objectAt(object, 'data') ?? {}).length + Object.keys(objectAt(object, 'binaryData') ?? {}).length;
}

function boundRole(binding: JsonObject): string {
  return `${textAt(binding, 'roleRef', 'kind')}/${textAt(binding, 'roleRef', 'name')}`;
}

function conditionStatus(object: JsonObject, type: string): string {
  const condition = listAt(object, 'status', 'conditions').find((item) => isObject(item) && item['type'] === type);
  return textAt(condition, 'status') ?? 'Unknown';
}

function hasCondition(object: JsonObject, type: string): boolean {
  return conditionStatus(object, type) === 'True';
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '<none>' : items.join(',');
}

function jsonList(items: readonly string[]): string {
  return items.length === 0 ? '' : JSON.stringify(items);
}

function pairs(map: Readonly<Record<string, string>>): string {
  return list(Object.entries(map).map(([key, value]) => `${key}=${value}`));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
