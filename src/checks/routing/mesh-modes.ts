import { attachmentOf } from '../../facts/attachments.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { audienceOf } from '../../facts/exposure.ts';
import { probesOf } from '../../facts/probes.ts';
import { activeListeners, envoysOf } from '../../facts/proxies.ts';
import { bindingsOf } from '../../facts/routes.ts';
import { listedHosts, namesCertificate, type Server } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { blockAt, fieldChange, shownField } from './field-change.ts';

/** SIMPLE, or MUTUAL where the server names something to verify clients by. */
const endingMode = ({ tls }: Server): string =>
  tls?.caCertCredentialName !== undefined || tls?.caCertificates !== undefined || (tls?.subjectAltNames.length ?? 0) > 0
    ? 'MUTUAL'
    : 'SIMPLE';

/** Ends TLS at the server, with the certificate that it names. */
export function endTlsHere(server: Server): Fix {
  const { owner, path, tls } = server;
  const mode = endingMode(server);
  const has = namesCertificate(server);
  const wanted = { ...blockAt(owner, `${path}.tls`), mode, ...(!has && { credentialName: '<SECRET>' }) };
  return fieldChange(owner, `${path}.tls`, wanted, {
    summary: `set mode ${mode}${has ? '' : ' and name the Secret of a certificate for its hosts'}`,
    ...(tls?.mode === 'ISTIO_MUTUAL' && {
      widensAccess:
        'clients without a certificate of the mesh; set MUTUAL with a CA of your own to keep asking for one',
    }),
  });
}

export const writtenTls = (server: Server): Observation => ({
  source: 'resource',
  ref: `${named(server.owner)} ${server.path}.tls`,
  detail: shownField(server.owner, `${server.path}.tls`),
});

/** Chains of the server that ask clients for the mesh's own certificate. */
function meshChains(evidence: Evidence, server: Server): readonly Observation[] {
  const envoys = attachmentOf(evidence, server).workloads.flatMap((workload) => envoysOf(evidence, workload));
  const hosts = listedHosts(server);
  return envoys.flatMap((envoy) =>
    activeListeners(envoy)
      .flatMap(({ chains }) => chains)
      .filter(
        ({ serverNames, tls }) => tls?.secrets.includes('default') && hosts.some((host) => serverNames.includes(host)),
      )
      .map(({ tls }) => ({
        source: 'config-dump' as const,
        ref: `${envoy.namespace}/${envoy.pod}`,
        detail: `the chain for ${hosts.join(', ')} has the secrets ${tls?.secrets.join(', ') ?? ''} and ${tls?.validationSecret ?? 'no CA'}`,
      })),
  );
}

/** A gateway for outside clients that shows them the mesh's certificate and demands one of the mesh. */
export function meshMode(evidence: Evidence, server: Server): Fault | undefined {
  if (server.from !== 'Gateway' || server.tls?.mode !== 'ISTIO_MUTUAL') return undefined;
  const audience = audienceOf(evidence, server);
  const hasOwn = namesCertificate(server);
  // a VirtualService for mesh and gateway at once is the way out through an egress gateway
  const isWayOut = bindingsOf(evidence, server).some(({ virtualService }) => virtualService.bindsMesh);
  if (audience === 'mesh' || (isWayOut && !hasOwn) || (audience === 'unknown' && !hasOwn)) return undefined;
  const failing = probesOf(evidence)(server).filter(({ reading }) => reading === 'fails');
  const title = `${named(server.owner)} ${server.path} has mode ISTIO_MUTUAL, and its clients are outside the mesh`;
  return {
    subject: subjectOf(server.owner, `${server.path}.tls.mode`),
    title,
    message: `${title}. It shows the gateway’s mesh certificate, which names a workload and no host, and wants a certificate of the mesh from every client${hasOwn ? '; the credential that it names is not used' : ''}.`,
    evidence: [
      writtenTls(server),
      ...failing.slice(0, 2).map(({ probe }) => observedProbe(probe)),
      ...meshChains(evidence, server).slice(0, 1),
    ],
    affects: [{ server }],
    confidence: hasOwn ? 0.9 : 0.8,
    step: 'server-certificate',
    fix: endTlsHere(server),
    confirm: confirmHost(listedHosts(server)[0]),
    misleading: ['The certificate that clients complain of is the mesh’s own; no Secret of the namespace holds it.'],
  };
}

/** Hosts of a gateway between clusters: Services of the mesh, never names that the public asks for. */
const isMeshHost = (host: string): boolean => host === '*' || /\.(?:local|global)$|\.svc(?:\.|$)/.test(host);

/** A mode for traffic between clusters, on hosts that the public asks for. */
export function clusterMode(evidence: Evidence, server: Server): Fault | undefined {
  if (server.from !== 'Gateway' || server.tls?.mode !== 'AUTO_PASSTHROUGH' || server.port === 15443) return undefined;
  const hosts = listedHosts(server).filter((host) => !isMeshHost(host));
  if (hosts.length === 0 || audienceOf(evidence, server) === 'mesh') return undefined;
  const title = `${named(server.owner)} ${server.path} has mode AUTO_PASSTHROUGH for ${hosts.join(', ')}`;
  return {
    subject: subjectOf(server.owner, `${server.path}.tls.mode`),
    title,
    message: `${title}. That mode takes no route into account: its chains carry the names of Services of the mesh, as other clusters send them, and none has a name that a client asks for.`,
    evidence: [
      writtenTls(server),
      ...probesOf(evidence)(server)
        .slice(0, 2)
        .map(({ probe }) => observedProbe(probe)),
    ],
    affects: [{ server, hosts }],
    confidence: 0.82,
    fix: endTlsHere(server),
    confirm: confirmHost(hosts[0]),
  };
}
