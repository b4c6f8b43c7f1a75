import { attachmentOf } from './attachments.ts';
import { servicesOf } from './addresses.ts';
import type { Evidence } from './evidence.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** Who a gateway is for, by what leads to it. */
export type Audience = 'outside' | 'mesh' | 'unknown';

/** The marks that installers and guides give to gateways between clusters and on the way out. */
const meshRoles =
  /(?:^|[-_])(?:egress(?:gateway)?|east-?west(?:gateway)?|cross-network(?:-gateway)?|waypoint)(?:$|[-_])/;

function hasMeshRole({ name, labels }: Workload): boolean {
  const marks = [name, labels['istio'], labels['app'], labels['gateway.networking.k8s.io/gateway-class-name']];
  return (
    labels['topology.istio.io/network'] !== undefined ||
    marks.some((mark) => mark !== undefined && meshRoles.test(mark))
  );
}

function audienceOfWorkload(evidence: Evidence, workload: Workload): Audience {
  if (hasMeshRole(workload)) return 'mesh';
  const { hostNetwork, ports } = workload.spec;
  const services = servicesOf(evidence)(workload);
  const outward = services.some(
    ({ type, externalIps }) => type === 'LoadBalancer' || type === 'NodePort' || externalIps.length > 0,
  );
  if (outward || hostNetwork || ports.some(({ hostPort }) => hostPort !== undefined)) return 'outside';
  return services.length > 0 ? 'mesh' : 'unknown';
}

/** Whether a server is for clients outside the mesh: one gateway that they reach is enough. */
export function audienceOf(evidence: Evidence, server: Server): Audience {
  const all = attachmentOf(evidence, server).workloads.map((workload) => audienceOfWorkload(evidence, workload));
  if (all.includes('outside')) return 'outside';
  return all.includes('mesh') ? 'mesh' : 'unknown';
}
