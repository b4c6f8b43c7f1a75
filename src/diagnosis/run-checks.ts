import { isBlind, type Blind, type Check, type Fault } from '../checks/check.ts';
import type { Evidence } from '../facts/evidence.ts';

/** What became of one check. A crash is a bug of ours and an outcome: the others go on, and it never reads as health. */
export interface CheckRun {
  readonly check: Check;
  readonly faults: readonly Fault[];
  readonly blinds: readonly Blind[];
  readonly crash?: string;
}

function run(check: Check, evidence: Evidence): CheckRun {
  const faults: Fault[] = [];
  const blinds: Blind[] = [];
  try {
    for (const judgement of check.inspect(evidence)) {
      if (isBlind(judgement)) blinds.push(judgement);
      else faults.push(judgement);
    }
    return { check, faults, blinds };
  } catch (error) {
    return { check, faults, blinds, crash: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

export const runChecks = (checks: readonly Check[], evidence: Evidence): readonly CheckRun[] =>
  checks.map((check) => run(check, evidence));
