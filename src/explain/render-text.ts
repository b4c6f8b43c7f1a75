import { emphasisOf } from '../text/emphasis.ts';
import { escapeForTerminal } from '../text/escape.ts';
import { wrap } from '../text/wrap.ts';
import type { Answer } from './answer.ts';
import { parseBlocks, renderBlocks } from './markdown.ts';
import { pageGroups } from './page.ts';

/** How to write for the terminal at hand, and by which name the program was called. */
export interface TextOptions {
  readonly color: boolean;
  readonly ascii: boolean;
  readonly width: number;
  readonly program: string;
}

const indent = '    ';

/** Explanations one after another, as a manual page would put them. */
export function renderAnswers(answers: readonly Answer[], options: TextOptions): string {
  return answers.map((answer) => renderAnswer(answer, options)).join('\n\n\n');
}

function renderAnswer(answer: Answer, options: TextOptions): string {
  const { title, sections, facts = [], causes, reports = [] } = answer;
  // Lines of running text are hard to follow when they are much longer than this.
  const emphasis = emphasisOf(options);
  const look = { width: Math.min(options.width, 96), indent, emphasis };
  const under = subtitle(answer, options.ascii);
  const parts = sections.map(({ heading, text }) => [heading, renderBlocks(parseBlocks(text), look)] as const);
  const rest: readonly (readonly [string, string])[] = [
    ...(facts.length === 0 ? [] : [['Read from it', renderFacts(answer, options)] as const]),
    ...parts,
    ...(causes.length === 0 ? [] : [['See also', renderCauses(causes, options)] as const]),
    ...(reports.length === 0 ? [] : [['Public reports', reports.map((report) => indent + report).join('\n')] as const]),
  ];
  return [
    [emphasis.strong(escapeForTerminal(title)), ...(under === '' ? [] : [emphasis.quiet(under)])].join('\n'),
    ...rest.map(([heading, text]) => `${emphasis.strong(heading)}\n${text}`),
  ].join('\n\n');
}

/** `secret-missing · The credential · Istio 1.8 and later · runbook B1`, of what there is. */
function subtitle({ kind, name, group, since, until, runbook = [] }: Answer, ascii: boolean): string {
  const page = kind === 'cause' || kind === 'check';
  return [
    page ? name : '',
    group === undefined ? '' : pageGroups[group],
    releases(since, until),
    runbook.length === 0 ? '' : `runbook ${runbook.join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join(ascii ? ' - ' : ' · ');
}

function releases(since: string | undefined, until: string | undefined): string {
  if (since !== undefined && until !== undefined) return `Istio ${since} to ${until}`;
  if (since !== undefined) return `Istio ${since} and later`;
  return until === undefined ? '' : `Istio up to ${until}`;
}

function renderFacts({ facts = [] }: Answer, { width }: TextOptions): string {
  const column = Math.max(...facts.map(({ name }) => name.length));
  const rest = `${indent}${' '.repeat(column)}  `;
  return facts
    .map(({ name, value }) => wrap(escapeForTerminal(value), width, rest, `${indent}${name.padEnd(column)}  `))
    .join('\n');
}

function renderCauses(causes: readonly string[], { program }: TextOptions): string {
  return causes.map((cause) => `${indent}${program} explain ${cause}`).join('\n');
}
