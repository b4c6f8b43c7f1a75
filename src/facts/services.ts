import { kinds } from '../kubernetes/kinds.ts';
import { at, numberAt, objectsAt, textAt, textMapAt, textsAt } from '../kubernetes/read.ts';
import { matchesLabels } from '../kubernetes/selector.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { pods, type Pod } from './pods.ts';

export interface ServicePort {
  readonly index: number;
  readonly name?: string;
  readonly number: number;
  /** A number, or the name of a container port; the port's own number where the Service gives none. */
  readonly targetPort: number | string;
  readonly nodePort?: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

export interface Service {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly clusterIps: readonly string[];
  readonly externalIps: readonly string[];
  readonly externalName?: string;
  /** Addresses in `status.loadBalancer`: IP addresses and host names as they stand there. */
  readonly balancer: readonly { readonly ip?: string; readonly hostname?: string }[];
  readonly externalTrafficPolicy?: string;
  readonly headless: boolean;
}

function readPorts(resource: Resource): readonly ServicePort[] {
  return objectsAt(resource.body, 'spec', 'ports').flatMap(({ index, value }) => {
    const number = numberAt(value, 'port');
    if (number === undefined) return [];
    const target = at(value, 'targetPort');
    const targetNumber = numberAt(value, 'targetPort');
    const name = textAt(value, 'name');
    const nodePort = numberAt(value, 'nodePort');
    const appProtocol = textAt(value, 'appProtocol');
    return [
      {
        index,
        number,
        targetPort: targetNumber ?? (typeof target === 'string' && target !== '' ? target : number),
        protocol: textAt(value, 'protocol') ?? 'TCP',
        ...(name !== undefined && { name }),
        ...(nodePort !== undefined && { nodePort }),
        ...(appProtocol !== undefined && { appProtocol }),
      },
    ];
  });
}

function readService(resource: Resource): Service {
  const { body } = resource;
  const clusterIp = textAt(body, 'spec', 'clusterIP');
  const listed = textsAt(body, 'spec', 'clusterIPs');
  const clusterIps = listed.length > 0 ? listed : clusterIp === undefined ? [] : [clusterIp];
  const externalName = textAt(body, 'spec', 'externalName');
  const externalTrafficPolicy = textAt(body, 'spec', 'externalTrafficPolicy');
  return {
    resource,
    namespace: resource.namespace,
    name: resource.name,
    type: textAt(body, 'spec', 'type') ?? 'ClusterIP',
    selector: textMapAt(body, 'spec', 'selector'),
    ports: readPorts(resource),
    clusterIps: clusterIps.filter((ip) => ip !== 'None' && ip !== ''),
    headless: clusterIp === 'None',
    externalIps: textsAt(body, 'spec', 'externalIPs'),
    balancer: objectsAt(body, 'status', 'loadBalancer', 'ingress').map(({ value }) => {
      const ip = textAt(value, 'ip');
      const hostname = textAt(value, 'hostname');
      return { ...(ip !== undefined && { ip }), ...(hostname !== undefined && { hostname }) };
    }),
    ...(externalName !== undefined && { externalName }),
    ...(externalTrafficPolicy !== undefined && { externalTrafficPolicy }),
  };
}

/** All Services, oldest first: where two decide the same, istiod takes the older one. */
export const services = derive((evidence): readonly Service[] =>
  evidence
    .list(kinds.service)
    .items.map(readService)
    .sort(
      (a, b) => (a.resource.createdAt ?? '').localeCompare(b.resource.createdAt ?? '') || a.name.localeCompare(b.name),
    ),
);

const servicesByNamespace = derive((evidence) => Map.groupBy(services(evidence), (service) => service.namespace));

/** The Services of a namespace whose selector takes these labels. One without a selector takes none. */
export function servicesSelecting(
  evidence: Evidence,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): readonly Service[] {
  return (servicesByNamespace(evidence).get(namespace) ?? []).filter(
    ({ selector }) => Object.keys(selector).length > 0 && matchesLabels(selector, labels),
  );
}

const podsByNamespace = derive((evidence) => Map.groupBy(pods(evidence), (pod) => pod.namespace));

export function podsOf(evidence: Evidence, service: Service): readonly Pod[] {
  if (Object.keys(service.selector).length === 0) return [];
  return (podsByNamespace(evidence).get(service.namespace) ?? []).filter((pod) =>
    matchesLabels(service.selector, pod.labels),
  );
}

/** The number behind a target port on a pod; undefined when the pod has no container port of that name. */
export function targetPortNumber(port: ServicePort, pod: Pick<Pod, 'ports'>): number | undefined {
  if (typeof port.targetPort === 'number') return port.targetPort;
  return pod.ports.find(({ name }) => name === port.targetPort)?.number;
}
