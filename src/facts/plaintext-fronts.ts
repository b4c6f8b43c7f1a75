import { kinds } from '../kubernetes/kinds.ts';
import { parseYaml } from '../kubernetes/parse.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import type { Resource } from '../model/resource.ts';
import { servicesOf } from './addresses.ts';
import { attachmentOf } from './attachments.ts';
import { ingressClaim, meansIstio } from './claims.ts';
import type { Evidence } from './evidence.ts';
import { meshConfig } from './mesh.ts';
import type { Server } from './servers.ts';
import type { Service } from './services.ts';
import type { Workload } from './workloads.ts';

/** Something in front of a gateway that ends TLS and sends plaintext on, as an object says. */
export interface PlaintextFront {
  readonly object: Resource;
  readonly path: string;
  readonly says: string;
  /** Whether what it decrypts arrives where plaintext is redirected; else on a plaintext port beside it. */
  readonly meets: boolean;
}

const awsMarks = {
  certificate: 'service.beta.kubernetes.io/aws-load-balancer-ssl-cert',
  backend: 'service.beta.kubernetes.io/aws-load-balancer-backend-protocol',
} as const;

/** A balancer that ends TLS: its 443 may lead to the very listener that redirects, or to one of its own. */
function balancerFront({ resource, ports }: Service, server: Server): PlaintextFront | undefined {
  const { annotations } = resource;
  const backend = annotations[awsMarks.backend] ?? 'tcp';
  if (annotations[awsMarks.certificate] === undefined || backend === 'ssl' || backend === 'https') return undefined;
  const target = (number: number) => ports.find((port) => port.number === number)?.targetPort;
  const meets = target(443) !== undefined && target(443) === target(server.port);
  if (!meets && backend !== 'http') return undefined;
  const says = `the balancer ends TLS (${awsMarks.certificate}) and sends ${backend} on`;
  return { object: resource, path: 'metadata.annotations', says, meets };
}

/** An Ingress of another controller whose backend is the gateway's plaintext port. */
function ingressFronts(evidence: Evidence, service: Service): readonly PlaintextFront[] {
  const plain = new Set(
    service.ports.filter(({ number, name }) => number === 80 || name === 'http2').map(({ number }) => number),
  );
  return evidence
    .list(kinds.ingress, service.namespace)
    .items.filter((ingress) => !meansIstio(ingressClaim(evidence, ingress)))
    .flatMap((object) => {
      const rules = objectsAt(object.body, 'spec', 'rules').flatMap(({ value }) => objectsAt(value, 'http', 'paths'));
      const backends = [
        ...rules.map(({ value }) => objectAt(value, 'backend')),
        objectAt(object.body, 'spec', 'defaultBackend'),
        objectAt(object.body, 'spec', 'backend'),
      ];
      const leads = backends.some((backend) => {
        const name = textAt(backend, 'service', 'name') ?? textAt(backend, 'serviceName');
        const port = numberAt(backend, 'service', 'port', 'number') ?? numberAt(backend, 'servicePort');
        const portName = textAt(backend, 'service', 'port', 'name') ?? textAt(backend, 'servicePort');
        return (
          name === service.name &&
          ((port !== undefined && plain.has(port)) || portName === 'http2' || portName === 'http')
        );
      });
      return leads
        ? [
            {
              object,
              path: 'spec',
              says: `sends requests on to the plaintext port of Service ${service.name}`,
              meets: true,
            },
          ]
        : [];
    });
}

/** How many proxies in front the gateway believes about the scheme (`gatewayTopology.numTrustedProxies`). */
function trustedProxies(evidence: Evidence, workload: Workload): number {
  const ofMesh = numberAt(
    meshConfig(evidence, workload.revision).mesh,
    'defaultConfig',
    'gatewayTopology',
    'numTrustedProxies',
  );
  const annotated = workload.pods[0]?.resource.annotations['proxy.istio.io/config'];
  return ofText(annotated) ?? ofMesh ?? 0;
}

function ofText(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 20_000) return undefined;
  try {
    return numberAt(parseYaml(text), 'gatewayTopology', 'numTrustedProxies');
  } catch {
    return undefined;
  }
}

/** The fronts that send plaintext to the gateways of a plaintext server, where none of those believes them. */
export function plaintextFronts(evidence: Evidence, server: Server): readonly PlaintextFront[] {
  return attachmentOf(evidence, server)
    .workloads.filter((workload) => trustedProxies(evidence, workload) === 0)
    .flatMap((workload) => servicesOf(evidence)(workload))
    .flatMap((service) => [balancerFront(service, server), ...ingressFronts(evidence, service)])
    .filter((front) => front !== undefined);
}
