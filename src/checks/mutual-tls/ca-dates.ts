import { observed } from '../../facts/credential-trail.ts';
import { admitsSomebody, clientRefusals } from '../../facts/client-refusals.ts';
import type { ClientTrust } from '../../facts/client-trust.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { eventsAbout } from '../../facts/log-events.ts';
import type { Server } from '../../facts/servers.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind } from '../../kubernetes/names.ts';
import type { Observation, Severity } from '../../model/finding.ts';

/** The trusts that one object gives, with all servers that use it. */
export type Trusts = readonly [ClientTrust, ...ClientTrust[]];

/** Clients without a certificate still get in where none is demanded; a client that is let in shows another CA in use. */
export const severityOf = (evidence: Evidence, servers: readonly Server[]): Severity =>
  servers.every((server) => server.tls?.mode === 'OPTIONAL_MUTUAL' || admitsSomebody(evidence, server))
    ? 'warning'
    : 'error';

export const serversOf = (trusts: Trusts): readonly Server[] => [
  ...new Map(trusts.map(({ server }) => [server.key, server])).values(),
];

/** istiod's newest warning about the dates of a CA. */
export function logLines(evidence: Evidence, [{ subject, sdsName, workload }]: Trusts): readonly Observation[] {
  if (groupKind(subject) !== kinds.secret || sdsName === undefined) return [];
  const about = { namespace: subject.namespace, name: subject.name, sdsName, ...(workload && { workload }) };
  const line = eventsAbout(evidence, about, 'secret-expired').at(-1);
  return line ? [observed(line)] : [];
}

/** Clients that were seen to be refused for this. */
export const refusedClients = (evidence: Evidence, trusts: Trusts, why: 'ca-expired' | 'list-expired') =>
  clientRefusals(evidence).filter(
    (one) => one.why === why && trusts.some(({ server }) => server === one.attempt.server),
  );
