import { textAt } from '../kubernetes/read.ts';
import type { Observation } from '../model/finding.ts';
import { attachments } from './attachments.ts';
import { derive, type Evidence } from './evidence.ts';
import { secretVolumes, type SecretVolume } from './file-mounts.ts';
import type { Pod } from './pods.ts';
import type { Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** A Secret that the pods of a gateway mount, must have, and that does not exist: no new pod can start. */
export interface UnmountableSecret {
  readonly workload: Workload;
  readonly secretName: string;
  readonly volumes: readonly SecretVolume[];
  /** Pods that wait for it now; the others were started before it was gone. */
  readonly stuck: readonly Pod[];
  readonly observations: readonly Observation[];
  /** The servers that the workload takes. */
  readonly servers: readonly Server[];
}

/** Kubernetes keeps them for an hour; a snapshot may hold them. */
const eventKinds = ['Event', 'Event.events.k8s.io'] as const;

const mountEvents = derive((evidence): ReadonlyMap<string, readonly Observation[]> => {
  const events = eventKinds.flatMap((kind) => evidence.list(kind).items);
  const failed = events.flatMap((event) => {
    const pod = textAt(event.body, 'involvedObject', 'name') ?? textAt(event.body, 'regarding', 'name');
    const message = textAt(event.body, 'message') ?? textAt(event.body, 'note') ?? '';
    if (textAt(event.body, 'reason') !== 'FailedMount' || pod === undefined) return [];
    const place = `${event.namespace}/${pod}`;
    return [{ place, seen: { source: 'resource' as const, ref: `Pod ${place}`, detail: `FailedMount: ${message}` } }];
  });
  return new Map(
    [...Map.groupBy(failed, ({ place }) => place)].map(([place, own]) => [place, own.map(({ seen }) => seen)]),
  );
});

const waiting = /ContainerCreating|FailedMount|CreateContainerConfigError|PodInitializing|MountVolume/;

function waitsForMount(evidence: Evidence, pod: Pod): boolean {
  if (pod.ready) return false;
  const said = mountEvents(evidence).has(`${pod.namespace}/${pod.name}`);
  return said || pod.phase === 'Pending' || waiting.test(pod.trouble ?? '');
}

function observationsOf(evidence: Evidence, workload: Workload, secretName: string, stuck: readonly Pod[]) {
  const place = `${workload.namespace}/${secretName}`;
  const events = stuck.flatMap((pod) => mountEvents(evidence).get(`${pod.namespace}/${pod.name}`) ?? []);
  const own = events.filter(({ detail }) => detail.includes(secretName)).slice(0, 2);
  const states = stuck.slice(0, 2).map((pod): Observation => ({
    source: 'resource',
    ref: `Pod ${pod.namespace}/${pod.name}`,
    detail: `${pod.phase}${pod.trouble === undefined ? '' : `, ${pod.trouble}`}`,
  }));
  return [{ source: 'secret' as const, ref: place, detail: 'NotFound' }, ...(own.length > 0 ? own : states)];
}

/** Secrets that gateways mount without being optional, and that are known not to exist. */
export const unmountable = derive((evidence): readonly UnmountableSecret[] => {
  const servers = new Map<Workload, Server[]>();
  for (const { server, workloads } of attachments(evidence).values()) {
    for (const workload of workloads) {
      const own = servers.get(workload);
      if (own) own.push(server);
      else servers.set(workload, [server]);
    }
  }
  return [...servers].flatMap(([workload, own]) => {
    const needed = secretVolumes(workload).filter(({ optional, secretName }) => !optional && secretName !== '');
    return [...Map.groupBy(needed, ({ secretName }) => secretName)].flatMap(([secretName, volumes]) => {
      if (evidence.secret(workload.namespace, secretName).state !== 'absent') return [];
      const stuck = workload.pods.filter((pod) => waitsForMount(evidence, pod));
      const observations = observationsOf(evidence, workload, secretName, stuck);
      return [{ workload, secretName, volumes, stuck, observations, servers: own }];
    });
  });
});
