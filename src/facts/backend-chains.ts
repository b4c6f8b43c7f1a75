import { kinds } from '../kubernetes/kinds.ts';
import { objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import { subjectOf } from '../kubernetes/names.ts';
import type { Certificate } from '../model/certificate.ts';
import type { Subject } from '../model/finding.ts';
import { derive, type Evidence } from './evidence.ts';
import { readProbes, type ReadProbe } from './probes.ts';
import { bindingsOf } from './routes.ts';
import { certificatesOf } from './served-chains.ts';
import { takesName, type Server } from './servers.ts';
import { podsOf, services, type Service } from './services.ts';

/**
 * A chain that a backend showed to a client through a server that passes TLS on (runbook C12). The gateway has no part in
 * it: who can mend it is the owner of the backend.
 */
export interface BackendChain {
  readonly server: Server;
  readonly host: string;
  readonly certificates: readonly [Certificate, ...Certificate[]];
  readonly probes: readonly ReadProbe[];
  /**
   * The Secret that the backend's pods mount it from, where one of the evidence is that; else the backend's Service, the
   * object that stands for the backend; else the Gateway.
   */
  readonly subject: Subject;
}

const servicesByHost = derive(
  (evidence) =>
    new Map(services(evidence).map((service) => [`${service.name}.${service.namespace}.svc.cluster.local`, service])),
);

/** The Services that TLS for a host is passed on to, by the `tls` and `tcp` routes of VirtualServices or by TLSRoutes. */
function backendsOf(evidence: Evidence, server: Server, host: string): readonly Service[] {
  const known = servicesByHost(evidence);
  const ofVirtualServices = bindingsOf(evidence, server).flatMap(({ virtualService }) =>
    virtualService.destinations.flatMap(({ section, rule, fqdn }) => {
      if (section === 'http') return [];
      const names = objectsAt(rule, 'match').flatMap(({ value }) => textsAt(value, 'sniHosts'));
      const takes = section === 'tcp' || names.some((name) => takesName(name.toLowerCase(), host));
      return takes ? (known.get(fqdn) ?? []) : [];
    }),
  );
  if (server.from !== 'GatewayAPI') return ofVirtualServices;
  return evidence.list(kinds.tlsRoute).items.flatMap((route) => {
    const attached = objectsAt(route.body, 'spec', 'parentRefs').some(
      ({ value }) =>
        textAt(value, 'name') === server.owner.name &&
        (textAt(value, 'namespace') ?? route.namespace) === server.owner.namespace,
    );
    if (!attached || !textsAt(route.body, 'spec', 'hostnames').some((name) => takesName(name, host))) return [];
    return objectsAt(route.body, 'spec', 'rules').flatMap(({ value }) =>
      objectsAt(value, 'backendRefs').flatMap(({ value: ref }) => {
        const namespace = textAt(ref, 'namespace') ?? route.namespace;
        return known.get(`${textAt(ref, 'name') ?? ''}.${namespace}.svc.cluster.local`) ?? [];
      }),
    );
  });
}

/** The Secret that pods of a Service mount and that holds this leaf. */
function secretBehind(evidence: Evidence, service: Service, leaf: Certificate): Subject | undefined {
  for (const { resource, namespace } of podsOf(evidence, service)) {
    for (const { value } of objectsAt(resource.body, 'spec', 'volumes')) {
      const name = textAt(value, 'secret', 'secretName');
      const found = name === undefined ? undefined : evidence.secret(namespace, name);
      if (found?.state !== 'found') continue;
      const key = Object.entries(found.value.values).find(([, { certificates }]) =>
        certificates.some(({ sha256 }) => sha256 === leaf.sha256),
      )?.[0];
      if (key !== undefined) return subjectOf(found.value, `data[${key}]`);
    }
  }
  return undefined;
}

function subjectFor(evidence: Evidence, server: Server, host: string, leaf: Certificate): Subject {
  const backends = backendsOf(evidence, server, host);
  for (const service of backends) {
    const secret = secretBehind(evidence, service, leaf);
    if (secret) return secret;
  }
  return backends[0] ? subjectOf(backends[0].resource) : subjectOf(server.owner, server.path);
}

/** Every chain that was seen through a PASSTHROUGH server, once for each host and leaf. */
export const backendChains = derive((evidence): readonly BackendChain[] => {
  const shown = readProbes(evidence).flatMap((read) => {
    const { probe, server, crossHost } = read;
    const [leaf, ...rest] = certificatesOf(probe.chain);
    if (!leaf || crossHost || probe.sni === null || server?.tls?.mode !== 'PASSTHROUGH') return [];
    return [{ read, server, host: probe.sni.toLowerCase(), certificates: [leaf, ...rest] as const }];
  });
  const groups = Map.groupBy(
    shown,
    ({ server, host, certificates }) => `${server.key}|${host}|${certificates[0].sha256}`,
  );
  return [...groups.values()].flatMap(([first, ...rest]) => {
    if (!first) return [];
    const { server, host, certificates } = first;
    const subject = subjectFor(evidence, server, host, certificates[0]);
    return [{ server, host, certificates, subject, probes: [first, ...rest].map(({ read }) => read) }];
  });
});
