import { kinds } from '../kubernetes/kinds.ts';
import { subjectOf } from '../kubernetes/names.ts';
import type { Subject } from '../model/finding.ts';
import type { LogEvent, LogEventKind } from '../model/log-event.ts';
import { derive, type Evidence } from './evidence.ts';
import { logEvents } from './log-events.ts';
import { servers } from './servers.ts';
import { workloads } from './workloads.ts';

/** A credential that logs complain of, where no Gateway was read that could say who needs it. */
export interface LooseComplaint {
  /** As the line names it: a Secret's name, or what Envoy asks for. */
  readonly name: string;
  readonly namespace?: string;
  /** The newest line. */
  readonly event: LogEvent;
  /** The gateway that asks, by its workload; else its namespace. Nothing where the line tells neither. */
  readonly subject?: Subject;
}

const gatewayKinds = [kinds.gateway, kinds.kubernetesGateway, kinds.ingress] as const;

/** Nobody looked for Gateways: where somebody did, a line about a credential that none of them names is of the past. */
const isUnseen = (evidence: Evidence): boolean =>
  servers(evidence).length === 0 && gatewayKinds.every((kind) => evidence.gap(kind, '*') !== undefined);

/** A Deployment's pod is called after its ReplicaSet, which is called after the Deployment. */
const deploymentOf = (pod: string): string | undefined => /^(.+)-[a-z0-9]{6,10}-[a-z0-9]{5}$/.exec(pod)?.[1];

function subjectFor(evidence: Evidence, event: LogEvent): Subject | undefined {
  const about = event.proxy ?? (event.from === 'istiod' ? undefined : event);
  if (about) {
    const owner = workloads(evidence).find(({ pods }) =>
      pods.some(({ namespace, name }) => namespace === about.namespace && name === about.pod),
    );
    if (owner) return { ...subjectOf(owner.resource ?? owner.ref), pod: about.pod };
    const name = deploymentOf(about.pod);
    const { namespace, pod } = about;
    if (namespace === '') return undefined;
    return name === undefined
      ? { apiVersion: 'v1', kind: 'Pod', namespace, name: pod }
      : { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name, pod };
  }
  const namespace = event.secret?.namespace;
  return namespace === undefined ? undefined : { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: namespace };
}

const isMended = (event: LogEvent): boolean =>
  event.kind === 'secret-pushed' || (event.kind === 'secret-changed' && event.reason?.startsWith('deleted') !== true);

/** The newest word on each credential, in the order of the logs; a push or a change after a complaint ends it. */
const newestByName = derive((evidence) => {
  const newest = new Map<string, LogEvent>();
  if (!isUnseen(evidence)) return newest;
  for (const event of logEvents(evidence)) {
    const name = event.secret?.name ?? event.resource;
    if (name === undefined || name === 'default' || name === 'ROOTCA' || event.kind === 'secret-asked') continue;
    newest.set(`${name}${event.ca === true ? ' ca' : ''}`, event);
  }
  return newest;
});

/** Complaints of these kinds about key pairs that nothing later takes back. */
export function looseComplaints(evidence: Evidence, ...wanted: readonly LogEventKind[]): readonly LooseComplaint[] {
  return [...newestByName(evidence).values()].flatMap((event) => {
    if (isMended(event) || event.ca === true || !wanted.includes(event.kind)) return [];
    const namespace =
      event.secret?.namespace ?? event.proxy?.namespace ?? (event.from === 'istiod' ? undefined : event.namespace);
    const subject = subjectFor(evidence, event);
    return [
      {
        name: event.secret?.name ?? event.resource ?? '',
        event,
        ...(namespace !== undefined && namespace !== '' && { namespace }),
        ...(subject && { subject }),
      },
    ];
  });
}
