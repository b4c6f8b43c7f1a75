import { kinds } from '../kubernetes/kinds.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { derive } from './evidence.ts';

export interface ContainerPort {
  readonly name?: string;
  readonly number: number;
  readonly hostPort?: number;
  readonly protocol: string;
}

/** A pod as far as a gateway or a backend is concerned. */
export interface Pod {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: string;
  readonly ready: boolean;
  /** Why it is not ready, in the words of its status: `CrashLoopBackOff`, `FailedMount: …`, `Unschedulable`. */
  readonly trouble?: string;
  readonly ip?: string;
  readonly hostIp?: string;
  readonly nodeName?: string;
  readonly hostNetwork: boolean;
  readonly ports: readonly ContainerPort[];
  readonly serviceAccount: string;
  readonly images: readonly string[];
  /** Names of the containers, init containers not among them. */
  readonly containers: readonly string[];
  /** Arguments and commands of all containers, for what only they tell (`proxy router`). */
  readonly args: readonly string[];
  readonly startedAt?: string;
  readonly restarts: number;
}

function containerPorts(spec: JsonObject | undefined): readonly ContainerPort[] {
  return objectsAt(spec, 'containers').flatMap(({ value }) =>
    objectsAt(value, 'ports').flatMap(({ value: port }) => {
      const number = numberAt(port, 'containerPort');
      if (number === undefined) return [];
      const name = textAt(port, 'name');
      const hostPort = numberAt(port, 'hostPort');
      return [
        {
          number,
          protocol: textAt(port, 'protocol') ?? 'TCP',
          ...(name !== undefined && { name }),
          ...(hostPort !== undefined && { hostPort }),
        },
      ];
    }),
  );
}

function conditionOf(status: JsonObject | undefined, type: string): JsonObject | undefined {
  return objectsAt(status, 'conditions').find(({ value }) => textAt(value, 'type') === type)?.value;
}

function troubleOf(status: JsonObject | undefined): string | undefined {
  const containers = [...objectsAt(status, 'initContainerStatuses'), ...objectsAt(status, 'containerStatuses')];
  for (const { value } of containers) {
    const reason = textAt(value, 'state', 'waiting', 'reason');
    if (reason === undefined) continue;
    const message = textAt(value, 'state', 'waiting', 'message');
    return message === undefined ? reason : `${reason}: ${message}`;
  }
  for (const type of ['PodScheduled', 'Ready']) {
    const condition = conditionOf(status, type);
    if (textAt(condition, 'status') !== 'False') continue;
    const said = [textAt(condition, 'reason'), textAt(condition, 'message')].filter((part) => part !== undefined);
    if (said.length > 0) return said.join(': ');
  }
  return textAt(status, 'reason');
}

/** What a pod spec (of a pod or of a template) says, whether or not a pod runs by it. */
export interface PodSpec {
  readonly hostNetwork: boolean;
  readonly ports: readonly ContainerPort[];
  readonly serviceAccount: string;
  readonly images: readonly string[];
  readonly containers: readonly string[];
  readonly args: readonly string[];
}

export function readPodSpec(spec: JsonObject | undefined): PodSpec {
  const containers = [...objectsAt(spec, 'containers'), ...objectsAt(spec, 'initContainers')];
  return {
    hostNetwork: spec?.['hostNetwork'] === true,
    ports: containerPorts(spec),
    serviceAccount: textAt(spec, 'serviceAccountName') ?? textAt(spec, 'serviceAccount') ?? 'default',
    images: containers.flatMap(({ value }) => textAt(value, 'image') ?? []),
    containers: objectsAt(spec, 'containers').flatMap(({ value }) => textAt(value, 'name') ?? []),
    args: containers.flatMap(({ value }) => [...textsAt(value, 'command'), ...textsAt(value, 'args')]),
  };
}

function readPod(resource: Resource): Pod {
  const { body } = resource;
  const spec = objectAt(body, 'spec');
  const status = objectAt(body, 'status');
  const ready = textAt(conditionOf(status, 'Ready'), 'status') === 'True' && resource.deletedAt === undefined;
  const trouble = ready ? undefined : troubleOf(status);
  const ip = textAt(status, 'podIP');
  const hostIp = textAt(status, 'hostIP');
  const nodeName = textAt(spec, 'nodeName');
  const startedAt = textAt(status, 'startTime');
  return {
    resource,
    namespace: resource.namespace,
    name: resource.name,
    labels: resource.labels,
    phase: textAt(status, 'phase') ?? 'Unknown',
    ready,
    ...readPodSpec(spec),
    restarts: objectsAt(status, 'containerStatuses').reduce(
      (sum, { value }) => sum + (numberAt(value, 'restartCount') ?? 0),
      0,
    ),
    ...(trouble !== undefined && { trouble }),
    ...(ip !== undefined && { ip }),
    ...(hostIp !== undefined && { hostIp }),
    ...(nodeName !== undefined && { nodeName }),
    ...(startedAt !== undefined && { startedAt }),
  };
}

/** All pods that are not finished. A pod of a Job that ran to its end is no workload. */
export const pods = derive((evidence): readonly Pod[] =>
  evidence
    .list(kinds.pod)
    .items.map(readPod)
    .filter((pod) => pod.phase !== 'Succeeded' && pod.phase !== 'Failed'),
);
