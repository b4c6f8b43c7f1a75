import type { UnmountableSecret } from '../../facts/unmountable-secrets.ts';
import { fullResource } from '../../kubernetes/plurals.ts';
import { objectsAt, textAt } from '../../kubernetes/read.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Fix } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { confirmHost, jsonPatch, kubectl, managerOf, ownerOfNamespace, type PatchOperation } from '../remedies.ts';

/** Makes the volumes optional: pods start without the files, which a Gateway that names credentials does not need. */
function optionalPatch({ workload, volumes }: UnmountableSecret): readonly PatchOperation[] {
  const names = new Set(volumes.map(({ volume }) => volume));
  const template = '/spec/template/spec/volumes';
  return objectsAt(workload.resource?.body, 'spec', 'template', 'spec', 'volumes').flatMap(({ index, value }) => {
    const name = textAt(value, 'name') ?? '';
    if (!names.has(name) || value['secret'] === undefined) return [];
    return [
      { op: 'test' as const, path: `${template}/${index}/name`, value: name },
      { op: 'add' as const, path: `${template}/${index}/secret/optional`, value: true },
    ];
  });
}

function fixOf(one: UnmountableSecret): Fix {
  const { workload, secretName } = one;
  const { resource, ref } = workload;
  const operations = optionalPatch(one);
  const manager = resource && managerOf(resource);
  const managed = manager === undefined ? {} : { managedBy: manager };
  if (resource && operations.length > 0) {
    const undo = operations.map((operation) =>
      operation.op === 'add' ? ({ op: 'remove', path: operation.path } as const) : operation,
    );
    return {
      summary: `let the volume be optional, or take it out: nothing that is served comes from Secret ${secretName}`,
      owner: ownerOfNamespace(workload.namespace),
      commands: [jsonPatch(resource, operations)],
      undo: [jsonPatch(resource, undo)],
      doNot: ['restart the pods that still run: they could not start again'],
      ...managed,
    };
  }
  return {
    summary: `create Secret ${workload.namespace}/${secretName} again, or take the volume out of the workload`,
    owner: ownerOfNamespace(workload.namespace),
    commands: [
      kubectl(workload.namespace, 'get', fullResource(ref), ref.name, '-o', 'jsonpath={.spec.template.spec.volumes}'),
    ],
    undo: [],
    doNot: ['restart the pods that still run: they could not start again'],
    ...managed,
  };
}

/** A Secret that pods mount is gone: those that run go on, no new one starts. */
export function stuckPodsFault(one: UnmountableSecret): Fault {
  const { workload, secretName, stuck, observations, servers } = one;
  const running = workload.pods.filter(({ ready }) => ready).length;
  const place = `${workload.namespace}/${secretName}`;
  const name = `${workload.ref.kind} ${workload.namespace}/${workload.name}`;
  const now =
    stuck.length > 0
      ? `${stuck.length} of ${workload.pods.length} pods wait for it and cannot start.`
      : 'Pods that were started before go on; the next one cannot start.';
  const [first] = servers;
  return {
    subject: subjectOf(workload.resource ?? workload.ref, 'spec.template.spec.volumes'),
    title: `${name} mounts Secret ${place}, which does not exist`,
    message: `Kubernetes starts no pod before the Secrets that it mounts are there, whether or not a Gateway uses the files. ${now}`,
    evidence: observations,
    affects: servers.map((server) => ({ server })),
    confidence: stuck.length > 0 ? 0.9 : 0.85,
    severity: stuck.length > 0 ? 'error' : 'warning',
    ...(stuck.length > 0 && running > 0 && { pods: stuck.map((pod) => `${pod.namespace}/${pod.name}`) }),
    related: stuck.slice(0, 3).map((pod) => ({ ...subjectOf(workload.resource ?? workload.ref), pod: pod.name })),
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace: workload.namespace, name: secretName }],
    fix: fixOf(one),
    confirm: confirmHost(first?.hosts[0]?.host),
  };
}
