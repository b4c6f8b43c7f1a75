import { coversPattern } from '../x509/covers-host.ts';
import type { Evidence } from './evidence.ts';
import { probesOf } from './probes.ts';
import { envoysOf, heldIn } from './proxies.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';

interface Asked {
  readonly server: Server;
  readonly workload?: Workload;
  readonly sdsName: string;
}

/**
 * Whether Envoy serves a host with an older certificate although it refuses the one that it was given last: a probe got
 * a certificate, or `/certs` has one for the host which no secret holds any more [seen: 1.29.5]. Undefined where
 * neither tells.
 */
export function isStillServed(evidence: Evidence, asked: Asked): boolean | undefined {
  const probes = probesOf(evidence)(asked.server).filter(({ probe }) => isAnswer(probe.outcome));
  if (probes.length > 0) return probes.some(({ probe }) => (probe.chain?.length ?? 0) > 0);
  const { workload, server, sdsName } = asked;
  if (!workload) return undefined;
  const told = envoysOf(evidence, workload).flatMap((envoy) => {
    if (heldIn(envoy, sdsName)?.state !== 'refused' || !envoy.loadedCertificates) return [];
    const current = new Set(envoy.secrets?.flatMap(({ certificates }) => certificates[0]?.serialNumber ?? []));
    return envoy.loadedCertificates.some(
      ({ role, serialNumber, subjectAltNames }) =>
        role === 'leaf' &&
        !current.has(serialNumber) &&
        server.hosts.some(({ host }) =>
          coversPattern({ dnsNames: subjectAltNames, ipAddresses: subjectAltNames }, host),
        ),
    );
  });
  return told.length === 0 ? undefined : told.every(Boolean);
}

/** A connection that got as far as the gateway's TLS, whatever became of it there. */
const isAnswer = (outcome: string): boolean => !['refused', 'timeout', 'unreachable', 'not-tls'].includes(outcome);
