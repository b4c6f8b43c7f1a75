import type { Evidence } from '../../facts/evidence.ts';
import { staleFiles, type StaleFile } from '../../facts/file-staleness.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { distinctObservations } from './distinct-observations.ts';

const whyNotRead: Readonly<Record<StaleFile['because'], string>> = {
  release: 'Envoy of this release reads mounted certificates once, when its listener is made',
  'sub-path': 'A file that is mounted by subPath stays as it was when the pod started',
};

/** Whether what is served is past its end, so that clients refuse it. */
function isExpired({ shown }: StaleFile, now: Date): boolean {
  return shown !== undefined && Date.parse(shown.notAfter) <= +now;
}

function faultOf(evidence: Evidence, stale: readonly [StaleFile, ...StaleFile[]]): Fault {
  const [first] = stale;
  const { workload, file } = first.named;
  const { secret, leaf } = first;
  const servers = [...new Map(stale.map((one) => [one.named.server.key, one.named.server])).values()];
  const pods = [...new Set(stale.flatMap((one) => one.pods))];
  const place = `${secret.namespace}/${secret.name}`;
  const seen = stale.some((one) => one.seen);
  return {
    subject: subjectOf(workload.resource ?? workload.ref),
    title: `${named(workload.ref)} ${seen ? 'serves' : 'started with'} an older certificate than Secret ${place} holds`,
    message: `${whyNotRead[first.because]}: ${file} was changed since, and nobody serves the new one before the pods are restarted.`,
    evidence: distinctObservations([
      {
        source: 'secret',
        ref: place,
        detail: `serial number ${leaf.serialNumber}, from ${leaf.notBefore} until ${leaf.notAfter}`,
      },
      ...stale.flatMap(({ observations }) => observations),
    ]),
    affects: servers.map((server) => ({ server })),
    confidence: seen ? 0.9 : 0.6,
    severity: stale.some((one) => isExpired(one, evidence.now)) ? 'error' : 'warning',
    ...(pods.length > 0 && pods.length < workload.pods.length && { pods }),
    related: [subjectOf(secret), ...servers.map((server) => subjectOf(server.owner, server.path))],
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace: secret.namespace, name: secret.name }],
    fix: {
      summary: 'restart the pods; with credentialName in place of files a change is served at once',
      owner: ownerOfNamespace(workload.namespace),
      commands: [
        kubectl(workload.namespace, 'rollout', 'restart', `${workload.ref.kind.toLowerCase()}/${workload.ref.name}`),
      ],
      undo: [],
      doNot: [],
    },
    confirm: confirmHost(servers[0]?.hosts[0]?.host),
    misleading: ['The Secret, and the file in the pod, hold the new certificate: neither is what Envoy serves.'],
    ...(!seen && { decidedBy: `istls cert pod/${workload.namespace}/${workload.pods[0]?.name ?? '<POD>'}` }),
  };
}

/** Mounted files changed, and Envoy goes on with what it read before. */
export const fileMountStaleCert: Check = {
  name: 'file-mount-stale-cert',
  title: 'Mounted certificates are served in the version that their Secret holds',
  group: 'credential',
  kind: 'cause',
  severity: 'warning',
  step: 'server-certificate',
  reads: ['resource', 'secret', 'config-dump', 'probe'],
  explains: [...certificateNotAccepted, { check: 'cert-expired', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    const bySecret = Map.groupBy(
      staleFiles(evidence),
      ({ named: { workload }, secret }) => `${workload.key} ${secret.namespace}/${secret.name}`,
    );
    for (const [first, ...others] of bySecret.values()) if (first) yield faultOf(evidence, [first, ...others]);
  },
};
