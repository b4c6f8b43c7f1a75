import { createHash } from 'node:crypto';
import type { Check, Fault } from '../checks/check.ts';
import { groupKind } from '../kubernetes/names.ts';
import type { Severity, Step } from '../model/finding.ts';
import type { CheckRun } from './run-checks.ts';

/** A fault with the identity of the check that found it. */
export interface Finding {
  /** Stable over runs: a hash of check, cluster and subject, without pod, field path and host. */
  readonly id: string;
  readonly check: Check;
  readonly fault: Fault;
  readonly severity: Severity;
  readonly step: Step;
}

function idOf(check: Check, fault: Fault, cluster: string): string {
  const { subject } = fault;
  const words = [check.name, cluster, groupKind(subject), subject.namespace, subject.name];
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 12);
}

const place = (fault: Fault): string => `${fault.subject.path ?? ''} ${fault.subject.host ?? ''} ${fault.title}`;

/**
 * Findings of a run, in the order of the checks. Several faults of one check on one object are told apart by an ordinal
 * behind the id, in the order of their field paths.
 */
export function findingsOf(runs: readonly CheckRun[], cluster: string): readonly Finding[] {
  const seen = new Map<string, number>();
  return runs.flatMap(({ check, faults }) =>
    [...faults]
      .sort((a, b) => place(a).localeCompare(place(b)))
      .map((fault) => {
        const base = idOf(check, fault, cluster);
        const ordinal = (seen.get(base) ?? 0) + 1;
        seen.set(base, ordinal);
        return {
          id: ordinal === 1 ? base : `${base}-${ordinal}`,
          check,
          fault,
          severity: fault.severity ?? check.severity,
          step: fault.step ?? check.step,
        };
      }),
  );
}
