import { derive, type Evidence } from './evidence.ts';
import { attachmentOf } from './attachments.ts';
import type { Server } from './servers.ts';
import { servicesSelecting, type Service } from './services.ts';
import type { Workload } from './workloads.ts';

/** The Services through which clients reach a gateway workload, outward ones first. */
export const servicesOf = derive((evidence) => {
  const known = new Map<string, readonly Service[]>();
  const rank = (service: Service): number => ['LoadBalancer', 'NodePort'].indexOf(service.type) + 1 || 3;
  return (workload: Workload): readonly Service[] => {
    let found = known.get(workload.key);
    if (!found) {
      found = [...servicesSelecting(evidence, workload.namespace, workload.labels)].sort((a, b) => rank(a) - rank(b));
      known.set(workload.key, found);
    }
    return found;
  };
});

/** The Services of all workloads that take a server, those that have its port first. */
export function servicesFor(evidence: Evidence, server: Server): readonly Service[] {
  const all = attachmentOf(evidence, server).workloads.flatMap((workload) => servicesOf(evidence)(workload));
  const has = (service: Service): boolean => service.ports.some(({ number }) => number === server.port);
  return [...new Set(all)].sort((a, b) => Number(has(b)) - Number(has(a)));
}

/** Addresses that the outside knows a Service by: balancer addresses and host names, external IPs. */
export const outwardAddresses = (service: Service): readonly string[] => [
  ...service.balancer.flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
  ...service.externalIps,
];
