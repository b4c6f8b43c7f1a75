import type { Blind, Check } from '../checks/check.ts';
import type { Evidence } from '../facts/evidence.ts';
import { destinations, type Destination } from '../facts/targets.ts';
import { findingsOf, type Finding } from './finding.ts';
import { pathOf, type PathStep } from './path.ts';
import { rootCauses, type RootCause } from './root-causes.ts';
import { runChecks, type CheckRun } from './run-checks.ts';
import { concerns, verdictOf, worstVerdict, type Verdict } from './verdict.ts';

export interface TargetDiagnosis {
  readonly destination: Destination;
  readonly verdict: Verdict;
  readonly steps: readonly PathStep[];
  readonly findings: readonly Finding[];
}

export interface Diagnosis {
  readonly evidence: Evidence;
  readonly verdict: Verdict;
  readonly targets: readonly TargetDiagnosis[];
  readonly causes: readonly RootCause[];
  /** Symptoms that no cause accounts for. */
  readonly unexplained: readonly Finding[];
  readonly findings: readonly Finding[];
  /** Findings about what was not asked for; counted, not judged. */
  readonly elsewhere: readonly Finding[];
  readonly runs: readonly CheckRun[];
  readonly blinds: readonly { readonly check: Check; readonly blind: Blind }[];
}

/** With targets or namespaces given, a finding counts if it is about one of them, or about nothing in particular. */
function narrowed(evidence: Evidence, all: readonly Destination[], findings: readonly Finding[]): readonly Finding[] {
  const { targets, namespaces } = evidence.snapshot.question;
  if (targets.length === 0 && namespaces.length === 0) return findings;
  return findings.filter(
    (finding) => finding.fault.affects.length === 0 || all.some((destination) => concerns(destination, finding)),
  );
}

/** Findings by the server they affect: 5,000 targets do not each look through every finding. */
function findingsByServer(findings: readonly Finding[]): (destination: Destination) => readonly Finding[] {
  const byServer = new Map<string, Set<Finding>>();
  const anywhere: Finding[] = [];
  for (const finding of findings) {
    for (const { server } of finding.fault.affects) {
      if (!server) {
        anywhere.push(finding);
        continue;
      }
      const known = byServer.get(server.key) ?? new Set();
      known.add(finding);
      byServer.set(server.key, known);
    }
  }
  return (destination) =>
    [...(byServer.get(destination.server?.key ?? '') ?? []), ...anywhere].filter((one) => concerns(destination, one));
}

/** Runs the checks over the evidence and says what is wrong, why, and how sure that is. Pure. */
export function diagnose(evidence: Evidence, checks: readonly Check[], cluster = ''): Diagnosis {
  const runs = runChecks(checks, evidence);
  const all = findingsOf(runs, cluster);
  const asked = destinations(evidence);
  const findings = narrowed(evidence, asked, all);
  const blinds = runs.flatMap(({ check, blinds: own }) => own.map((blind) => ({ check, blind })));
  const about = findingsByServer(findings);
  const crashed = runs.some(({ crash }) => crash !== undefined);
  const targets = asked.map((destination) => {
    const own = about(destination);
    const verdict = verdictOf(
      evidence,
      destination,
      own,
      blinds.map(({ blind }) => blind),
    );
    return {
      destination,
      verdict: crashed && verdict === 'healthy' ? ('unknown' as const) : verdict,
      steps: pathOf(evidence, destination, own),
      findings: own,
    };
  });
  const { causes, unexplained } = rootCauses(evidence, findings);
  const placed = new Set(targets.flatMap((target) => target.findings));
  const loose = findings.filter((finding) => !placed.has(finding));
  return {
    evidence,
    verdict: worstVerdict([...targets.map(({ verdict }) => verdict), ...verdictOfLoose(loose)]),
    targets,
    causes,
    unexplained,
    findings,
    elsewhere: all.filter((finding) => !findings.includes(finding)),
    runs,
    blinds,
  };
}

/** Findings that are about no host of the run still count: an error makes the run broken, a warning degraded. */
function verdictOfLoose(findings: readonly Finding[]): readonly Verdict[] {
  if (findings.some(({ severity }) => severity === 'error')) return ['broken'];
  return findings.some(({ severity }) => severity === 'warning') ? ['degraded'] : [];
}
