import type { Probe } from '../model/probe.ts';
import { derive, type Evidence } from './evidence.ts';
import { asksClients, servers, type Server } from './servers.ts';
import { serverFor } from './targets.ts';

/**
 * What a probe says, seen with what the server is configured to do:
 * - `works`: the handshake finished and the certificate was good;
 * - `fails`: something is wrong between this client and this server;
 * - `refused-rightly`: a MUTUAL server refused a client without certificate, as it must;
 * - `by-design`: the client did what cannot work here (no SNI where every server names hosts);
 * - `not-looked`: the machine that probed could not; nothing was learned.
 */
export type ProbeReading = 'works' | 'fails' | 'refused-rightly' | 'by-design' | 'not-looked';

export interface ReadProbe {
  readonly probe: Probe;
  readonly server?: Server;
  readonly reading: ProbeReading;
  /** Host and SNI differ: the probe asks for one host over another's connection. */
  readonly crossHost: boolean;
}

const handshakeDone = (probe: Probe): boolean => probe.protocol !== undefined;

/** The refusals of a server that wants a client certificate and got none; in TLS 1.3 the alert may get lost. */
export function refusedForCertificate(probe: Probe): boolean {
  if (probe.outcome === 'alert') return probe.alert?.number === 116 || probe.alert?.number === 40;
  return (
    (probe.outcome === 'closed' || probe.outcome === 'reset') &&
    handshakeDone(probe) &&
    probe.clientCertificateRequested !== 'no'
  );
}

/** What a client says whose trust does not hold the issuer. Whose fault that is depends on whose trust it is. */
const issuerUnknown: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Whether the client that this probe stands for accepts the certificate. A private CA is not in the public store, and
 * the clients of such a gateway have it: only trust that somebody named counts against an issuer.
 */
export function isAccepted(probe: Probe): boolean {
  if (probe.verify?.ok !== false) return true;
  const named = probe.trust !== undefined && probe.trust !== 'system' && probe.trust !== 'none';
  return !named && issuerUnknown.has(probe.verify.code ?? '');
}

function readingOf(probe: Probe, server: Server | undefined): ProbeReading {
  if (probe.gap) return 'not-looked';
  if (probe.outcome === 'ok' || probe.outcome === 'verify-failed') return isAccepted(probe) ? 'works' : 'fails';
  if (probe.sni === null && (probe.outcome === 'reset' || probe.outcome === 'closed') && !server) return 'by-design';
  const wanted = server !== undefined && asksClients(server) && server.tls?.mode === 'MUTUAL';
  if (wanted && probe.clientCertificate === 'none' && refusedForCertificate(probe)) return 'refused-rightly';
  return 'fails';
}

/** The port that the probed server is configured on: the probed one, or the one behind a node port or a pod's. */
function configuredPort(evidence: Evidence, probe: Probe): number {
  const ports = new Set(servers(evidence).map(({ port }) => port));
  if (ports.has(probe.port) || ports.size === 0) return probe.port;
  if (probe.via === 'node-port' || probe.via === 'pod') {
    const name = probe.sni ?? probe.host;
    const taking = [...ports].filter((port) => serverFor(evidence, name, port) !== undefined);
    return taking.find((port) => port === 443) ?? taking[0] ?? probe.port;
  }
  return probe.port;
}

/** All probes, recorded ones and our own, each with the server that its name leads to. */
export const readProbes = derive((evidence): readonly ReadProbe[] =>
  evidence.snapshot.probes.map((probe) => {
    const server = serverFor(evidence, probe.sni, configuredPort(evidence, probe));
    return {
      probe,
      reading: readingOf(probe, server),
      crossHost: probe.sni !== null && probe.sni.toLowerCase() !== probe.host.toLowerCase(),
      ...(server && { server }),
    };
  }),
);

/** Probes that asked for one of a server's hosts by that name, as an ordinary client does. */
export const probesOf = derive((evidence) => {
  const byServer = Map.groupBy(
    readProbes(evidence).filter(({ server, crossHost, probe }) => server && !crossHost && probe.sni !== null),
    ({ server }) => server?.key ?? '',
  );
  return (server: Server): readonly ReadProbe[] => byServer.get(server.key) ?? [];
});
