import type { Severity, Step } from '../model/finding.ts';
import type { GapReason } from '../model/coverage.ts';
import type { Probe } from '../model/probe.ts';
import type { SourcePart } from '../model/snapshot.ts';

/** The report, as `-o json` prints it. Its JSON Schema is `src/schemas/report.json`; fields are added, never renamed. */
export interface Report {
  readonly schema: 'istls.report/v1';
  readonly verdict: 'healthy' | 'degraded' | 'broken' | 'unknown';
  readonly exitCode: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly source: ReportSource;
  readonly targets: readonly ReportTarget[];
  readonly rootCauses: readonly ReportRootCause[];
  readonly changes: readonly ReportChange[];
  readonly findings: readonly ReportFinding[];
  readonly coverage: ReportCoverage;
  readonly environment: ReportEnvironment;
  readonly timings: Readonly<Record<string, number>>;
}

export interface ReportSource {
  readonly kind: 'cluster' | 'snapshot' | 'files' | 'lab';
  readonly context?: string;
  readonly paths?: readonly string[];
  readonly capturedAt: string;
  readonly parts: readonly SourcePart[];
}

export interface ReportSubject {
  readonly cluster?: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly path?: string;
  readonly pod?: string;
  readonly host?: string;
  readonly file?: string;
  readonly line?: number;
}

export interface ReportTarget {
  readonly host: string;
  readonly port: number;
  readonly cluster?: string;
  readonly server: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly index: number;
  } | null;
  readonly verdict: Report['verdict'];
  readonly steps: readonly {
    readonly step: Step;
    readonly status: 'ok' | 'failed' | 'warning' | 'unknown' | 'skipped';
    readonly detail: string;
  }[];
  readonly probes: readonly Probe[];
}

export interface ReportObservation {
  readonly source: string;
  readonly ref: string;
  readonly detail: string;
}

export interface ReportFix {
  readonly summary: string;
  readonly owner: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  readonly doNot: readonly string[];
  readonly widensAccess: string | null;
  readonly managedBy?: string;
}

export interface ReportRootCause {
  readonly cause: string;
  readonly severity: Severity;
  readonly confidence: number;
  readonly subject: ReportSubject;
  readonly related: readonly ReportSubject[];
  readonly title: string;
  readonly message: string;
  readonly evidence: readonly ReportObservation[];
  readonly explains: readonly string[];
  readonly affects: { readonly hosts: readonly string[]; readonly clients: string; readonly pods: readonly string[] };
  readonly ruledOut: readonly string[];
  readonly misleading: readonly string[];
  readonly fix?: ReportFix;
  readonly confirm?: string;
  readonly decidedBy?: string;
}

export interface ReportChange {
  readonly at: string;
  readonly what: string;
  readonly subject: ReportSubject;
  readonly by: string;
}

export interface ReportFinding {
  readonly id: string;
  readonly check: string;
  readonly status: 'fail' | 'warn' | 'unknown' | 'pass' | 'suppressed';
  readonly severity: Severity;
  readonly subject: ReportSubject;
  readonly title: string;
  readonly message: string;
  readonly evidence: readonly ReportObservation[];
  readonly fix?: ReportFix;
}

export interface NotRun {
  readonly check: string;
  readonly reason: GapReason | 'crashed' | 'skipped';
  readonly detail: string;
  readonly permission?: string;
}

export interface ReportCoverage {
  /** Names of the checks that ran to their end. */
  readonly ran: readonly string[];
  readonly notRun: readonly NotRun[];
  readonly probes: { readonly made: number; readonly recorded: number };
}

export interface ReportEnvironment {
  readonly kubernetes?: string;
  readonly istio?: string;
  readonly revisions: readonly string[];
  readonly gateways: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly pods: number;
    readonly ready: number;
    readonly istio?: string;
  }[];
}
