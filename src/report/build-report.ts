import type { Diagnosis } from '../diagnosis/diagnose.ts';
import type { Finding } from '../diagnosis/finding.ts';
import type { RootCause } from '../diagnosis/root-causes.ts';
import { severityRank } from '../diagnosis/root-causes.ts';
import type { Evidence } from '../facts/evidence.ts';
import { controlPlanes, release } from '../facts/mesh.ts';
import { readProbes } from '../facts/probes.ts';
import { takesName } from '../facts/servers.ts';
import type { Destination } from '../facts/targets.ts';
import { gatewayWorkloads } from '../facts/workloads.ts';
import { releaseText } from '../istio/release.ts';
import type { Command, Fix, Severity, Subject } from '../model/finding.ts';
import type { Probe } from '../model/probe.ts';
import { coverageOf, isIncomplete } from './coverage.ts';
import type {
  Report,
  ReportEnvironment,
  ReportFinding,
  ReportFix,
  ReportRootCause,
  ReportSubject,
  ReportTarget,
} from './report.ts';

/** What a report needs beyond the diagnosis: how the run was called, and when. */
export interface ReportOptions {
  readonly startedAt: string;
  readonly durationMs: number;
  readonly cluster?: string;
  /** How a command is written for the shell of this user, with the flags that lead to the cluster. */
  readonly renderCommand: (command: Command) => string;
  readonly failOn: Severity | 'never';
  readonly minSeverity: Severity;
  readonly allowIncomplete: boolean;
  readonly timings?: Readonly<Record<string, number>>;
  readonly interrupted?: boolean;
}

function subjectOf(subject: Subject, cluster: string | undefined): ReportSubject {
  const { apiVersion, kind, namespace, name, path, pod, host, origin } = subject;
  return {
    ...(cluster !== undefined && { cluster }),
    apiVersion,
    kind,
    namespace,
    name,
    ...(path !== undefined && { path }),
    ...(pod !== undefined && { pod }),
    ...(host !== undefined && { host }),
    ...(origin && { file: origin.file, line: origin.line }),
  };
}

function fixOf(fix: Fix, { renderCommand }: ReportOptions): ReportFix {
  return {
    summary: fix.summary,
    owner: fix.owner,
    commands: fix.commands.map(renderCommand),
    undo: fix.undo.map(renderCommand),
    doNot: fix.doNot,
    widensAccess: fix.widensAccess ?? null,
    ...(fix.managedBy !== undefined && { managedBy: fix.managedBy }),
  };
}

function statusOf({ severity }: Finding): ReportFinding['status'] {
  return severity === 'error' ? 'fail' : 'warn';
}

function findingOf(finding: Finding, options: ReportOptions): ReportFinding {
  const { id, check, fault, severity } = finding;
  return {
    id,
    check: check.name,
    status: statusOf(finding),
    severity,
    subject: subjectOf(fault.subject, options.cluster),
    title: fault.title,
    message: fault.message,
    evidence: fault.evidence,
    ...(fault.fix && { fix: fixOf(fault.fix, options) }),
  };
}

const affectedHosts = ({ fault }: Finding): readonly string[] => [
  ...new Set(fault.affects.flatMap(({ server, hosts }) => hosts ?? server?.hosts.map(({ host }) => host) ?? [])),
];

function rootCauseOf(cause: RootCause, options: ReportOptions): ReportRootCause {
  const { finding, confidence, explains } = cause;
  const { fault } = finding;
  return {
    cause: finding.check.name,
    severity: finding.severity,
    confidence,
    subject: subjectOf(fault.subject, options.cluster),
    related: (fault.related ?? []).map((related) => subjectOf(related, options.cluster)),
    title: fault.title,
    message: fault.message,
    evidence: fault.evidence,
    explains: explains.map(({ id }) => id),
    affects: { hosts: affectedHosts(finding), clients: fault.clients ?? 'all clients', pods: fault.pods ?? [] },
    ruledOut: fault.ruledOut ?? [],
    misleading: fault.misleading ?? [],
    ...(fault.fix && { fix: fixOf(fault.fix, options) }),
    ...(fault.confirm && { confirm: options.renderCommand(fault.confirm) }),
    ...(fault.decidedBy !== undefined && { decidedBy: fault.decidedBy }),
  };
}

function probesAt(evidence: Evidence, { host, server }: Destination): readonly Probe[] {
  return readProbes(evidence)
    .filter(
      ({ probe, server: probed }) => probed === server && takesName(host, (probe.sni ?? probe.host).toLowerCase()),
    )
    .map(({ probe }) => probe);
}

function targetsOf(diagnosis: Diagnosis, cluster: string | undefined): readonly ReportTarget[] {
  const some = diagnosis.evidence.snapshot.probes.length > 0;
  return diagnosis.targets.map(({ destination, verdict, steps }) => {
    const { host, port, server } = destination;
    return {
      host,
      port,
      ...(cluster !== undefined && { cluster }),
      server: server
        ? { kind: server.owner.kind, namespace: server.owner.namespace, name: server.owner.name, index: server.index }
        : null,
      verdict,
      steps,
      probes: some ? probesAt(diagnosis.evidence, destination) : [],
    };
  });
}

function environmentOf(evidence: Evidence): ReportEnvironment {
  const istio = release(evidence);
  const { kubernetesVersion } = evidence.snapshot;
  return {
    ...(kubernetesVersion !== undefined && { kubernetes: kubernetesVersion }),
    ...(istio && { istio: releaseText(istio) }),
    revisions: controlPlanes(evidence).map(({ revision }) => revision),
    gateways: gatewayWorkloads(evidence).map((workload) => ({
      kind: workload.ref.kind,
      namespace: workload.namespace,
      name: workload.name,
      pods: workload.pods.length,
      ready: workload.pods.filter(({ ready }) => ready).length,
      ...(workload.release && { istio: releaseText(workload.release) }),
    })),
  };
}

/** The exit code by the contract's table: 1 beats 4; a verdict of broken without a finding that counts is not 1. */
function exitCodeOf(diagnosis: Diagnosis, options: ReportOptions): number {
  if (options.interrupted === true) return 130;
  const { failOn } = options;
  const counts = ({ severity }: Finding): boolean =>
    failOn !== 'never' && severityRank[severity] <= severityRank[failOn];
  if (diagnosis.findings.some(counts)) return 1;
  return !options.allowIncomplete && isIncomplete(diagnosis) ? 4 : 0;
}

const shown =
  (minimum: Severity) =>
  (severity: Severity): boolean =>
    severityRank[severity] <= severityRank[minimum];

/** The report of a diagnosis. `--min-severity` leaves findings out of it; it never changes verdict or exit code. */
export function buildReport(diagnosis: Diagnosis, options: ReportOptions): Report {
  const { evidence } = diagnosis;
  const { source, capturedAt } = evidence.snapshot;
  const isShown = shown(options.minSeverity);
  return {
    schema: 'istls.report/v1',
    verdict: diagnosis.verdict,
    exitCode: exitCodeOf(diagnosis, options),
    startedAt: options.startedAt,
    durationMs: options.durationMs,
    source: { ...source, capturedAt },
    targets: targetsOf(diagnosis, options.cluster),
    rootCauses: diagnosis.causes
      .filter(({ finding }) => isShown(finding.severity))
      .map((cause) => rootCauseOf(cause, options)),
    changes: [],
    findings: diagnosis.findings
      .filter(({ severity }) => isShown(severity))
      .map((finding) => findingOf(finding, options)),
    coverage: coverageOf(diagnosis),
    environment: environmentOf(evidence),
    timings: options.timings ?? {},
  };
}
