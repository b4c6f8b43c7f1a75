import { kinds } from '../kubernetes/kinds.ts';
import { named } from '../kubernetes/names.ts';
import { objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { Observation } from '../model/finding.ts';
import type { AccessLogEntry } from '../model/log-event.ts';
import type { Resource } from '../model/resource.ts';
import { outwardAddresses, servicesFor } from './addresses.ts';
import { derive, type Evidence } from './evidence.ts';
import { readProbes, type ReadProbe } from './probes.ts';
import { isWithoutChain, requestsFor } from './requests.ts';
import { secretsInUse } from './credentials.ts';
import { isMismatch, serversMeeting, strayHostsByOwner } from './stray-hosts.ts';
import { isForTls, destinations } from './targets.ts';
import { hostsMeet, servers, type Server } from './servers.ts';

/** A host that somebody means to be served, and that no TLS server of any Gateway has. */
export interface MissingHost {
  readonly host: string;
  /** Who means it: objects and questions, never the requests of strangers. */
  readonly knownBy: readonly Observation[];
  /** Objects that have the host, nearest first. */
  readonly objects: readonly Resource[];
  /** Servers of the Gateway that was meant, where something says which. */
  readonly meant: readonly Server[];
  /** Failing connections for the host. */
  readonly lines: readonly AccessLogEntry[];
  readonly probes: readonly ReadProbe[];
  /** Whether the whole of what knows it depends on it: a target, or every host of a VirtualService. */
  readonly isCentral: boolean;
}

type Known = Omit<MissingHost, 'lines' | 'probes'>;

/** Whether another controller serves the host, so that this gateway need not. */
function servedByOthers(evidence: Evidence, host: string): boolean {
  const rules = evidence.list(kinds.ingress).items.flatMap(({ body }) => objectsAt(body, 'spec', 'rules'));
  const listeners = evidence
    .list(kinds.kubernetesGateway)
    .items.flatMap(({ body }) => objectsAt(body, 'spec', 'listeners'));
  return (
    rules.some(({ value }) => textAt(value, 'host')?.toLowerCase() === host) ||
    listeners.some(({ value }) => hostsMeet(textAt(value, 'hostname')?.toLowerCase() ?? '', host))
  );
}

const hasTlsServer = (evidence: Evidence, host: string): boolean => serversMeeting(evidence, host).some(isForTls);

function byTargets(evidence: Evidence): readonly Known[] {
  if (evidence.snapshot.question.targets.length === 0) return [];
  return destinations(evidence)
    .filter(({ server, host }) => !server && !hasTlsServer(evidence, host.toLowerCase()))
    .map(({ host, port }) => ({
      host: host.toLowerCase(),
      knownBy: [{ source: 'resource', ref: 'the question', detail: `asked for ${host}:${port}` }],
      objects: [],
      meant: [],
      isCentral: true,
    }));
}

function byVirtualServices(evidence: Evidence): readonly Known[] {
  return strayHostsByOwner(evidence).flatMap((strays) =>
    isMismatch(evidence, strays)
      ? []
      : strays
          .filter(({ takenBy, keptOutBy }) => takenBy.length + keptOutBy.length === 0)
          .map(({ host, path, virtualService, named: meant }) => ({
            host,
            knownBy: [{ source: 'resource' as const, ref: `${named(virtualService.resource)} ${path}`, detail: host }],
            objects: [virtualService.resource],
            meant: meant.filter(isForTls),
            isCentral: strays.length === virtualService.hosts.length && meant.some(isForTls),
          })),
  );
}

/** Names on certificates and in DNS: they count only for hosts that clients are seen to fail with. */
const namesOfRecord = derive((evidence): ReadonlyMap<string, Observation> => {
  const found = new Map<string, Observation>();
  for (const { secret, uses } of secretsInUse(evidence)) {
    for (const { state } of uses) {
      if (state.state !== 'pair') continue;
      for (const name of secret.values[state.certKey]?.certificates[0]?.dnsNames ?? []) {
        found.set(name, {
          source: 'secret',
          ref: `${secret.namespace}/${secret.name}`,
          detail: `its certificate names ${name}`,
        });
      }
    }
  }
  for (const certificate of evidence.list(kinds.certificate).items) {
    for (const name of textsAt(certificate.body, 'spec', 'dnsNames')) {
      found.set(name.toLowerCase(), {
        source: 'resource',
        ref: named(certificate),
        detail: `spec.dnsNames has ${name}`,
      });
    }
  }
  const addresses = new Set(
    servers(evidence).flatMap((server) => servicesFor(evidence, server).flatMap(outwardAddresses)),
  );
  for (const { host, a, aaaa } of evidence.snapshot.dns) {
    const own = [...a, ...aaaa].find((address) => addresses.has(address));
    if (own !== undefined)
      found.set(host.toLowerCase(), { source: 'dns', ref: host, detail: `leads to ${own}, the gateway` });
  }
  return found;
});

const failed = ({ probe, server }: ReadProbe): boolean =>
  !server &&
  probe.sni !== null &&
  (probe.outcome === 'reset' || probe.outcome === 'closed') &&
  probe.protocol === undefined;

function byFailures(evidence: Evidence): readonly Known[] {
  const asked = new Set([
    ...readProbes(evidence)
      .filter(failed)
      .map(({ probe }) => (probe.sni ?? '').toLowerCase()),
    ...requestsFor(evidence, '*')
      .filter(isWithoutChain)
      .map(({ sni }) => (sni ?? '').toLowerCase()),
  ]);
  return [...asked].flatMap((host) => {
    const record = namesOfRecord(evidence).get(host);
    if (!record || hasTlsServer(evidence, host)) return [];
    return [{ host, knownBy: [record], objects: [], meant: [], isCentral: true }];
  });
}

/** Hosts that are meant and not served, each once, with what is seen of their clients. */
export const missingHosts = derive((evidence): readonly MissingHost[] => {
  const all = [...byVirtualServices(evidence), ...byTargets(evidence), ...byFailures(evidence)];
  return [...Map.groupBy(all, ({ host }) => host)]
    .filter(([host]) => !servedByOthers(evidence, host))
    .map(([host, known]) => ({
      host,
      knownBy: known.flatMap(({ knownBy }) => knownBy),
      objects: known.flatMap(({ objects }) => objects),
      meant: [...new Set(known.flatMap(({ meant }) => meant))],
      isCentral: known.some(({ isCentral }) => isCentral),
      lines: requestsFor(evidence, host).filter(isWithoutChain),
      probes: readProbes(evidence).filter((read) => failed(read) && read.probe.sni?.toLowerCase() === host),
    }));
});
