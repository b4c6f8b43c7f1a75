import { styleOf, wrap, type ReporterOptions } from './style.ts';

interface ListedScenario {
  readonly name: string;
  readonly title: string;
  readonly cause: string;
  readonly runbook: readonly string[];
}

/** The lab's scenarios for people: healthy ones first, each with what it shows and the procedures that it plays. */
export function renderScenarios(
  scenarios: readonly ListedScenario[],
  limits: readonly string[],
  options: ReporterOptions,
): string {
  const style = styleOf(options);
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const line = ({ name, title, cause, runbook }: ListedScenario): string => {
    const shows = cause === 'healthy' ? '' : `${cause}: `;
    const text = `${shows}${title} (${runbook.join(', ')})`;
    return `  ${name.padEnd(width)}  ${wrap(text, Math.max(30, style.width - width - 4), ' '.repeat(width + 4))}`;
  };
  const of = (healthy: boolean): readonly string[] =>
    scenarios.filter(({ cause }) => (cause === 'healthy') === healthy).map(line);
  return [
    style.paint('strong', 'HEALTHY'),
    ...of(true),
    '',
    style.paint('strong', 'BROKEN'),
    ...of(false),
    '',
    'istls lab run SCENARIO shows its diagnosis; istls lab up SCENARIO keeps it running for a second shell.',
    '',
    ...limits.map((text) => wrap(text, style.width)),
  ].join('\n');
}
