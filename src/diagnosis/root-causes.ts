import type { Evidence } from '../facts/evidence.ts';
import { steps, type Observation, type Severity } from '../model/finding.ts';
import type { Finding } from './finding.ts';
import { relations } from './relate.ts';

/** A finding that nothing else accounts for, with all that it accounts for. */
export interface RootCause {
  readonly finding: Finding;
  /** Of all evidence: its own, and that of what it explains. */
  readonly confidence: number;
  readonly explains: readonly Finding[];
}

export const severityRank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Which findings each finding accounts for: its check says so, and the two depend on the same thing. */
function explanations(evidence: Evidence, findings: readonly Finding[]): ReadonlyMap<Finding, readonly Finding[]> {
  const related = relations(evidence);
  const byCheck = Map.groupBy(findings, ({ check }) => check.name);
  return new Map(
    findings.map((cause) => {
      const explained = new Set<Finding>();
      for (const { check, over } of cause.check.explains) {
        for (const symptom of byCheck.get(check) ?? []) {
          if (symptom !== cause && related(cause, symptom, over)) explained.add(symptom);
        }
      }
      return [cause, [...explained]];
    }),
  );
}

/** All that a finding accounts for, over any number of links. The graph of checks has no cycles; a test walks it. */
function closure(start: Finding, direct: ReadonlyMap<Finding, readonly Finding[]>): readonly Finding[] {
  const seen = new Set<Finding>();
  const queue = [...(direct.get(start) ?? [])];
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (seen.has(next) || next === start) continue;
    seen.add(next);
    queue.push(...(direct.get(next) ?? []));
  }
  return [...seen];
}

const sources = (observations: readonly Observation[]): Set<string> =>
  new Set(observations.map(({ source }) => source));

/** Each further kind of evidence that says the same takes a third off the doubt. Nothing is ever quite certain. */
function confidenceOf(finding: Finding, explained: readonly Finding[]): number {
  const all = sources([...finding.fault.evidence, ...explained.flatMap(({ fault }) => fault.evidence)]);
  const further = Math.max(0, all.size - 1);
  const doubt = (1 - finding.fault.confidence) * (2 / 3) ** further;
  return Math.min(0.99, Math.round((1 - doubt) * 100) / 100);
}

const hostCount = (finding: Finding): number =>
  finding.fault.affects.reduce((sum, { server, hosts }) => sum + (hosts?.length ?? server?.hosts.length ?? 0), 0);

/** Whether an effect of it was seen, not only foretold: it explains a symptom, or has evidence of a failing client. */
const isSeen = ({ finding, explains }: RootCause): boolean =>
  explains.some(({ check }) => check.kind === 'symptom') ||
  finding.fault.evidence.some(({ source }) => source === 'probe' || source === 'access-log');

/**
 * What to mend first: errors before warnings, what is seen to hurt before what is foretold, what breaks more hosts,
 * what is surer, what comes earlier on the way; then by name, so that the order never depends on that of the evidence.
 */
function byUrgency(a: RootCause, b: RootCause): number {
  return (
    severityRank[a.finding.severity] - severityRank[b.finding.severity] ||
    Number(isSeen(b)) - Number(isSeen(a)) ||
    Number(a.confidence < 0.5) - Number(b.confidence < 0.5) ||
    hostCount(b.finding) - hostCount(a.finding) ||
    b.confidence - a.confidence ||
    steps.indexOf(a.finding.step) - steps.indexOf(b.finding.step) ||
    a.finding.check.name.localeCompare(b.finding.check.name) ||
    a.finding.fault.title.localeCompare(b.finding.fault.title)
  );
}

/**
 * Ranks what is wrong. Symptoms are never root causes; a cause is one unless another cause accounts for it.
 * `unexplained` are the symptoms that no cause accounts for: they stay findings, and the report says so.
 */
export function rootCauses(
  evidence: Evidence,
  findings: readonly Finding[],
): { readonly causes: readonly RootCause[]; readonly unexplained: readonly Finding[] } {
  const direct = explanations(evidence, findings);
  const explained = new Set([...direct.values()].flat());
  const causes = findings
    .filter((finding) => finding.check.kind === 'cause' && !explained.has(finding))
    .map((finding) => {
      const explains = closure(finding, direct);
      return { finding, explains, confidence: confidenceOf(finding, explains) };
    })
    .sort(byUrgency);
  const accounted = new Set(causes.flatMap(({ explains }) => explains));
  const unexplained = findings.filter((finding) => finding.check.kind === 'symptom' && !accounted.has(finding));
  return { causes, unexplained };
}
