import { kinds } from '../kubernetes/kinds.ts';
import { numberAt, objectsAt, textAt } from '../kubernetes/read.ts';
import type { Resource } from '../model/resource.ts';
import { outwardAddresses } from './addresses.ts';
import { ingressClaim } from './claims.ts';
import type { Evidence } from './evidence.ts';
import { isInMesh } from './mesh-membership.ts';
import { pods } from './pods.ts';
import { services, type Service, type ServicePort } from './services.ts';
import { gatewayWorkloads } from './workloads.ts';

/** A way to a workload that does not lead through a gateway of the mesh. */
export interface WayPast {
  readonly service: Service;
  readonly port?: ServicePort;
  readonly hosts: readonly string[];
  readonly by: Resource;
  readonly path: string;
  readonly says: string;
}

/** Pods of an Ingress controller with a sidecar are clients of the mesh themselves. */
function controllerIsInMesh(evidence: Evidence, controller: string): boolean {
  const word = controller.includes('nginx')
    ? 'nginx'
    : (controller
        .split('/')
        .at(-1)
        ?.replace(/-?ingress-?controller-?/g, '') ?? '');
  if (word === '') return false;
  return pods(evidence).some((pod) => pod.images.some((image) => image.includes(word)) && isInMesh(evidence, pod));
}

/** Ingresses of other controllers lead straight to the Services that they name. */
function byIngresses(evidence: Evidence, known: ReadonlyMap<string, Service>): readonly WayPast[] {
  return evidence.list(kinds.ingress).items.flatMap((ingress) => {
    const claim = ingressClaim(evidence, ingress);
    if (claim.by !== 'other' || controllerIsInMesh(evidence, claim.controller)) return [];
    return objectsAt(ingress.body, 'spec', 'rules').flatMap(({ index, value: rule }) =>
      objectsAt(rule, 'http', 'paths').flatMap(({ index: place, value }): readonly WayPast[] => {
        const name = textAt(value, 'backend', 'service', 'name') ?? textAt(value, 'backend', 'serviceName') ?? '';
        const service = known.get(`${ingress.namespace}/${name}`);
        if (!service) return [];
        const number =
          numberAt(value, 'backend', 'service', 'port', 'number') ?? numberAt(value, 'backend', 'servicePort');
        const port = service.ports.find((one) => one.number === number) ?? service.ports[0];
        const host = textAt(rule, 'host');
        return [
          {
            service,
            ...(port && { port }),
            hosts: host === undefined ? [] : [host.toLowerCase()],
            by: ingress,
            path: `spec.rules[${index}].http.paths[${place}].backend`,
            says: `class ${claim.className}: its controller sends plaintext`,
          },
        ];
      }),
    );
  });
}

/** A host that DNS leads to a Service's own address, in place of the gateway's. */
function byAddress(evidence: Evidence, known: Iterable<Service>): readonly WayPast[] {
  const gateways = new Set(
    gatewayWorkloads(evidence).map(({ namespace, labels }) => `${namespace}/${labels['istio'] ?? ''}`),
  );
  return [...known].flatMap((service) => {
    if (service.type !== 'LoadBalancer' || gateways.has(`${service.namespace}/${service.selector['istio'] ?? ''}`))
      return [];
    const own = new Set(outwardAddresses(service));
    const hosts = evidence.snapshot.dns
      .filter(({ a, aaaa, cname }) => [...a, ...aaaa, ...cname].some((one) => own.has(one)))
      .map(({ host }) => host);
    const port = service.ports.find(({ number }) => number === 443) ?? service.ports[0];
    if (hosts.length === 0) return [];
    return [
      {
        service,
        ...(port && { port }),
        hosts,
        by: service.resource,
        path: 'spec.type',
        says: `LoadBalancer ${[...own].join(', ')}, where DNS leads`,
      },
    ];
  });
}

/** Every way that is known to lead to a Service from outside without a gateway of the mesh. */
export function waysPastGateways(evidence: Evidence): readonly WayPast[] {
  const known = new Map(services(evidence).map((service) => [`${service.namespace}/${service.name}`, service]));
  return [...byIngresses(evidence, known), ...byAddress(evidence, known.values())];
}
