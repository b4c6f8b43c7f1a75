import type { Diagnosis } from '../diagnosis/diagnose.ts';
import type { NotRun, ReportCoverage } from './report.ts';

/** What was not looked at, each look once, in the order of the checks. */
function notRun(diagnosis: Diagnosis): readonly NotRun[] {
  const crashes = diagnosis.runs.flatMap(({ check, crash }) =>
    crash === undefined
      ? []
      : [{ check: check.name, reason: 'crashed' as const, detail: crash.split('\n')[0] ?? crash }],
  );
  const seen = new Set<string>();
  const blinds = diagnosis.blinds.flatMap(({ check, blind: { blind, about } }) => {
    const key = `${check.name}|${blind.reason}|${blind.permission ?? about}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const { permission } = blind;
    return [
      {
        check: check.name,
        reason: blind.reason,
        detail: `${about}: ${blind.detail}`,
        ...(permission !== undefined && { permission }),
      },
    ];
  });
  return [...crashes, ...blinds];
}

export function coverageOf(diagnosis: Diagnosis): ReportCoverage {
  const { probes } = diagnosis.evidence.snapshot;
  return {
    ran: diagnosis.runs.filter(({ crash }) => crash === undefined).map(({ check }) => check.name),
    notRun: notRun(diagnosis),
    probes: {
      made: probes.filter(({ own }) => own === true).length,
      recorded: probes.filter(({ own }) => own !== true).length,
    },
  };
}

/** Reasons that make a run incomplete. What a snapshot never had is named, and is no failure of this run. */
const incomplete: ReadonlySet<string> = new Set(['forbidden', 'unreachable', 'timeout', 'unreadable', 'crashed']);

/** Whether a check that could still change a verdict did not run. What is broken already cannot get worse. */
export function isIncomplete(diagnosis: Diagnosis): boolean {
  if (diagnosis.runs.some(({ crash }) => crash !== undefined)) return true;
  const open = new Set(
    diagnosis.targets.filter(({ verdict }) => verdict !== 'broken').map(({ destination }) => destination.server?.key),
  );
  return diagnosis.blinds.some(
    ({ blind: { blind, affects } }) =>
      incomplete.has(blind.reason) && (affects.length === 0 || affects.some(({ server }) => open.has(server?.key))),
  );
}
