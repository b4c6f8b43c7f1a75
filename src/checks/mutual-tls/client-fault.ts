import { observedProbe } from '../symptom/probe-symptom.ts';
import { attemptsAt, type ClientAttempt } from '../../facts/client-attempts.ts';
import type { ClientRefusal } from '../../facts/client-refusals.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { certificateText } from '../../facts/served-chains.ts';
import type { Server } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Command, Fix, Observation, Severity } from '../../model/finding.ts';
import type { Fault } from '../check.ts';

const mostProbes = 3;

/** What a client presented and how it fared, as observations. */
export function observedAttempt({ chain, probes, client }: ClientAttempt): readonly Observation[] {
  const [leaf] = chain;
  const presented: readonly Observation[] = leaf
    ? [{ source: 'probe', ref: `the client ${client}`, detail: `presents ${certificateText(leaf)}` }]
    : [];
  return [...presented, ...probes.slice(0, mostProbes).map(({ probe }) => observedProbe(probe))];
}

/**
 * How bad it is that these clients are refused: an error only where the run is about them, or where no client that was
 * seen gets in. Else the gateway works, for those that have what it asks for.
 */
export function severityFor(evidence: Evidence, refusals: readonly ClientRefusal[]): Severity {
  if (refusals.some(({ attempt }) => attempt.asked)) return 'error';
  const admitted = refusals.some(({ attempt }) =>
    attemptsAt(evidence, attempt.server).some(({ outcome }) => outcome === 'admitted'),
  );
  return admitted ? 'warning' : 'error';
}

/** Refusals of one client, by its leaf: one certificate to mend, however many servers refuse it. */
export function byClient(
  refusals: readonly ClientRefusal[],
): readonly (readonly [ClientRefusal, ...ClientRefusal[]])[] {
  const groups = Map.groupBy(
    refusals,
    ({ attempt }) => attempt.chain[0]?.sha256 ?? `${attempt.client}|${attempt.host}`,
  );
  return [...groups.values()].flatMap(([first, ...rest]) => (first ? [[first, ...rest] as const] : []));
}

/** `istls handshake HOST --cert … --key …`: the command that shows whether the client is let in. */
export const confirmClient = (host: string): Command => ({
  argv: ['istls', 'handshake', host, '--cert', '<CLIENT.crt>', '--key', '<CLIENT.key>'],
});

export const serversOf = (refusals: readonly ClientRefusal[]): readonly Server[] => [
  ...new Map(refusals.map(({ attempt }) => [attempt.server.key, attempt.server])).values(),
];

/** Others that the same servers let in, which shows that the gateway itself is sound. */
function admittedBeside(evidence: Evidence, refusals: readonly ClientRefusal[]): readonly string[] {
  return serversOf(refusals).flatMap((server) =>
    attemptsAt(evidence, server).flatMap(({ outcome, client, chain }) =>
      outcome === 'admitted'
        ? [`the gateway’s CA: ${client}${chain[0] ? `, of ${chain[0].issuer},` : ''} is let in`]
        : [],
    ),
  );
}

const confidences: Readonly<Record<ClientRefusal['known'], number>> = {
  'chain-and-refusal': 0.95,
  chain: 0.85,
  alert: 0.75,
  announced: 0.7,
};

export const confidenceOf = ({ known }: ClientRefusal): number => confidences[known];

interface About {
  readonly title: string;
  readonly what: string;
  readonly fix: Fix;
  readonly confidence?: number;
  readonly misleading?: readonly string[];
  readonly decidedBy?: string;
}

/** A fault of what a client presents. It is mended at the client; the subject is the Gateway that it fails at. */
export function clientFault(
  evidence: Evidence,
  refusals: readonly [ClientRefusal, ...ClientRefusal[]],
  { title, what, fix, confidence, misleading = [], decidedBy }: About,
): Fault {
  const [{ attempt, trust }] = refusals;
  const { server, client, host } = attempt;
  const severity = severityFor(evidence, refusals);
  const seen = refusals.some(({ known }) => known !== 'chain');
  return {
    subject: subjectOf(server.owner, server.path),
    title,
    message: `${what} ${named(server.owner)} asks for client certificates and ${seen ? 'refuses' : 'would refuse'} this one; the gateway itself is sound.`,
    evidence: [...trust.seen.slice(0, 1), ...refusals.flatMap((one) => observedAttempt(one.attempt)).slice(0, 4)],
    affects: refusals.map((one) => ({ server: one.attempt.server, hosts: [one.attempt.host] })),
    confidence: confidence ?? confidenceOf(refusals[0]),
    severity,
    clients: client,
    related: trust.ca ? [subjectOf(trust.ca.secret)] : [],
    fix,
    confirm: confirmClient(host),
    ruledOut: admittedBeside(evidence, refusals).slice(0, 2),
    misleading,
    ...(decidedBy !== undefined && { decidedBy }),
  };
}

/** A fix that the client's owner makes: nothing in the cluster changes. */
export const atTheClient = (summary: string, doNot: readonly string[] = []): Fix => ({
  summary,
  owner: 'the client',
  commands: [],
  undo: [],
  doNot: [...doNot, 'set mode SIMPLE or OPTIONAL_MUTUAL to let it in: that admits clients without a certificate'],
});
