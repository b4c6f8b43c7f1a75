import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { routeConflicts, type RouteConflict } from '../../facts/http-conflicts.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import { textsAt } from '../../kubernetes/read.ts';
import type { Fix } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { noFilterChain } from '../symptoms.ts';
import { fieldChange } from './field-change.ts';

function fixOf({ younger, host, kind }: RouteConflict): Fix {
  const { resource } = younger.virtualService;
  const hosts = textsAt(resource.body, 'spec', 'hosts').filter((own) => own.toLowerCase() !== host);
  const wanted = hosts.length > 0 ? hosts : ['<ANOTHER_HOST>'];
  return fieldChange(resource, 'spec.hosts', wanted, {
    summary:
      kind === 'sni'
        ? `let one VirtualService have ${host}, with all its destinations`
        : `put the routes of ${host} into one VirtualService, or give the rules of this one paths of their own`,
    doNot: ['delete and create the older one anew: it would then be the younger, and the routes would change places'],
  });
}

function faultOf(evidence: Evidence, conflicts: readonly RouteConflict[]): Fault | undefined {
  const [first] = conflicts;
  if (!first) return undefined;
  const { older, younger, kind, rules } = first;
  const [loser, winner] = [younger.virtualService.resource, older.virtualService.resource];
  const hosts = [...new Set(conflicts.map(({ host }) => host))];
  const lines = eventsOf(evidence, 'route-dropped-duplicate-sni').filter(({ hosts: own }) =>
    own?.some((host) => hosts.includes(host)),
  );
  const known = winner.createdAt !== undefined && loser.createdAt !== undefined;
  const bySni = kind === 'sni';
  const title = `${named(winner)} and ${named(loser)} both have ${bySni ? 'the sniHosts' : 'a rule for all requests to'} ${hosts.join(', ')}`;
  return {
    subject: subjectOf(loser, 'spec.hosts'),
    title,
    message: bySni
      ? `${title}, on the same server. istiod leaves out the rule of the later one: its destination gets no connection.`
      : `${title}, on the same server. Their rules are joined, the older first, and the later rule is never reached: nothing is routed to its destination.`,
    evidence: [
      {
        source: 'resource',
        ref: named(winner),
        detail: `created ${winner.createdAt ?? 'at a time not known'} ${rules[0]?.path ?? ''}`.trim(),
      },
      {
        source: 'resource',
        ref: named(loser),
        detail: `created ${loser.createdAt ?? 'at a time not known'} ${rules[1]?.path ?? ''}`.trim(),
      },
      ...lines.slice(-1).map(observed),
    ],
    affects: [...Map.groupBy(conflicts, ({ server }) => server)].map(([server, own]) => ({
      server,
      hosts: own.map(({ host }) => host),
    })),
    confidence: lines.length > 0 ? 0.95 : known ? 0.82 : 0.6,
    severity: bySni && lines.length > 0 ? 'error' : 'warning',
    related: [subjectOf(winner, 'spec.hosts')],
    clients: 'clients that were meant for the later VirtualService',
    fix: fixOf(first),
    confirm: confirmHost(hosts[0]),
  };
}

/** Two VirtualServices for one host and gateway: only the older one's routes count. */
export const vsHostConflict: Check = {
  name: 'vs-host-conflict',
  title: 'No two VirtualServices route all of a host of one gateway',
  group: 'routing',
  kind: 'cause',
  severity: 'warning',
  step: 'route',
  reads: ['resource', 'istiod-log'],
  explains: noFilterChain,
  *inspect(evidence): Iterable<Judgement> {
    const pair = ({ older, younger }: RouteConflict): string =>
      `${fullName(older.virtualService.resource)} ${fullName(younger.virtualService.resource)}`;
    for (const own of Map.groupBy(routeConflicts(evidence), pair).values()) {
      const fault = faultOf(evidence, own);
      if (fault) yield fault;
    }
  },
};
