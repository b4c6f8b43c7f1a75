import { attachmentOf } from '../../facts/attachments.ts';
import { credentialsOf } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { followPath, type MountedFile } from '../../facts/file-mounts.ts';
import { release } from '../../facts/mesh.ts';
import { probesOf } from '../../facts/probes.ts';
import { hostsMeet, servers, terminatesTls, type Server } from '../../facts/servers.ts';
import { fitsServer } from '../../facts/twins.ts';
import { gatewayWorkloads, type Workload } from '../../facts/workloads.ts';
import { before, releaseText } from '../../istio/release.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { applyManifest, confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';

/** Where Istio before 1.6 had Envoy read the certificate of all Ingresses, whatever they name (istio-gateway-tls 3.6, 7.1). */
const ingressCert = '/etc/istio/ingress-certs/tls.crt';

const workloadOf = (evidence: Evidence, server: Server): Workload | undefined =>
  attachmentOf(evidence, server).workloads[0] ?? gatewayWorkloads(evidence)[0];

/** Whether the mounted certificate is good for the hosts; `unknown` where nobody can tell what is mounted. */
function mountedFits(mounted: MountedFile, server: Server): boolean | 'unknown' {
  if (mounted.link === 'no-mount') return false;
  if (mounted.link === 'other-volume' || mounted.lookup.state === 'unknown') return 'unknown';
  if (mounted.lookup.state === 'absent') return false;
  const leaf = mounted.lookup.value.values[mounted.key]?.certificates[0];
  return leaf !== undefined && fitsServer(leaf, server);
}

/** Another object has the hosts on 443, with a certificate of its own. */
function isServedElsewhere(evidence: Evidence, ingress: Server): boolean {
  const others = servers(evidence).filter(
    (server) =>
      server.from !== 'Ingress' &&
      server.port === 443 &&
      terminatesTls(server) &&
      ingress.hosts.every(({ host }) => server.hosts.some((own) => hostsMeet(own.host, host))),
  );
  return others.some((server) => credentialsOf(evidence, server).every(({ state }) => state.state === 'pair'));
}

const works = (evidence: Evidence, server: Server): boolean =>
  probesOf(evidence)(server).some(({ reading }) => reading === 'works');

function seenOfMount(mounted: MountedFile, workload: Workload): Observation {
  const ref = `${workload.ref.kind} ${workload.namespace}/${workload.name}`;
  if (mounted.link === 'no-mount')
    return { source: 'resource', ref, detail: 'nothing is mounted at /etc/istio/ingress-certs' };
  if (mounted.link !== 'secret')
    return { source: 'resource', ref, detail: `volume ${mounted.volume} is mounted there` };
  const state = mounted.lookup.state === 'absent' ? ', which does not exist' : ', whose certificate is for other hosts';
  return { source: 'resource', ref, detail: `Secret ${mounted.secretName} is mounted there${state}` };
}

/** A Gateway that does what the Ingress was meant to do, with the same Secret. */
function gatewayManifest(server: Server, workload: Workload, secretName: string): JsonObject {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'Gateway',
    metadata: { namespace: server.owner.namespace, name: server.owner.name },
    spec: {
      selector: workload.labels['istio'] === undefined ? { ...workload.labels } : { istio: workload.labels['istio'] },
      servers: [
        {
          port: { number: 443, name: 'https', protocol: 'HTTPS' },
          hosts: server.hosts.map(({ host }) => host),
          tls: { mode: 'SIMPLE', credentialName: secretName },
        },
      ],
    },
  };
}

function faultOf(evidence: Evidence, server: Server, workload: Workload, mounted: MountedFile): Fault {
  const { owner, index, path } = server;
  const secretName = server.tls?.credentialNames[0]?.name ?? '';
  const rules = workload.release ?? release(evidence);
  const version = rules ? releaseText(rules) : '';
  const why =
    index > 0
      ? 'it looks at the first tls entry only'
      : 'it takes the certificate of all Ingresses from files under /etc/istio/ingress-certs';
  return {
    subject: subjectOf(owner, `${path}.secretName`),
    title: `Istio ${version} does not use Secret ${secretName} that ${named(owner)} ${path} names`,
    message: `Before 1.6 Istio reads no Secret that an Ingress names: ${why}. Its hosts get another certificate, or none.`,
    evidence: [
      { source: 'resource', ref: `${named(owner)} ${path}`, detail: `secretName: ${secretName}` },
      {
        source: 'resource',
        ref: `${workload.ref.kind} ${workload.namespace}/${workload.name}`,
        detail: `runs Istio ${version}`,
      },
      ...(index === 0 ? [seenOfMount(mounted, workload)] : []),
    ],
    affects: [{ server }],
    confidence: 0.85,
    related: [subjectOf(workload.resource ?? workload.ref)],
    fix: {
      summary: `serve these hosts by a Gateway whose credentialName is ${secretName}, with that Secret in namespace ${workload.namespace}, or upgrade to 1.6 or later`,
      owner: ownerOfNamespace(owner.namespace),
      commands: [applyManifest(gatewayManifest(server, workload, secretName))],
      undo: [kubectl(owner.namespace, 'delete', 'gateways.networking.istio.io', owner.name)],
      doNot: [],
    },
    confirm: confirmHost(server.hosts[0]?.host),
  };
}

/** An old release takes the certificate of an Ingress from mounted files, and not from the Secret that it names. */
export const ingressTlsSecretIgnored: Check = {
  name: 'ingress-tls-secret-ignored',
  title: 'The TLS Secrets of Ingresses are used by this release of Istio',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['resource'],
  explains: credentialNotGiven,
  *inspect(evidence): Iterable<Judgement> {
    for (const server of servers(evidence)) {
      if (server.from !== 'Ingress' || server.tls?.credentialNames.length === 0) continue;
      const workload = workloadOf(evidence, server);
      if (!workload || !before(workload.release ?? release(evidence), 1, 6)) continue;
      const mounted = followPath(evidence, workload, ingressCert);
      const fits = mountedFits(mounted, server);
      const first = server.index === 0;
      if (works(evidence, server) || isServedElsewhere(evidence, server) || fits === true) continue;
      if (first && fits === 'unknown') continue;
      yield faultOf(evidence, server, workload, mounted);
    }
  },
};
