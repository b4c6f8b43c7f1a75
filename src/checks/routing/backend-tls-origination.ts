import { backendTlsOf, troubleLines, type BackendTls } from '../../facts/backend-tls.ts';
import { backendObject, clusterName } from '../../facts/destinations.ts';
import { ownAnswers } from '../../facts/answers.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { gatewayBackends, type BackendUse } from '../../facts/gateway-backends.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Observation } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { backendFails } from '../symptoms.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { backendTlsFix } from './backend-tls-fixes.ts';
import { backendTlsWords } from './backend-tls-words.ts';

/** Clusters as the Envoys hold them: whether they speak TLS to their endpoints. */
function heldClusters(evidence: Evidence, { backend }: BackendUse): readonly Observation[] {
  const name = clusterName(backend);
  return evidence.snapshot.envoys.flatMap(({ namespace, pod, clusters }) =>
    (clusters ?? [])
      .filter((cluster) => cluster.name === name)
      .map((cluster) => ({
        source: 'config-dump' as const,
        ref: `${namespace}/${pod}`,
        detail: `cluster ${name} has ${cluster.tls ? 'a TLS' : 'no'} transport socket${
          cluster.transportSocketMatches.length > 0 ? ` (matches: ${cluster.transportSocketMatches.join(', ')})` : ''
        }`,
      })),
  );
}

function seenOf(evidence: Evidence, about: BackendTls): readonly Observation[] {
  const { use } = about;
  const probes = use.hosts.flatMap((host) =>
    [502, 503].flatMap((status) => ownAnswers(evidence, use.server, host, status)),
  );
  return [...troubleLines(about).map(observedEntry), ...probes.slice(0, 2).map(observedProbe)];
}

/** The DestinationRule that decides, else the backend. */
function subjectObject({ rule, tls, use, trouble }: BackendTls): { readonly object: Resource; readonly path?: string } {
  if (rule) return { object: rule, path: tls?.path ?? 'spec.trafficPolicy' };
  const object = backendObject(use.backend) ?? use.owner;
  const index = use.backend.servicePort?.index ?? use.backend.entryPort?.index;
  return { object, ...(trouble === 'plaintext-to-tls' && index !== undefined && { path: `spec.ports[${index}]` }) };
}

function faultOf(evidence: Evidence, abouts: readonly BackendTls[]): Fault | undefined {
  const [about] = abouts;
  if (!about) return undefined;
  const words = backendTlsWords[about.trouble];
  const { use } = about;
  const title = words.title(about);
  const seen = seenOf(evidence, about);
  const { object, path } = subjectObject(about);
  const isWhole = abouts.some((one) => one.use.isWhole);
  return {
    subject: subjectOf(object, path),
    title,
    message: `${title}. ${words.effect}`,
    evidence: [
      {
        source: 'resource',
        ref: `${use.owner.kind} ${use.owner.namespace}/${use.owner.name} ${use.path}`,
        detail: `leads to ${use.backend.host}, port ${use.backend.port ?? '?'}`,
      },
      ...about.signs,
      ...seen,
      ...heldClusters(evidence, use).slice(0, 1),
    ],
    affects: abouts.map((one) => ({ server: one.use.server, hosts: one.use.hosts })),
    confidence: words.confidence[seen.length > 0 ? 1 : 0],
    severity: isWhole || seen.length > 0 ? 'error' : 'warning',
    related: [
      subjectOf(use.owner, use.path),
      ...(about.peer?.policy ? [subjectOf(about.peer.policy, about.peer.path)] : []),
    ],
    fix: backendTlsFix(about),
    confirm: confirmHost(use.hosts[0]),
    ruledOut:
      seen.length > 0 ? ['the handshake with the client and the route: the request got as far as the backend'] : [],
    misleading: ['The certificate that clients see plays no part: this is the second connection, behind the gateway.'],
  };
}

/** Plaintext to a TLS backend, TLS to a plaintext one, TLS twice, or a mode, CA or name that does not suit the backend. */
export const backendTlsOrigination: Check = {
  name: 'backend-tls-origination',
  title: 'The gateway speaks to each backend as the backend expects',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'http',
  reads: ['resource', 'probe', 'access-log', 'config-dump'],
  explains: backendFails,
  *inspect(evidence): Iterable<Judgement> {
    const troubles = gatewayBackends(evidence).flatMap((use) => backendTlsOf(evidence, use) ?? []);
    const key = ({ trouble, use: { backend } }: BackendTls): string => `${trouble} ${clusterName(backend)}`;
    for (const own of Map.groupBy(troubles, key).values()) {
      const fault = faultOf(evidence, own);
      if (fault) yield fault;
    }
  },
};
