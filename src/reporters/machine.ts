import { dump } from 'js-yaml';
import type { Report } from '../report/report.ts';
import { escapeLines } from '../text/escape.ts';
import { jsonText } from '../text/json.ts';

export const renderJson = (report: Report): string => jsonText(report);

/**
 * One JSON object a line, each with its `type`: the report without its lists first, then a line for each target, root
 * cause and finding. A consumer of a stream can act on the first line.
 */
export function renderJsonLines(report: Report): string {
  const { targets, rootCauses, findings, changes, ...head } = report;
  const lines = [
    { type: 'report', ...head },
    ...rootCauses.map((cause) => ({ type: 'rootCause', ...cause })),
    ...targets.map((target) => ({ type: 'target', ...target })),
    ...findings.map((finding) => ({ type: 'finding', ...finding })),
    ...changes.map((change) => ({ type: 'change', ...change })),
  ];
  return lines.map((line) => jsonText(line, 0)).join('');
}

/** The same as JSON, in YAML. Through JSON first, so that both say the same of what is absent. */
export function renderYaml(report: Report): string {
  const plain: unknown = JSON.parse(JSON.stringify(report));
  return escapeLines(dump(plain, { lineWidth: -1, noRefs: true }));
}
