import type { Evidence } from '../../facts/evidence.ts';
import { derive } from '../../facts/evidence.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { namesAsked, type AskedName } from '../../facts/names-asked.ts';
import { probesOf } from '../../facts/probes.ts';
import { certificatesOf, isPresented, servedChains, type ServedChain } from '../../facts/served-chains.ts';
import type { Server } from '../../facts/servers.ts';
import { named } from '../../kubernetes/names.ts';
import type { Certificate } from '../../model/certificate.ts';
import { coversPattern } from '../../x509/covers-host.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { certificateNotAccepted } from '../symptoms.ts';
import { backendFaults } from './backend-chain.ts';
import { confidenceBySource, probeObservations, unseen } from './chain-fault.ts';
import { confirmHost } from '../remedies.ts';
import { newPair, replaceValues } from './pair-remedies.ts';

const hasNames = ({ dnsNames, ipAddresses, uris, emails }: Certificate): boolean =>
  dnsNames.length + ipAddresses.length + uris.length + emails.length > 0;

/** A wildcard host is served well by a certificate for some names within it: nobody asks for all of a wildcard. */
function covers(leaf: Certificate, host: string): boolean {
  if (coversPattern(leaf, host)) return true;
  return host.startsWith('*.') && leaf.dnsNames.some((name) => name.endsWith(host.slice(1)));
}

const chainsByServer = derive((evidence) => {
  const found = new Map<string, ServedChain[]>();
  for (const chain of servedChains(evidence)) {
    if (chain.refused) continue;
    for (const server of serversUsing(chain.uses)) {
      const known = found.get(server.key);
      if (known) known.push(chain);
      else found.set(server.key, [chain]);
    }
  }
  return found;
});

interface Uncovered {
  readonly server: Server;
  readonly names: readonly AskedName[];
}

/** The names of each server that this certificate does not cover, nor any other that the server has beside it. */
function uncoveredBy(evidence: Evidence, chain: ServedChain): readonly Uncovered[] {
  return serversUsing(chain.uses).flatMap((server) => {
    const all = chainsByServer(evidence).get(server.key) ?? [];
    // one fault for a server with several certificates, at the first of them
    if (all[0] !== chain) return [];
    const names = namesAsked(evidence, server).filter(
      ({ host }) => !all.some(({ certificates: [leaf] }) => covers(leaf, host)),
    );
    return names.length > 0 ? [{ server, names }] : [];
  });
}

/** Probes in which a client got this very leaf for one of the names and did not accept it. */
function refusals(evidence: Evidence, { server, names }: Uncovered, leaf: Certificate) {
  const hosts = new Set(names.map(({ host }) => host));
  return probesOf(evidence)(server).filter(
    ({ probe }) =>
      probe.verify?.ok === false &&
      hosts.has((probe.sni ?? '').toLowerCase()) &&
      certificatesOf(probe.chain)[0]?.sha256 === leaf.sha256,
  );
}

/** A listed name that no route answers for may be a leftover, and a route's host may be meant for plain HTTP. */
const isSure = ({ by, routed, alsoPlain }: AskedName): boolean =>
  (by === 'listed' && routed) || (by === 'route' && !alsoPlain);

const most = 6;

function listText(names: readonly string[]): string {
  const shown = names.slice(0, most).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

function faultOf(evidence: Evidence, chain: ServedChain, uncovered: readonly [Uncovered, ...Uncovered[]]): Fault {
  const { certificates, subject, pair, from, seen } = chain;
  const [leaf] = certificates;
  const names = uncovered.flatMap((one) => one.names);
  const hosts = [...new Set(names.map(({ host }) => host))];
  const probes = uncovered.flatMap((one) => refusals(evidence, one, leaf));
  const covered = uncovered.flatMap(({ server }) =>
    namesAsked(evidence, server).flatMap(({ host }) => (covers(leaf, host) ? [host] : [])),
  );
  const has = [...leaf.dnsNames, ...leaf.ipAddresses, ...leaf.uris];
  const sure = names.some(isSure) || probes.length > 0;
  const deeper = hosts.some((host) =>
    leaf.dnsNames.some((name) => name.startsWith('*.') && host.endsWith(name.slice(1))),
  );
  const { certKey, keyKey } = pair ?? { certKey: 'tls.crt', keyKey: 'tls.key' };
  return {
    subject,
    title: `The certificate in ${named(subject)} does not name ${listText(hosts)}`,
    message: `The certificate names ${listText(has)}${deeper ? ', where * stands for one label only' : ''}. Clients that ask for ${listText(hosts)} finish the handshake and then refuse it.`,
    evidence: [
      ...seen.slice(0, 2),
      { ...(seen[0] ?? { source: 'secret' as const, ref: named(subject) }), detail: `names: ${listText(has)}` },
      ...probeObservations(probes),
    ],
    affects: uncovered.map(({ server, names: own }) => ({ server, hosts: own.map(({ host }) => host) })),
    confidence: sure ? confidenceBySource[from] : 0.6,
    severity: sure && isPresented(evidence, chain) !== false ? 'error' : 'warning',
    clients: covered.length > 0 ? `clients that ask for ${listText(hosts)}` : 'all clients',
    fix: replaceValues(evidence, subject, {
      summary: `have a certificate issued that names ${listText(hosts)}${covered.length > 0 ? ' as well as what it names now' : ''}, or give those hosts a server and a certificate of their own`,
      values: newPair(certKey, keyKey),
      doNot: ['let clients skip the check of the name (curl -k): then nobody is who they say they are'],
    }),
    confirm: confirmHost(hosts.find((host) => !host.startsWith('*'))),
    ruledOut: covered.length > 0 ? [`${listText([...new Set(covered)])}: named by the same certificate`] : [],
  };
}

/** A host that clients ask for is not among the names of the certificate that they get. */
export const certSanMismatch: Check = {
  name: 'cert-san-mismatch',
  title: 'Every certificate names the hosts that it is served for',
  group: 'certificate',
  kind: 'cause',
  severity: 'error',
  step: 'server-certificate',
  reads: ['secret', 'probe', 'config-dump'],
  explains: certificateNotAccepted,
  *inspect(evidence): Iterable<Judgement> {
    for (const chain of servedChains(evidence)) {
      if (chain.refused || !hasNames(chain.certificates[0])) continue;
      const [first, ...rest] = uncoveredBy(evidence, chain);
      if (first) yield faultOf(evidence, chain, [first, ...rest]);
    }
    yield* backendFaults(evidence, 'names');
    yield* unseen(evidence, 'whether the certificate names the hosts');
  },
};
