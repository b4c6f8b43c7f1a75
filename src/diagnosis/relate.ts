import type { Relation } from '../checks/check.ts';
import { attachmentOf } from '../facts/attachments.ts';
import type { Evidence } from '../facts/evidence.ts';
import { placementsOf } from '../facts/listeners.ts';
import { takesName, type Server } from '../facts/servers.ts';
import { kinds } from '../kubernetes/kinds.ts';
import { groupKind, objectKey } from '../kubernetes/names.ts';
import type { Finding } from './finding.ts';

/** What a finding touches, as keys by relation: two findings are related over a relation when they share a key of it. */
interface Reach {
  /** Hosts by server; `undefined` is every host of it. */
  readonly servers: ReadonlyMap<string, readonly string[] | undefined>;
  readonly keys: Readonly<Record<Exclude<Relation, 'server' | 'host'>, ReadonlySet<string>>>;
  readonly hosts: readonly string[];
}

const serversOf = (finding: Finding): readonly Server[] => finding.fault.affects.flatMap(({ server }) => server ?? []);

function reachOf(evidence: Evidence, finding: Finding): Reach {
  const { fault } = finding;
  const servers = new Map<string, readonly string[] | undefined>();
  for (const { server, hosts } of fault.affects) {
    if (!server) continue;
    const known = servers.get(server.key);
    const whole = hosts === undefined || (servers.has(server.key) && known === undefined);
    servers.set(server.key, whole ? undefined : [...(known ?? []), ...(hosts ?? [])]);
  }
  const objects = [fault.subject, ...(fault.related ?? []), ...(fault.touches ?? [])];
  const secrets = objects.filter((one) => groupKind(one) === kinds.secret).map(objectKey);
  const own = serversOf(finding);
  const listeners = own.flatMap((server) =>
    placementsOf(evidence, server).map(({ workload, listenerPort }) => `${workload.key}:${listenerPort}`),
  );
  const workloads = own.flatMap((server) => attachmentOf(evidence, server).workloads.map(({ key }) => key));
  const { kind, namespace, name } = fault.subject;
  return {
    servers,
    hosts: fault.affects.flatMap(({ server, hosts }) => hosts ?? server?.hosts.map(({ host }) => host) ?? []),
    keys: {
      secret: new Set(secrets),
      listener: new Set(listeners),
      workload: new Set([...workloads, `${kind}/${namespace}/${name}`]),
      object: new Set([objectKey(fault.subject)]),
    },
  };
}

const hostsOverlap = (a: readonly string[], b: readonly string[]): boolean =>
  a.some((one) => b.some((other) => one === other || takesName(one, other) || takesName(other, one)));

function shareServer(a: Reach, b: Reach): boolean {
  const [small, large] = a.servers.size <= b.servers.size ? [a, b] : [b, a];
  for (const [key, hosts] of small.servers) {
    if (!large.servers.has(key)) continue;
    const others = large.servers.get(key);
    if (hosts === undefined || others === undefined || hostsOverlap(hosts, others)) return true;
  }
  return false;
}

function shareKey(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  for (const key of small) if (large.has(key)) return true;
  return false;
}

/** Answers whether two findings depend on the same things, over a relation. */
export function relations(evidence: Evidence): (a: Finding, b: Finding, over: Relation) => boolean {
  const known = new Map<Finding, Reach>();
  const reach = (finding: Finding): Reach => {
    let found = known.get(finding);
    if (!found) {
      found = reachOf(evidence, finding);
      known.set(finding, found);
    }
    return found;
  };
  return (a, b, over) => {
    if (over === 'server') return shareServer(reach(a), reach(b));
    if (over === 'host') return hostsOverlap(reach(a).hosts, reach(b).hosts);
    return shareKey(reach(a).keys[over], reach(b).keys[over]);
  };
}
