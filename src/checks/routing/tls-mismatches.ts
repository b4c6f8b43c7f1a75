import type { Evidence } from '../../facts/evidence.ts';
import { probesOf } from '../../facts/probes.ts';
import { asksClients, listedHosts, takesName, type Server } from '../../facts/servers.ts';
import { keyKinds, milderNeighbour, tlsParametersOf, type TlsParameters } from '../../facts/tls-parameters.ts';
import { atLeast } from '../../istio/release.ts';
import { isForOldVersions, isOlder, keyOfSuite, readTlsVersion } from '../../istio/tls-versions.ts';
import { named } from '../../kubernetes/names.ts';
import type { Fix, Severity } from '../../model/finding.ts';
import type { Probe } from '../../model/probe.ts';
import { fieldChange } from './field-change.ts';

/** One thing that versions or suites of a server shut out. */
export interface Mismatch {
  /** The field below `tls`. */
  readonly field: string;
  readonly says: string;
  readonly effect: string;
  readonly clients: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly fix: Fix;
  readonly decidedBy?: string;
  readonly probes?: readonly Probe[];
}

/** Handshakes of ordinary clients that the server refused for their version: those below TLS 1.2 are refused rightly. */
function refusedVersions(evidence: Evidence, server: Server): readonly Probe[] {
  return probesOf(evidence)(server)
    .map(({ probe }) => probe)
    .filter(({ alert, offered, own }) => {
      const newest = readTlsVersion(offered?.max);
      return alert?.number === 70 && own !== true && newest !== undefined && !isOlder(newest, 'TLSv1.2');
    });
}

/** Alert 40 also means a client certificate that is missing under TLS 1.2: it counts where none is asked for. */
const refusedSuites = (evidence: Evidence, server: Server): readonly Probe[] =>
  asksClients(server)
    ? []
    : probesOf(evidence)(server)
        .map(({ probe }) => probe)
        .filter(({ alert, own }) => alert?.number === 40 && own !== true);

function expects13(evidence: Evidence, server: Server): boolean {
  const wanted = (evidence.snapshot.question.expectations ?? []).filter(
    ({ minTls }) => readTlsVersion(minTls) === 'TLSv1.3',
  );
  return wanted.some(({ host }) => server.hosts.some((own) => takesName(own.host, host.toLowerCase())));
}

const change = (server: Server, field: string, value: string | readonly string[], summary: string): Fix =>
  fieldChange(server.owner, `${server.path}.tls.${field}`, value, { summary });

function contradiction(server: Server, { minimum, maximum }: TlsParameters): Mismatch | undefined {
  if (!isOlder(maximum, minimum)) return undefined;
  return {
    field: 'maxProtocolVersion',
    says: `takes at least ${minimum} and at most ${maximum}`,
    effect: 'No version is left, and every handshake is refused with alert protocol_version (70).',
    clients: 'all clients',
    severity: 'error',
    confidence: 0.95,
    fix: change(server, 'maxProtocolVersion', 'TLSV1_3', 'let the maximum be TLS 1.3'),
  };
}

function tooOld(server: Server, { maximum }: TlsParameters): Mismatch | undefined {
  if (!isOlder(maximum, 'TLSv1.2')) return undefined;
  return {
    field: 'maxProtocolVersion',
    says: `takes at most ${maximum}`,
    effect: 'Clients of today ask for TLS 1.2 at least, and are refused with alert protocol_version (70).',
    clients: 'clients that need TLS 1.2 or later, which are nearly all',
    severity: 'error',
    confidence: 0.9,
    fix: change(server, 'maxProtocolVersion', 'TLSV1_3', 'let the maximum be TLS 1.3'),
  };
}

/** Only TLS 1.3: a choice where the whole gateway makes it, and a likely accident where one server does. */
function tooNew(evidence: Evidence, server: Server, { minimum, minimumBy }: TlsParameters): Mismatch | undefined {
  if (minimum !== 'TLSv1.3') return undefined;
  const probes = refusedVersions(evidence, server);
  const milder = minimumBy === 'server' ? milderNeighbour(evidence, server) : undefined;
  const chosen = probes.length === 0 && (!milder || expects13(evidence, server));
  return {
    field: 'minProtocolVersion',
    says: 'takes TLS 1.3 only',
    effect: `Clients that stop at TLS 1.2 are refused with alert protocol_version (70), and the gateway logs nothing of it.${
      milder ? ` Other servers of the same gateway, such as ${named(milder.owner)}, take TLS 1.2.` : ''
    }`,
    clients: 'clients that stop at TLS 1.2',
    severity: chosen ? 'info' : 'error',
    confidence: probes.length > 0 ? 0.95 : 0.6,
    probes,
    fix: change(server, 'minProtocolVersion', 'TLSV1_2', 'let TLS 1.2 in as well, unless it is shut out on purpose'),
    ...(probes.length === 0 && {
      decidedBy: `a handshake with at most TLS 1.2, from the client that fails: curl --tls-max 1.2 https://${listedHosts(server)[0] ?? 'HOST'}/`,
    }),
  };
}

