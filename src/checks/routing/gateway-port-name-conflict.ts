import { observed } from '../../facts/credential-trail.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { serverConflicts } from '../../facts/server-conflicts.ts';
import type { Server } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { noFilterChain } from '../symptoms.ts';
import { fieldChange } from './field-change.ts';

/** A name that is sure to be unlike others: that of the port with the Gateway's. */
const ownName = ({ owner, portName, index }: Server): string =>
  `${portName === '' ? 'https' : portName}-${owner.name}-${index}`.slice(0, 63);

function faultOf(server: Server, winner: Server, lines: Fault['evidence']): Fault {
  const within = winner.owner === server.owner;
  const title = `${named(server.owner)} ${server.path} has the port name ${server.portName}, as ${within ? winner.path : `${named(winner.owner)} ${winner.path}`} has on the same port`;
  const path = `${server.path}.port.name`;
  const wanted = ownName(server);
  return {
    subject: subjectOf(server.owner, path),
    title,
    message: `${title}. ${
      within
        ? 'Within one Gateway the names of ports must differ: Istio makes the name of a server’s routes of it.'
        : 'This release names the routes of an HTTPS server after its port alone.'
    } istiod leaves the later server out, and its hosts have no filter chain.`,
    evidence: [
      { source: 'resource', ref: `${named(server.owner)} ${path}`, detail: server.portName },
      { source: 'resource', ref: `${named(winner.owner)} ${winner.path}.port.name`, detail: winner.portName },
      ...lines,
    ],
    affects: [{ server }],
    confidence: lines.length > 0 ? 0.95 : 0.82,
    related: within ? [] : [subjectOf(winner.owner, `${winner.path}.port.name`)],
    fix: fieldChange(server.owner, path, wanted, { summary: 'give the port a name of its own' }),
    confirm: confirmHost(server.hosts[0]?.host),
  };
}

/** Two HTTPS servers share the name of their port where the release makes the name of their routes of it. */
export const gatewayPortNameConflict: Check = {
  name: 'gateway-port-name-conflict',
  title: 'HTTPS servers of one port have port names of their own',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource', 'istiod-log'],
  explains: noFilterChain,
  *inspect(evidence): Iterable<Judgement> {
    const seen = new Set<Server>();
    for (const { server, drop } of serverConflicts(evidence).leftOut) {
      if (drop.reason !== 'port-name' || seen.has(server)) continue;
      seen.add(server);
      const lines = eventsOf(evidence, 'server-dropped-port-name').filter(
        ({ gateway }) => gateway?.name === server.owner.name,
      );
      yield faultOf(server, drop.winner, lines.slice(-1).map(observed));
    }
  },
};
