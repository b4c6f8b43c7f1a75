import type { Certificate } from '../model/certificate.ts';
import type { AccessLogEntry } from '../model/log-event.ts';
import { coversPattern } from '../x509/covers-host.ts';
import { credentialsOf } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import { layout } from './listeners.ts';
import { accessLog } from './log-events.ts';
import { isFromBackend } from './answers.ts';
import { readProbes, type ReadProbe } from './probes.ts';
import { isWithoutRoute, requestedHost } from './requests.ts';
import { isTlsProtocol, listedHosts, takesName, terminatesTls, type Server } from './servers.ts';
import { serverFor } from './targets.ts';

/** The certificates that a server may show; empty where they could not be read. */
export const leavesOf = (evidence: Evidence, server: Server): readonly Certificate[] =>
  credentialsOf(evidence, server).flatMap(({ role, state }) => {
    if (role !== 'pair' || state.state !== 'pair') return [];
    return state.secret.values[state.certKey]?.certificates.slice(0, 1) ?? [];
  });

/** A request for a host of one server that came over a connection opened for a host of another. */
export interface StrayRequest {
  /** The server whose connection was used, and the one that has the host. */
  readonly opened: Server;
  readonly meant: Server;
  readonly sni: string;
  readonly host: string;
  readonly line?: AccessLogEntry;
  readonly probe?: ReadProbe;
}

/** Whether a client that has a connection to one server may send it the requests of another. Unknown certificates may. */
function mayCoalesce(evidence: Evidence, opened: Server, host: string): boolean {
  const leaves = leavesOf(evidence, opened);
  return leaves.length === 0 ? terminatesTls(opened) : leaves.some((leaf) => coversPattern(leaf, host));
}

function strayOf(
  evidence: Evidence,
  sni: string,
  host: string,
  port: number,
): Omit<StrayRequest, 'line' | 'probe'> | undefined {
  if (sni === host) return undefined;
  const opened = serverFor(evidence, sni, port);
  const meant = serverFor(evidence, host, port);
  if (!opened || !meant || opened === meant || !mayCoalesce(evidence, opened, host)) return undefined;
  return { opened, meant, sni, host };
}

/** The port of the Gateway behind the one that Envoy listens on. */
const gatewayPorts = derive((evidence): ReadonlyMap<number, readonly number[]> => {
  const found = new Map<number, Set<number>>();
  for (const { server, listenerPort } of layout(evidence).placements) {
    const known = found.get(listenerPort) ?? new Set();
    known.add(server.port);
    found.set(listenerPort, known);
  }
  return new Map([...found].map(([port, numbers]) => [port, [...numbers]]));
});

const portsOf = (evidence: Evidence, local: string | null | undefined): readonly number[] => {
  const port = Number(/:(\d{1,5})$/.exec(local ?? '')?.[1] ?? 443);
  return gatewayPorts(evidence).get(port) ?? [port];
};

/** Requests over another's connection that found no route, or were sent away with 421: in access logs and in probes. */
export const strayRequests = derive((evidence): readonly StrayRequest[] => {
  const lines = accessLog(evidence).flatMap((line): readonly StrayRequest[] => {
    if (typeof line.sni !== 'string' || typeof line.authority !== 'string') return [];
    if (!isWithoutRoute(line) && line.status !== 421) return [];
    const host = requestedHost(line) ?? '';
    const found = portsOf(evidence, line.downstreamLocal).flatMap(
      (port) => strayOf(evidence, line.sni?.toLowerCase() ?? '', host, port) ?? [],
    );
    return found.map((stray) => ({ ...stray, line }));
  });
  const probes = readProbes(evidence).flatMap((read): readonly StrayRequest[] => {
    const { probe, crossHost } = read;
    const missed = probe.http?.status === 421 || (probe.http?.status === 404 && !isFromBackend(probe));
    if (!crossHost || probe.sni === null || !missed) return [];
    const stray = strayOf(evidence, probe.sni.toLowerCase(), probe.host.toLowerCase(), read.server?.port ?? probe.port);
    return stray ? [{ ...stray, probe: read }] : [];
  });
  return [...lines, ...probes];
});

/** A server whose certificate also covers hosts of others on its listener. */
export interface SharedName {
  readonly opened: Server;
  readonly meant: Server;
  readonly hosts: readonly string[];
}

const most = 200;

/** Servers of one listener whose connections clients may use for each other, by what their certificates cover. */
export const sharedNames = derive((evidence): readonly SharedName[] =>
  layout(evidence).listeners.flatMap(({ accepted }) => {
    const secure = accepted.filter(({ protocol }) => isTlsProtocol(protocol));
    // only wide certificates can be in question, and few servers have them
    const wide = secure.filter((server) =>
      leavesOf(evidence, server).some(
        ({ dnsNames }) => dnsNames.length > 1 || dnsNames.some((name) => name.startsWith('*')),
      ),
    );
    return wide.slice(0, most).flatMap((opened) => {
      const leaves = leavesOf(evidence, opened);
      return secure.slice(0, most).flatMap((meant): readonly SharedName[] => {
        if (meant === opened) return [];
        const own = listedHosts(opened);
        const hosts = listedHosts(meant).filter(
          (host) => !own.some((one) => takesName(one, host)) && leaves.some((leaf) => coversPattern(leaf, host)),
        );
        return hosts.length > 0 ? [{ opened, meant, hosts }] : [];
      });
    });
  }),
);
