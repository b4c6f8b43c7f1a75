import type { Evidence } from '../../facts/evidence.ts';
import { ownAnswers } from '../../facts/answers.ts';
import { observed } from '../../facts/credential-trail.ts';
import { heldRoutesWithout } from '../../facts/envoy-routes.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { isWithoutChain, isWithoutRoute, requestsFor } from '../../facts/requests.ts';
import type { Server } from '../../facts/servers.ts';
import type { UnroutedHost } from '../../facts/unrouted-hosts.ts';
import type { Observation } from '../../model/finding.ts';
import type { Affected } from '../check.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';

const most = 2;

/** A request for one host over another's connection meets the routes of that other: it says nothing of its own. */
const isOverOwnConnection = (entry: { readonly sni?: string | null; readonly authority?: string | null }): boolean =>
  typeof entry.sni !== 'string' ||
  typeof entry.authority !== 'string' ||
  entry.authority.replace(/:\d{1,5}$/, '').toLowerCase() === entry.sni.toLowerCase();

/** istiod's own line about a server of which no host has a route. It is printed at each push; the newest is enough. */
function emptyRouteConfig(evidence: Evidence, server: Server): readonly Observation[] {
  const own = eventsOf(evidence, 'no-virtual-hosts', 'no-virtual-service').filter(
    ({ gateway, port }) =>
      gateway?.name === server.owner.name &&
      (gateway.namespace === undefined || gateway.namespace === server.owner.namespace) &&
      (port === undefined || port === server.port),
  );
  return own.slice(-1).map(observed);
}

/** Where it was seen that requests for a host find no route: in answers, in access logs, in what Envoy holds. */
export function seenWithoutRoute(evidence: Evidence, server: Server, host: string): readonly Observation[] {
  const lines = requestsFor(evidence, host).filter(
    (entry) => (isWithoutRoute(entry) && isOverOwnConnection(entry)) || isWithoutChain(entry),
  );
  return [
    ...ownAnswers(evidence, server, host, 404).slice(0, most).map(observedProbe),
    ...lines.slice(-most).map(observedEntry),
    ...emptyRouteConfig(evidence, server),
    ...heldRoutesWithout(evidence, server, host).slice(0, most),
  ];
}

/** What all unrouted hosts of a fault show, the same line once. */
export function seenOf(evidence: Evidence, unrouted: readonly UnroutedHost[]): readonly Observation[] {
  const all = unrouted.flatMap(({ server, host }) => seenWithoutRoute(evidence, server, host.host));
  return [...new Map(all.map((one) => [`${one.ref} ${one.detail}`, one])).values()].slice(0, 6);
}

/** Hosts by their servers, as a fault reaches them. */
export function affectedHosts(unrouted: readonly UnroutedHost[]): readonly Affected[] {
  return [...Map.groupBy(unrouted, ({ server }) => server)].map(([server, own]) => ({
    server,
    hosts: [...new Set(own.map(({ host }) => host.host))],
  }));
}