/** Suites for one kind of key only, and a certificate with the other. */
function wrongKeyKind(
  evidence: Evidence,
  server: Server,
  { suites, maximum, minimum }: TlsParameters,
): Mismatch | undefined {
  const keys = keyKinds(evidence, server);
  if (suites.length === 0 || keys.size === 0 || minimum === 'TLSv1.3') return undefined;
  if (suites.some((suite) => keys.has(keyOfSuite(suite)))) return undefined;
  const probes = refusedSuites(evidence, server);
  const only12 = isOlder(maximum, 'TLSv1.3');
  const [key] = keys;
  const prefix = key === 'ec' ? 'ECDHE-ECDSA' : 'ECDHE-RSA';
  const wanted = [`${prefix}-AES128-GCM-SHA256`, `${prefix}-AES256-GCM-SHA384`];
  return {
    field: 'cipherSuites',
    says: `names only suites for ${key === 'ec' ? 'RSA' : 'ECDSA'} keys, and its certificate has an ${key === 'ec' ? 'EC' : 'RSA'} key`,
    effect: `Under TLS 1.2 no suite is left, and the handshake is refused with alert handshake_failure (40)${only12 ? '' : '; TLS 1.3 has suites of its own and goes on'}.`,
    clients: only12 ? 'all clients' : 'clients that stop at TLS 1.2',
    severity: only12 || probes.length > 0 ? 'error' : 'warning',
    confidence: 0.93,
    probes,
    fix: change(
      server,
      'cipherSuites',
      wanted,
      'name suites for the key that the certificate has, or leave the field out',
    ),
  };
}

/** TLS 1.0 or 1.1 is let in, and no suite is that they could use (istio/istio#41305). */
function noOldSuite(server: Server, { minimum, minimumBy, suites, rules }: TlsParameters): Mismatch | undefined {
  if (minimumBy !== 'server' || !isOlder(minimum, 'TLSv1.2') || !atLeast(rules, 1, 15)) return undefined;
  if (suites.some(isForOldVersions)) return undefined;
  const wanted = [...suites, 'ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES128-SHA', 'AES128-SHA'];
  return {
    field: 'minProtocolVersion',
    says: `lets ${minimum} in, without a suite that it could use`,
    effect:
      'Envoy’s own suites are all for TLS 1.2 and later since Istio 1.15, so that older clients are refused with alert handshake_failure (40).',
    clients: 'clients that stop at TLS 1.1',
    severity: 'error',
    confidence: 0.7,
    fix: fieldChange(server.owner, `${server.path}.tls.cipherSuites`, wanted, {
      summary: 'name suites of TLS 1.0 and 1.1 too; or, if no such client is left, let the minimum be TLS 1.2',
      widensAccess: 'clients with versions and suites that are no longer thought safe',
    }),
  };
}

/** What is written of suites and does nothing. */
function withoutEffect(server: Server, { suites, passedOver, maximum }: TlsParameters): Mismatch | undefined {
  const of13 = passedOver.filter((suite) => /^TLS_/.test(suite));
  const narrow = suites.length > 0 && suites.length <= 2 && maximum === 'TLSv1.3';
  if (passedOver.length === 0 && !narrow) return undefined;
  return {
    field: 'cipherSuites',
    says:
      passedOver.length > 0
        ? `names suites that are passed over: ${passedOver.join(', ')}`
        : `names ${suites.join(', ')}, which hold for TLS 1.2 alone`,
    effect:
      of13.length > 0 || narrow
        ? 'The suites of TLS 1.3 cannot be chosen: its clients use one of their own.'
        : 'They are unknown to Istio, which leaves them out.',
    clients: 'nobody: the handshake succeeds, with another suite than was meant',
    severity: suites.length === 0 && of13.length === 0 ? 'warning' : 'info',
    confidence: 0.85,
    fix: change(server, 'maxProtocolVersion', 'TLSV1_2', 'if just these suites are wanted, let the maximum be TLS 1.2'),
  };
}

/** Alerts that no setting explains: client and gateway share no version, or no suite. */
function unexplained(evidence: Evidence, server: Server): Mismatch | undefined {
  const versions = refusedVersions(evidence, server);
  const suites = versions.length > 0 ? [] : refusedSuites(evidence, server);
  if (versions.length + suites.length === 0) return undefined;
  const field = versions.length > 0 ? 'minProtocolVersion' : 'cipherSuites';
  const what = versions.length > 0 ? 'version' : 'suite';
  return {
    field,
    says: `shares no TLS ${what} with a client that was seen`,
    effect: `Its handshake was refused with alert ${versions.length > 0 ? 'protocol_version (70)' : 'handshake_failure (40)'}.`,
    clients: 'clients like the one seen',
    severity: 'error',
    confidence: versions.length > 0 ? 0.85 : 0.6,
    probes: [...versions, ...suites],
    fix: change(server, field, versions.length > 0 ? 'TLSV1_2' : ['<SUITE>'], `allow a ${what} that the client has`),
  };
}

/** What shuts clients out of a server, the surest first; undefined: nothing is known to. */
export function mismatchOf(evidence: Evidence, server: Server): Mismatch | undefined {
  const parameters = tlsParametersOf(evidence, server);
  return (
    contradiction(server, parameters) ??
    tooOld(server, parameters) ??
    tooNew(evidence, server, parameters) ??
    wrongKeyKind(evidence, server, parameters) ??
    noOldSuite(server, parameters) ??
    unexplained(evidence, server) ??
    withoutEffect(server, parameters)
  );
}
