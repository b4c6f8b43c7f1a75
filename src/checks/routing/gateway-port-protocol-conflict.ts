import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { layout } from '../../facts/listeners.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { readProbes, type ReadProbe } from '../../facts/probes.ts';
import { serverConflicts } from '../../facts/server-conflicts.ts';
import { isTlsProtocol, type Server } from '../../facts/servers.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation, Severity } from '../../model/finding.ts';
import type { Affected, Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { noFilterChain, plaintextListener } from '../symptoms.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { fieldChange } from './field-change.ts';

/** Ports on which plaintext is at home, so that it is the TLS server that is out of place. */
const plaintextPorts: ReadonlySet<number> = new Set([80, 8080]);

const isTls = (server: Server): boolean => isTlsProtocol(server.protocol);

const describe = (server: Server): string =>
  `${named(server.owner)} ${server.path} (${server.protocol}, port ${server.port})`;

/** The server that must change its port for the others: plaintext among TLS, but TLS on a port for plaintext. */
function misplaced(winner: Server, losers: readonly Server[]): Server {
  const all = [winner, ...losers];
  const odd = all.some(isTls) ? all.find((one) => isTls(one) === plaintextPorts.has(one.port)) : undefined;
  return odd ?? losers[0] ?? winner;
}

function droppedLines(evidence: Evidence, servers: readonly Server[]): readonly Observation[] {
  const lines = eventsOf(evidence, 'server-dropped-protocol-conflict', 'server-dropped-plaintext').filter(
    ({ gateway, port }) =>
      servers.some(
        (server) =>
          gateway?.name === server.owner.name &&
          (gateway.namespace ?? server.owner.namespace) === server.owner.namespace &&
          (port === undefined || port === server.port),
      ),
  );
  return lines.slice(-2).map(observed);
}

function fixOf(server: Server): Fix {
  const { owner, path } = server;
  const wanted = isTls(server) ? 443 : 80;
  const everywhere = server.selector !== undefined && Object.keys(server.selector).length === 0;
  return fieldChange(owner, `${path}.port.number`, wanted, {
    summary: everywhere
      ? `move it to port ${wanted}; it has no selector either, so that it stands on every gateway: give it one`
      : `move it to a port of its own, such as ${wanted}`,
    doNot: ['delete and create one of the two anew: which of them wins depends on their age'],
  });
}

/** One server that keeps others of another protocol off its port. */
function conflictFault(evidence: Evidence, winner: Server, losers: readonly Server[], port: number): Fault {
  const odd = misplaced(winner, losers);
  const lines = droppedLines(evidence, losers);
  const lost = losers.map(describe).join(', ');
  const costsTls = losers.some(isTls);
  const title = `${describe(winner)} keeps ${lost} off the port`;
  const others = [winner, ...losers].filter((one) => one !== odd);
  const effect = costsTls
    ? `The listener speaks plaintext: a TLS handshake for ${losers.flatMap(({ hosts }) => hosts.map(({ host }) => host)).join(', ')} is answered with “HTTP/1.1 400”, which clients call a wrong version number.`
    : 'The hosts of the server left out are not served on this port; those of the other are.';
  return {
    subject: subjectOf(odd.owner, `${odd.path}.port`),
    title,
    message: `${title}: a listener has one protocol, and istiod leaves out the server that comes later. ${effect}`,
    evidence: [
      ...[winner, ...losers].slice(0, 4).map((server): Observation => ({
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}.port`,
        detail: `${server.protocol} on ${server.port}; created ${server.owner.createdAt ?? 'at a time not known'}`,
      })),
      ...lines,
    ],
    affects: losers.map((server) => ({ server })),
    confidence: lines.length > 0 ? 0.95 : winner.owner.createdAt === undefined ? 0.75 : 0.9,
    severity: costsTls ? 'error' : 'warning',
    related: others.map((server) => subjectOf(server.owner, `${server.path}.port`)),
    fix: fixOf(odd),
    confirm: confirmHost(losers[0]?.hosts[0]?.host),
    misleading: costsTls
      ? [
          `istiod’s line names the protocol of the server that it leaves out, not of the one that is there.`,
          'The Secret of the TLS server is never asked for; it may be in perfect order.',
        ]
      : [`TLS clients of port ${port} notice nothing.`],
  };
}

/** Names that TLS clients asked for on the port and to which the plaintext chain answered. */
const answeredInPlaintext = (evidence: Evidence, port: number): readonly ReadProbe[] =>
  readProbes(evidence).filter(({ probe }) => probe.outcome === 'not-tls' && probe.port === port && probe.sni !== null);

/** Since 1.29 a plaintext server that is younger than the TLS ones is taken beside them, as the chain for all other names. */
function* catchAllPlaintext(evidence: Evidence): Iterable<Fault> {
  for (const { accepted, workload, port } of layout(evidence).listeners) {
    const secure = accepted.filter(isTls);
    const plain = accepted.find((server) => !isTls(server));
    if (!plain || secure.length === 0) continue;
    const met = answeredInPlaintext(evidence, plain.port);
    const title = `${describe(plain)} shares the port with the TLS servers of ${secure.map(({ owner }) => fullName(owner)).join(', ')}`;
    const severity: Severity = met.length > 0 ? 'error' : 'warning';
    const affects: readonly Affected[] = [
      { server: plain },
      ...met.map(({ probe, server }) => ({ ...(server && { server }), hosts: [probe.sni ?? probe.host] })),
    ];
    yield {
      subject: subjectOf(plain.owner, `${plain.path}.port`),
      title,
      message: `${title}. Its chain has no name and takes every connection that no TLS server names: clients without SNI, or with a host that is not listed, get a plaintext 400 instead of TLS.`,
      evidence: [
        {
          source: 'resource',
          ref: `${named(plain.owner)} ${plain.path}.port`,
          detail: `${plain.protocol} on ${plain.port}, beside ${secure.map(describe).join(', ')} on port ${port} of ${workload.namespace}/${workload.name}`,
        },
        ...met.slice(0, 2).map(({ probe }) => observedProbe(probe)),
      ],
      affects,
      confidence: met.length > 0 ? 0.9 : 0.8,
      severity,
      related: secure.slice(0, 5).map((server) => subjectOf(server.owner, `${server.path}.port`)),
      clients: 'clients whose name no TLS server lists, or that send none',
      fix: fixOf(plain),
      confirm: confirmHost(met[0]?.probe.sni ?? secure[0]?.hosts[0]?.host),
      ruledOut: ['the hosts that the TLS servers list keep their chains'],
    };
  }
}

/** Two servers give one port different protocols. */
export const gatewayPortProtocolConflict: Check = {
  name: 'gateway-port-protocol-conflict',
  title: 'All servers of a port speak the same protocol',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'tls',
  reads: ['resource', 'istiod-log', 'probe'],
  explains: [...plaintextListener, ...noFilterChain, { check: 'server-protocol-not-https', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    const conflicts = serverConflicts(evidence).leftOut.flatMap(({ server, drop, port }) =>
      drop.reason === 'protocol' ? [{ server, winner: drop.winner, port }] : [],
    );
    for (const [winner, own] of Map.groupBy(conflicts, (one) => one.winner)) {
      const losers = [...new Set(own.map(({ server }) => server))];
      yield conflictFault(evidence, winner, losers, own[0]?.port ?? winner.port);
    }
    yield* catchAllPlaintext(evidence);
  },
};
