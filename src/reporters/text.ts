import type { Report, ReportFix, ReportRootCause, ReportSubject, ReportTarget } from '../report/report.ts';
import { escapeForTerminal, escapeLines } from '../text/escape.ts';
import { counted, fewOf, styleOf, wrap, type Mark, type ReporterOptions, type Style, type Tone } from './style.ts';

/** Root causes that are told whole; the others are named in a line each. */
const toldWhole = 3;

const words: Readonly<Record<Report['verdict'], readonly [Mark, Tone]>> = {
  broken: ['failed', 'bad'],
  degraded: ['warning', 'doubtful'],
  healthy: ['ok', 'good'],
  unknown: ['unknown', 'doubtful'],
};

/** How sure a cause is, in words. Below one half it is a guess, and says so. */
export function sureness(confidence: number): string {
  if (confidence >= 0.95) return 'certain';
  if (confidence >= 0.8) return 'very likely';
  return confidence >= 0.5 ? 'likely' : 'a guess';
}

export function subjectText({ kind, namespace, name, path, pod }: ReportSubject): string {
  const object = `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
  return [object, path, pod === undefined ? undefined : `pod ${pod}`].filter((part) => part !== undefined).join(' ');
}

const label = (style: Style, name: string): string => `  ${style.paint('quiet', name.padEnd(9))}`;

/** A labelled line, broken at the width of the terminal under its own text. */
function row(style: Style, name: string, text: string): string {
  return `${label(style, name)}${wrap(text, style.width - 11, ' '.repeat(11))}`;
}

function readyPods(report: Report): string {
  const pods = report.environment.gateways.reduce((sum, gateway) => sum + gateway.pods, 0);
  return pods === 0 ? '' : `   ${counted(pods, 'gateway pod')}`;
}

/** The first line: what is broken, for whom. */
function headline(report: Report, style: Style): string {
  const [mark, tone] = words[report.verdict];
  const verdict = style.paint(tone, report.verdict.toUpperCase());
  const [first] = report.targets;
  const [cause] = report.rootCauses;
  if (report.targets.length === 1 && first) {
    const who = cause ? `   ${cause.affects.clients}` : '';
    const pods =
      cause && cause.affects.pods.length > 0 ? `   ${counted(cause.affects.pods.length, 'pod')} of them` : '';
    return `${style.mark(mark)} ${verdict}  ${first.host}:${first.port}${who}${readyPods(report)}${pods}`;
  }
  return `${style.mark(mark)} ${verdict}  ${tally(report, style)}${readyPods(report)}`;
}

function tally(report: Report, style: Style): string {
  if (report.targets.length === 0) return 'no TLS host found';
  const counts = Map.groupBy(report.targets, ({ verdict }) => verdict);
  const parts = (['broken', 'degraded', 'unknown', 'healthy'] as const).flatMap((verdict) => {
    const count = counts.get(verdict)?.length ?? 0;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  return `${counted(report.targets.length, 'host')}: ${parts.join(` ${style.dot} `)}`;
}

function commandLines(style: Style, commands: readonly string[], name?: string): readonly string[] {
  return commands.flatMap((command) => {
    const [first = '', ...rest] = command.split('\n');
    const lead = name === undefined ? '  ' : label(style, name);
    return [`${lead}${first}`, ...rest.map((line) => (name === undefined ? `  ${line}` : line))];
  });
}

function fixLines(fix: ReportFix, style: Style): readonly string[] {
  const widens = fix.widensAccess === null ? '' : ` ${style.paint('doubtful', '[WIDENS ACCESS]')} ${fix.widensAccess}`;
  const head = `${style.paint('strong', 'FIX')}  ${wrap(`${fix.summary} (${fix.owner})${widens}`, style.width - 5, '     ')}`;
  const managed =
    fix.managedBy === undefined
      ? []
      : [row(style, 'managed', `by ${fix.managedBy}: mend it there; the command is the stop-gap`)];
  return [
    head,
    ...managed,
    ...commandLines(style, fix.commands),
    ...commandLines(style, fix.undo, 'undo'),
    ...fix.doNot.map((text) => row(style, 'DO NOT', text)),
  ];
}

function causeLines(cause: ReportRootCause, ordinal: string, style: Style): readonly string[] {
  const tone: Tone = cause.severity === 'error' ? 'bad' : 'doubtful';
  const sure = `(${sureness(cause.confidence)})`;
  const severity = cause.severity === 'error' ? '' : `, ${cause.severity}`;
  const lines = [
    `${style.paint('strong', `CAUSE${ordinal}`)}  ${style.paint(tone, cause.cause)} ${sure}${severity}`,
    `  ${wrap(cause.title, style.width - 2, '  ')}`,
    `  ${wrap(cause.message, style.width - 2, '  ')}`,
    ...cause.evidence.map(({ source, ref, detail }) =>
      row(style, shortSource(source), ref === '' ? detail : `${ref}: ${detail}`),
    ),
  ];
  if (cause.affects.hosts.length > 0) lines.push(row(style, 'breaks', fewOf(cause.affects.hosts, 5)));
  if (cause.affects.pods.length > 0) lines.push(row(style, 'pods', fewOf(cause.affects.pods, 5)));
  if (cause.explains.length > 0) lines.push(row(style, 'explains', counted(cause.explains.length, 'other finding')));
  if (cause.decidedBy !== undefined) lines.push(row(style, 'to decide', cause.decidedBy));
  if (cause.fix) lines.push(...fixLines(cause.fix, style));
  if (cause.confirm !== undefined) lines.push(...commandLines(style, [cause.confirm], 'confirm'));
  return lines;
}

const sourceNames: Readonly<Record<string, string>> = {
  'gateway-log': 'log',
  'istiod-log': 'istiod',
  'config-dump': 'envoy',
  'envoy-stats': 'stats',
  'access-log': 'access',
  'access-review': 'rbac',
};

const shortSource = (source: string): string => sourceNames[source] ?? source;

function pathLines(target: ReportTarget, style: Style): readonly string[] {
  const parts = target.steps.map(({ step, status, detail }) =>
    status === 'skipped' || detail === ''
      ? `${style.mark(status)} ${step}`
      : `${style.mark(status)} ${step} ${style.paint('quiet', detail)}`,
  );
  return [style.paint('strong', 'PATH'), ...parts.map((part) => `  ${part}`)];
}

/** One line a host: what a reader of many hosts looks through. Those that are well are only counted unless asked for. */
function hostLines(report: Report, style: Style, verbose: boolean): readonly string[] {
  const shown = report.targets.filter(({ verdict }) => verbose || verdict !== 'healthy');
  const hidden = report.targets.length - shown.length;
  const most = verbose ? shown.length : 20;
  const lines = shown.slice(0, most).map((target) => {
    const [mark] = words[target.verdict];
    const failing = target.steps.find(({ status }) => status === 'failed' || status === 'warning');
    const server = target.server
      ? `${target.server.kind} ${target.server.namespace}/${target.server.name}`
      : 'no server';
    const why = failing ? `${failing.step}: ${failing.detail}` : target.verdict;
    return `  ${style.mark(mark)} ${target.host}:${target.port}  ${style.paint('quiet', server)}  ${why}`;
  });
  if (shown.length > most) lines.push(`    and ${shown.length - most} more (-v shows all)`);
  if (hidden > 0) lines.push(`  ${style.mark('ok')} ${counted(hidden, 'other host')} healthy`);
  return lines.length === 0 ? [] : [style.paint('strong', 'HOSTS'), ...lines];
}

function listLines(title: string, items: readonly string[], style: Style): readonly string[] {
  if (items.length === 0) return [];
  return items.map((item, index) => {
    const lead = index === 0 ? style.paint('strong', title.padEnd(10)) : ' '.repeat(10);
    return `${lead} ${wrap(item, style.width - 11, ' '.repeat(11))}`;
  });
}

function notSeen(report: Report): readonly string[] {
  const byPermission = Map.groupBy(report.coverage.notRun, ({ permission, detail }) => permission ?? detail);
  return [...byPermission.values()].map((group) => {
    const [first] = group;
    const checks = fewOf([...new Set(group.map(({ check }) => check))], 4);
    const permission = first?.permission === undefined ? '' : `; needs permission: ${first.permission}`;
    return `${first?.detail ?? ''} (${checks})${permission}`;
  });
}

function unexplained(report: Report): readonly string[] {
  const explained = new Set(report.rootCauses.flatMap(({ explains }) => explains));
  const causes = new Set(report.rootCauses.map(({ cause }) => cause));
  return report.findings
    .filter(({ id, check, status }) => status !== 'pass' && !explained.has(id) && !causes.has(check))
    .map(({ title }) => title);
}

/** The last line, which is all that people see of a long log: the verdict again, with the first cause and the exit code. */
function lastLine(report: Report, style: Style): string {
  const [mark, tone] = words[report.verdict];
  const [cause] = report.rootCauses;
  const errors = report.rootCauses.filter(({ severity }) => severity === 'error').length;
  const warnings = report.rootCauses.filter(({ severity }) => severity === 'warning').length;
  const what = cause ? `: ${cause.cause}` : '';
  const parts = [
    `${style.paint(tone, report.verdict.toUpperCase())}${what}`,
    ...(report.environment.istio === undefined ? [] : [`Istio ${report.environment.istio}`]),
    ...(errors > 0 ? [counted(errors, 'error')] : []),
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    `${(report.durationMs / 1000).toFixed(1)} s`,
    `exit ${report.exitCode}`,
  ];
  return `${style.mark(mark)} ${parts.join(` ${style.dot} `)}`;
}

/** Every text of a report made safe for a terminal, commands with their lines kept. */
function safe<T>(value: T): T {
  // oxlint-disable-next-line no-unsafe-type-assertion -- the same shape, with its texts escaped
  return escaped(value, '') as T;
}

const ofSeveralLines = new Set(['commands', 'undo', 'confirm']);

function escaped(value: unknown, field: string): unknown {
  if (typeof value === 'string') return ofSeveralLines.has(field) ? escapeLines(value) : escapeForTerminal(value);
  if (Array.isArray(value)) return value.map((item) => escaped(item, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escaped(item, key)]));
}

/** The report for people: the verdict, at most three causes with proof and fix, the path, what could not be seen. */
export function renderText(unsafe: Report, options: ReporterOptions): string {
  const report = safe(unsafe);
  const style = styleOf(options);
  const whole = options.verbose ? report.rootCauses.length : toldWhole;
  const causes = report.rootCauses.slice(0, whole);
  const blocks: (readonly string[])[] = [[headline(report, style)]];
  for (const [index, cause] of causes.entries()) {
    const ordinal = report.rootCauses.length === 1 ? '' : ` ${index + 1} of ${report.rootCauses.length}`;
    blocks.push(causeLines(cause, ordinal, style));
  }
  const more = report.rootCauses.slice(whole).map((cause) => `${cause.cause} (${cause.severity}): ${cause.title}`);
  blocks.push(listLines('ALSO', more, style));
  const [only] = report.targets;
  if (report.targets.length === 1 && only) blocks.push(pathLines(only, style));
  else blocks.push(hostLines(report, style, options.verbose));
  blocks.push([
    ...listLines('UNEXPLAINED', unexplained(report), style),
    ...listLines(
      'RULED OUT',
      causes.flatMap(({ ruledOut }) => ruledOut),
      style,
    ),
    ...listLines(
      'NOTE',
      causes.flatMap(({ misleading }) => misleading),
      style,
    ),
    ...listLines('NOT SEEN', notSeen(report), style),
    ...listLines(
      'CHANGED',
      report.changes.map(({ at, what, subject, by }) => `${at} ${subjectText(subject)} ${what} by ${by}`),
      style,
    ),
  ]);
  blocks.push([lastLine(report, style)]);
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** For a chat: the verdict, the causes with their first command, the verdict again. */
export function renderShort(unsafe: Report, options: ReporterOptions): string {
  const report = safe(unsafe);
  const style = styleOf(options);
  const causes = report.rootCauses
    .slice(0, toldWhole)
    .flatMap((cause) => [
      `${style.mark(cause.severity === 'error' ? 'failed' : 'warning')} ${cause.cause} (${sureness(cause.confidence)}): ${cause.title}`,
      ...commandLines(style, cause.fix?.commands.slice(0, 1) ?? [], 'fix'),
      ...(cause.confirm === undefined ? [] : commandLines(style, [cause.confirm], 'confirm')),
    ]);
  const more = report.rootCauses.length - toldWhole;
  const rest = more > 0 ? [`  and ${counted(more, 'further cause')}`] : [];
  return `${[headline(report, style), ...causes, ...rest, lastLine(report, style)].join('\n')}\n`;
}

/** Everything that the text has, with every host, every cause and every finding. */
export function renderWide(report: Report, options: ReporterOptions): string {
  return renderText(report, { ...options, verbose: true });
}
