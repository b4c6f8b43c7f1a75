import { observedProbe } from '../symptom/probe-symptom.ts';
import { attemptsAt } from '../../facts/client-attempts.ts';
import { clientSigns } from '../../facts/client-signs.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { probesOf } from '../../facts/probes.ts';
import { asksClients, servers, type Server } from '../../facts/servers.ts';
import { destinations } from '../../facts/targets.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation, Severity } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { clientRefused } from '../symptoms.ts';
import { atTheClient, confirmClient } from './client-fault.ts';

/** What clients say that a server which demands a certificate refused for presenting none. */
const sure = /certificate[_ ]required|alert (?:number )?116|ERR_BAD_SSL_CLIENT_AUTH_CERT|No required SSL certificate/i;
const maybe =
  /alert[_ ]handshake[_ ]failure|handshake[_ ]failure|alert (?:number )?40\b|gnutls_handshake\(\) failed: Handshake failed/i;

interface Sign {
  readonly servers: readonly [Server, ...Server[]];
  readonly seen: readonly Observation[];
  readonly confidence: number;
  readonly severity: Severity;
  readonly decidedBy?: string;
}

/** The words of the client that the run is about, where it is about one server that demands certificates. */
function bySymptom(evidence: Evidence): Sign | undefined {
  const { symptom, targets, client } = evidence.snapshot.question;
  if (symptom === undefined || targets.length === 0 || client) return undefined;
  const asked = [...new Set(destinations(evidence).flatMap(({ server }) => server ?? []))];
  const server = asked.find(({ tls }) => tls?.mode === 'MUTUAL');
  if (!server || asked.length > 1) return undefined;
  const confidence = sure.test(symptom) ? 0.85 : maybe.test(symptom) ? 0.55 : 0;
  if (confidence === 0) return undefined;
  const seen: Observation = { source: 'probe', ref: 'the client', detail: symptom.slice(0, 200) };
  const decidedBy = 'a handshake with the client’s certificate: the same words come where none of its ciphers fits';
  return { servers: [server], seen: [seen], confidence, severity: 'error', ...(confidence < 0.6 && { decidedBy }) };
}

/** Logs and counters: on an address that the internet reaches, somebody without a certificate always comes by. */
const bySigns = (evidence: Evidence): readonly Sign[] =>
  clientSigns(evidence).flatMap(({ why, servers: own, seen }) =>
    why === 'none'
      ? [
          {
            servers: own,
            seen,
            confidence: own.length > 1 ? 0.4 : 0.55,
            severity: 'info' as const,
            decidedBy: 'whose address the line has: a client that should get in, or a passer-by',
          },
        ]
      : [],
  );

/**
 * Recorded connections of a client that never showed a certificate. That a MUTUAL server refuses those is right, so
 * this is a guess and no fault: only where no other client was seen, and all of these were refused.
 */
function byRecords(evidence: Evidence, server: Server): Sign | undefined {
  if (server.tls?.mode !== 'MUTUAL' || attemptsAt(evidence, server).length > 0) return undefined;
  if (evidence.snapshot.question.client) return undefined;
  const probes = probesOf(evidence)(server).filter(({ probe }) => probe.own !== true);
  if (probes.length === 0 || !probes.every(({ reading }) => reading === 'refused-rightly')) return undefined;
  return {
    servers: [server],
    seen: probes.slice(0, 2).map(({ probe }) => observedProbe(probe)),
    confidence: 0.35,
    severity: 'info',
    decidedBy:
      'whether the client in question has a certificate and sends it: istls handshake HOST --cert FILE --key FILE',
  };
}

function faultOf({ servers: own, seen, confidence, severity, decidedBy }: Sign): Fault {
  const [server] = own;
  const host = server.hosts.find((one) => !one.host.startsWith('*'))?.host ?? '<HOST>';
  return {
    subject: subjectOf(server.owner, server.path),
    title: `A client came to ${named(server.owner)} ${server.path} without a certificate, which it demands`,
    message: `The server’s mode is MUTUAL, and a client that presents no certificate is refused, as it should be: with certificate_required in TLS 1.3, with handshake_failure before. A client that has one may still hold it back, where its issuer is not among the CAs that the gateway announces.`,
    evidence: seen,
    affects: own.map((one) => ({ server: one })),
    confidence,
    severity,
    clients: 'clients that present no certificate',
    fix: atTheClient('the client is given its certificate and key, and presents them (curl --cert FILE --key FILE)'),
    confirm: confirmClient(host),
    misleading: [
      'TLS 1.3 clients finish their handshake first, and often see a broken pipe only.',
      'The gateway writes nothing of it into its access log.',
    ],
    ...(decidedBy !== undefined && { decidedBy }),
  };
}

/** A client that should get in presents no certificate. */
export const mtlsClientCertMissing: Check = {
  name: 'mtls-client-cert-missing',
  title: 'Clients present a certificate where one is demanded',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'warning',
  step: 'client-certificate',
  reads: ['probe', 'gateway-log', 'envoy-stats'],
  explains: clientRefused,
  *inspect(evidence): Iterable<Judgement> {
    const symptom = bySymptom(evidence);
    const signs = symptom ? [symptom] : bySigns(evidence);
    const told = new Set(signs.flatMap((sign) => sign.servers));
    const guesses = servers(evidence)
      .filter((server) => asksClients(server) && !told.has(server))
      .flatMap((server) => byRecords(evidence, server) ?? []);
    for (const sign of [...signs, ...guesses]) yield faultOf(sign);
  },
};
