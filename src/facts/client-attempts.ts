import type { Certificate } from '../model/certificate.ts';
import { derive, type Evidence } from './evidence.ts';
import { readProbes, type ReadProbe } from './probes.ts';
import { certificatesOf } from './served-chains.ts';
import { asksClients, type Server } from './servers.ts';
import { destinations } from './targets.ts';

/**
 * One client with a certificate at one server: as it was seen to fare, or, where the run is about a client of which no
 * handshake is known, as a question.
 */
export interface ClientAttempt {
  readonly server: Server;
  readonly host: string;
  /** What the client is called: the subject of its certificate. */
  readonly client: string;
  /** What it presents, leaf first; empty where only its name is known. */
  readonly chain: readonly Certificate[];
  /**
   * `mixed`: some of the gateway's addresses let it in and some do not, which is a matter of the gateway's.
   * `not-seen`: no handshake got as far as the certificate.
   */
  readonly outcome: 'admitted' | 'refused' | 'mixed' | 'not-seen';
  /** The alert by which it was refused, where one was seen: in TLS 1.3 it may get lost. */
  readonly alert?: number;
  readonly probes: readonly ReadProbe[];
  /** The run was asked about this very client. */
  readonly asked: boolean;
}

/** Alerts with which a server answers to a certificate, or to the lack of one (RFC 8446 section 6.2, envoy-tls 6). */
const aboutCertificates = new Set([40, 42, 43, 44, 45, 46, 47, 48, 49, 113, 114, 116]);

function outcomeOf({ probe }: ReadProbe): 'admitted' | 'refused' | 'not-seen' {
  if (probe.outcome === 'ok' || probe.outcome === 'verify-failed') return 'admitted';
  if (probe.outcome === 'alert') return aboutCertificates.has(probe.alert?.number ?? -1) ? 'refused' : 'not-seen';
  const late = probe.outcome === 'closed' || probe.outcome === 'reset';
  return late && probe.protocol !== undefined && probe.clientCertificateRequested !== 'no' ? 'refused' : 'not-seen';
}

function togetherAs(probes: readonly ReadProbe[]): ClientAttempt['outcome'] {
  const outcomes = new Set(probes.map(outcomeOf));
  outcomes.delete('not-seen');
  if (outcomes.size === 2) return 'mixed';
  return [...outcomes][0] ?? 'not-seen';
}

function ofProbes(probes: readonly ReadProbe[], asked: boolean): readonly ClientAttempt[] {
  const [first] = probes;
  if (!first?.server) return [];
  const chain = probes.map(({ probe }) => certificatesOf(probe.clientChain)).find((one) => one.length > 0) ?? [];
  // the alert that tells least is the one for no certificate at all
  const alerts = probes.flatMap(({ probe }) => probe.alert?.number ?? []);
  const alert = alerts.find((number) => number !== 40 && number !== 116) ?? alerts[0];
  return [
    {
      server: first.server,
      host: first.probe.sni ?? first.probe.host,
      client: chain[0]?.subject ?? first.probe.clientCertificate,
      chain,
      outcome: togetherAs(probes),
      ...(alert !== undefined && { alert }),
      probes,
      asked,
    },
  ];
}

const identity = ({ probe, server }: ReadProbe): string =>
  `${server?.key ?? ''}|${certificatesOf(probe.clientChain)[0]?.sha256 ?? probe.clientCertificate}`;

/** Every client with a certificate that was seen at a server that asks for one, or that the run is about. */
export const clientAttempts = derive((evidence): readonly ClientAttempt[] => {
  const { client } = evidence.snapshot.question;
  const own = client?.chain[0]?.sha256;
  const shown = readProbes(evidence).filter(
    ({ probe, server, crossHost }) => server && asksClients(server) && !crossHost && probe.clientCertificate !== 'none',
  );
  const seen = [...Map.groupBy(shown, identity).values()].flatMap((probes) => {
    const leaf = probes[0] && certificatesOf(probes[0].probe.clientChain)[0];
    return ofProbes(probes, own !== undefined && leaf?.sha256 === own);
  });
  if (!client || own === undefined) return seen;
  const answered = new Set(seen.flatMap(({ asked, server }) => (asked ? [server.key] : [])));
  const open = new Map(
    destinations(evidence).flatMap(({ server, host }) =>
      server && asksClients(server) && !answered.has(server.key) ? [[server.key, { server, host }] as const] : [],
    ),
  );
  const questions = [...open.values()].map(({ server, host }): ClientAttempt => ({
    server,
    host,
    client: client.chain[0]?.subject ?? client.source,
    chain: client.chain,
    outcome: 'not-seen',
    probes: [],
    asked: true,
  }));
  return [...seen, ...questions];
});

const byServer = derive((evidence) => Map.groupBy(clientAttempts(evidence), ({ server }) => server.key));

export const attemptsAt = (evidence: Evidence, server: Server): readonly ClientAttempt[] =>
  byServer(evidence).get(server.key) ?? [];
