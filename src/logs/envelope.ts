import type { Json } from '../model/json.ts';
import { isObject, textAt } from '../kubernetes/read.ts';
import { present } from '../envoy/present.ts';

/** A line of a component's log, taken out of its envelope. */
export interface Envelope {
  /** ISO 8601 as written. */
  readonly at?: string;
  readonly level?: string;
  /** `ads`, `cache`, `envoy config`; absent for the default scope. */
  readonly scope?: string;
  readonly message: string;
  /** `key=value` columns after the message. */
  readonly labels?: string;
}

/** What is read of a line. Longer ones hold a dump or are no log at all. */
export const longestMessage = 16_384;

const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)`;
const level = 'trace|debug|info|warn|warning|error|err|critical|fatal|none';
const column = String.raw`(?:\t| {2,})`;

const istioLine = new RegExp(String.raw`^(${time})${column}(${level})${column}(.*)$`, 'is');
const nativeLine =
  /^(?:\[Envoy \(Epoch \d{1,6}\)\] )?\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?)\]\[\d{1,9}\]\[(\w{1,20})\]\[([\w.-]{1,40})\] ?(?:\[[^\]\s]{1,300}:\d{1,6}\] )?(.*)$/s;
const klogLine = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,9}\d{1,9} [\w./-]{1,120}:\d{1,6}\] (.*)$/s;
const goLine = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) (DEBUG|INFO|WARN|ERROR) (.*)$/s;
const scoped = /^(envoy [\w.-]{1,40}(?: \S{1,300}:\d{1,6})?|[A-Za-z][\w.-]{0,40})(?:\t| {2,})(?!\w{1,40}=)(.*)$/s;

/** What log collectors and kubectl put before a line. */
const prefixes = [
  /^\[pod\/[^\]\s]{1,512}\] ?/,
  new RegExp(String.raw`^${time} (?:stdout|stderr) [FP] `),
  // `kubectl logs --timestamps`: a time, one space, and then an envelope that has a time of its own or none.
  new RegExp(String.raw`^${time} (?=\S)`),
];

/** The line without what `kubectl logs --prefix`, `--timestamps` or a container runtime put before it. */
export function withoutPrefix(line: string): string {
  let rest = line;
  for (const prefix of prefixes) rest = rest.replace(prefix, '');
  return rest;
}

/**
 * Takes a line of istiod, an agent or Envoy out of its envelope: Istio's columns (tabs, or the blanks that they become
 * when pasted), its JSON, Envoy's own format up to Istio 1.5, klog, and Go's log. Undefined for every other line: of an
 * access log, of another program, or the continuation of the line before.
 */
export function readEnvelope(line: string): Envelope | undefined {
  const cut = line.length > longestMessage ? line.slice(0, longestMessage) : line;
  const text = withoutPrefix(cut.trimEnd());
  if (text.startsWith('{')) return readJson(text);
  const istio = istioLine.exec(text);
  if (istio) return { at: istio[1] ?? '', level: (istio[2] ?? '').toLowerCase(), ...readColumns(istio[3] ?? '') };
  const native = nativeLine.exec(text);
  if (native) {
    const [, date, clock, severity = '', component = '', message = ''] = native;
    return { at: `${date}T${clock}Z`, level: severity, scope: `envoy ${component}`, message };
  }
  const klog = klogLine.exec(text);
  if (klog) return { level: levels[klog[1] ?? ''] ?? 'info', message: klog[2] ?? '' };
  const go = goLine.exec(text);
  if (!go) return undefined;
  const [, year, month, day, clock, severity = '', message = ''] = go;
  return { at: `${year}-${month}-${day}T${clock}Z`, level: severity.toLowerCase(), message };
}

const levels: Readonly<Record<string, string>> = { I: 'info', W: 'warn', E: 'error', F: 'fatal' };

/** `[SCOPE] MESSAGE [LABELS]`. A first column that could be a scope is one, unless only labels follow it. */
function readColumns(text: string): Pick<Envelope, 'scope' | 'message' | 'labels'> {
  const [, scope, rest = ''] = scoped.exec(text) ?? [];
  const columns = scope === undefined ? text : rest;
  const end = columns.search(/\t| {2,}(?=[\w.-]{1,40}=)/);
  const labels = end < 0 ? '' : columns.slice(end).trim();
  return present({
    scope,
    message: (end < 0 ? columns : columns.slice(0, end)).trim(),
    labels: labels === '' ? undefined : labels,
  });
}

const jsonOwn: ReadonlySet<string> = new Set([
  'level',
  'severity',
  'time',
  'ts',
  'timestamp',
  'scope',
  'logger',
  'msg',
  'message',
]);

function readJson(text: string): Envelope | undefined {
  const json = parse(text);
  const message = textAt(json, 'msg') ?? textAt(json, 'message');
  const level = textAt(json, 'level') ?? textAt(json, 'severity');
  if (!isObject(json) || message === undefined || level === undefined) return undefined;
  const labels = Object.entries(json).flatMap(([key, value]) =>
    jsonOwn.has(key) || typeof value === 'object' ? [] : [`${key}=${String(value)}`],
  );
  return present({
    at: textAt(json, 'time') ?? textAt(json, 'ts') ?? textAt(json, 'timestamp'),
    level: level.toLowerCase(),
    scope: textAt(json, 'scope') ?? textAt(json, 'logger'),
    message,
    labels: labels.length > 0 ? labels.join('\t') : undefined,
  });
}

function parse(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
