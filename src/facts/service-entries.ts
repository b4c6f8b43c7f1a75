import { kinds } from '../kubernetes/kinds.ts';
import { numberAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { takesName } from './servers.ts';

export interface EntryPort {
  readonly index: number;
  readonly number: number;
  readonly name: string;
  readonly protocol: string;
  readonly targetPort?: number;
}

/** A ServiceEntry: hosts that are no Kubernetes Services and that routes may lead to all the same. */
export interface ServiceEntry {
  readonly resource: Resource;
  readonly hosts: readonly string[];
  readonly ports: readonly EntryPort[];
  readonly resolution: string;
  readonly exportTo: readonly string[];
}

function readEntry(resource: Resource): ServiceEntry {
  const { body } = resource;
  return {
    resource,
    hosts: textsAt(body, 'spec', 'hosts').map((host) => host.toLowerCase()),
    ports: objectsAt(body, 'spec', 'ports').flatMap(({ index, value }) => {
      const number = numberAt(value, 'number');
      const targetPort = numberAt(value, 'targetPort');
      if (number === undefined) return [];
      const protocol = (textAt(value, 'protocol') ?? '').toUpperCase();
      return [
        { index, number, name: textAt(value, 'name') ?? '', protocol, ...(targetPort !== undefined && { targetPort }) },
      ];
    }),
    resolution: textAt(body, 'spec', 'resolution') ?? 'NONE',
    exportTo: textsAt(body, 'spec', 'exportTo'),
  };
}

const entries = derive((evidence) => {
  const all = evidence.list(kinds.serviceEntry).items.map(readEntry);
  const byHost = all.flatMap((entry) => entry.hosts.map((host) => ({ host, entry })));
  return {
    exact: Map.groupBy(byHost, ({ host }) => host),
    wildcards: byHost.filter(({ host }) => host.startsWith('*')),
  };
});

/** The ServiceEntries that have a host, those that name it exactly first. */
export function serviceEntriesFor(evidence: Evidence, host: string): readonly ServiceEntry[] {
  const name = host.toLowerCase();
  const { exact, wildcards } = entries(evidence);
  const found = [
    ...(exact.get(name) ?? []),
    ...wildcards.filter((one) => one.host !== name && takesName(one.host, name)),
  ];
  return found.map(({ entry }) => entry);
}
