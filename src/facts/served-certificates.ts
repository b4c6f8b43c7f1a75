import type { Certificate } from '../model/certificate.ts';
import type { ProbeVia } from '../model/probe.ts';
import { readCertificate } from '../x509/read-certificate.ts';
import type { CredentialUse } from './credentials.ts';
import type { Evidence } from './evidence.ts';
import { probesOf } from './probes.ts';
import { heldBy } from './proxies.ts';
import type { Server } from './servers.ts';

/** A certificate that an Envoy holds for a credential, or that a client was shown for a server. */
export interface ServedCertificate {
  readonly leaf: Certificate;
  readonly from: 'config-dump' | 'probe';
  /** NAMESPACE/NAME; absent where a balancer stands between. */
  readonly pod?: string;
  /** Where it was seen: the pod, or the address that was dialled. */
  readonly ref: string;
}

/** Ways on which nothing but the gateway can have ended TLS. */
const past: ReadonlySet<ProbeVia> = new Set(['pod', 'node-port', 'cluster-ip']);

/** What clients were shown, by ways that pass by any balancer; those through one where there are no others. */
export function shownFor(evidence: Evidence, server: Server): readonly ServedCertificate[] {
  const shown = probesOf(evidence)(server).flatMap(({ probe }) => {
    const leaf = readCertificate(probe.chain?.[0] ?? '');
    if (!leaf) return [];
    const one: ServedCertificate = {
      leaf,
      from: 'probe',
      ref: `${probe.address}:${probe.port} (${probe.via}${probe.pod === undefined ? '' : ` ${probe.pod}`})`,
      ...(probe.pod !== undefined && { pod: probe.pod }),
    };
    return [{ one, via: probe.via }];
  });
  const sure = shown.filter(({ via }) => past.has(via));
  return (sure.length > 0 ? sure : shown).map(({ one }) => one);
}

/** What the Envoys of a credential hold in use, pod by pod. A refused content is none: what is served then is older. */
export function heldFor(evidence: Evidence, use: CredentialUse): readonly ServedCertificate[] {
  if (!use.workload) return [];
  return heldBy(evidence, use.workload, use.sdsName).flatMap(({ envoy, state, secret }) => {
    const leaf = state === 'active' ? secret?.certificates[0] : undefined;
    const pod = `${envoy.namespace}/${envoy.pod}`;
    return leaf ? [{ leaf, from: 'config-dump' as const, pod, ref: pod }] : [];
  });
}

/** What is served for a credential: what Envoys hold, and what clients were shown by pods of which there is no dump. */
export function servedFor(evidence: Evidence, use: CredentialUse): readonly ServedCertificate[] {
  const held = heldFor(evidence, use);
  if (held.length === 0) return shownFor(evidence, use.server);
  const dumped = new Set(held.map(({ pod }) => pod));
  const others = shownFor(evidence, use.server).filter(({ pod }) => pod !== undefined && !dumped.has(pod));
  return [...held, ...others];
}
