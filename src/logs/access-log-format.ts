import type { Json } from '../model/json.ts';
import { isObject } from '../kubernetes/read.ts';
import type { AccessLogEntry } from '../model/log-event.ts';

/** A field of an entry that a column or a JSON member holds; `request` is method, path and protocol in one. */
export type AccessField = Exclude<keyof AccessLogEntry, 'namespace' | 'pod' | 'container' | 'line'> | 'request';

/** One column of a text format. `field` is undefined for what istls does not read. */
export interface AccessColumn {
  readonly quoted: boolean;
  readonly field: AccessField | undefined;
}

export type AccessLogFormat =
  | { readonly kind: 'text'; readonly columns: readonly AccessColumn[] }
  /** The members that hold fields, by name. */
  | { readonly kind: 'json'; readonly members: ReadonlyMap<string, AccessField> };

/** Envoy's command operators that an entry has a field for, without their parameters. */
const operators: ReadonlyMap<string, AccessField> = new Map([
  ['START_TIME', 'at'],
  ['REQ(:METHOD)', 'method'],
  ['REQ(X-ENVOY-ORIGINAL-PATH?:PATH)', 'path'],
  ['REQ(:PATH)', 'path'],
  ['PROTOCOL', 'protocol'],
  ['RESPONSE_CODE', 'status'],
  ['RESPONSE_FLAGS', 'flags'],
  ['RESPONSE_FLAGS_LONG', 'flags'],
  ['RESPONSE_CODE_DETAILS', 'details'],
  ['CONNECTION_TERMINATION_DETAILS', 'terminationDetails'],
  ['UPSTREAM_TRANSPORT_FAILURE_REASON', 'upstreamFailure'],
  ['DOWNSTREAM_TRANSPORT_FAILURE_REASON', 'downstreamFailure'],
  ['BYTES_RECEIVED', 'bytesReceived'],
  ['BYTES_SENT', 'bytesSent'],
  ['DURATION', 'durationMs'],
  ['REQ(X-FORWARDED-FOR)', 'forwardedFor'],
  ['REQ(USER-AGENT)', 'userAgent'],
  ['REQ(X-REQUEST-ID)', 'requestId'],
  ['REQ(:AUTHORITY)', 'authority'],
  ['UPSTREAM_HOST', 'upstreamHost'],
  ['UPSTREAM_CLUSTER', 'upstreamCluster'],
  ['UPSTREAM_CLUSTER_RAW', 'upstreamCluster'],
  ['UPSTREAM_LOCAL_ADDRESS', 'upstreamLocal'],
  ['DOWNSTREAM_LOCAL_ADDRESS', 'downstreamLocal'],
  ['DOWNSTREAM_REMOTE_ADDRESS', 'downstreamRemote'],
  ['REQUESTED_SERVER_NAME', 'sni'],
  ['ROUTE_NAME', 'routeName'],
]);

/** Stands for an operator while a format line is split: a character that no format has. */
const mark = '\uE000';
const places = /\uE000(\d+)\uE000/g;
const operator = /%([A-Z_]+)(\([^)]*\))?(?::\d+)?%/g;

function fieldOf(name: string, parameters = ''): AccessField | undefined {
  return operators.get(name) ?? operators.get(`${name}${parameters.toUpperCase()}`);
}

/**
 * Reads a format as a listener's `access_log` has it (`EnvoyListener.accessLogFormats`): a line with operators, or the
 * members of a JSON format as JSON. A text column is read only where it is one operator, or the request line.
 */
export function readAccessLogFormat(format: string): AccessLogFormat {
  const fields = jsonFields(format);
  if (fields) return { kind: 'json', members: new Map(fields) };
  // Operators may hold blanks in their parameters, so they are taken out before the line is split.
  const found: (AccessField | undefined)[] = [];
  const marked = format.trim().replaceAll(operator, (_text, name: string, parameters?: string) => {
    found.push(fieldOf(name, parameters));
    return `${mark}${found.length - 1}${mark}`;
  });
  const columns = splitColumns(marked).map(({ text, quoted }) => ({ quoted, field: columnField(text, found) }));
  return { kind: 'text', columns };
}

function columnField(text: string, found: readonly (AccessField | undefined)[]): AccessField | undefined {
  const fields = [...text.matchAll(places)].map(([, index]) => found[Number(index)]);
  if (fields.length === 3 && fields.join(' ') === 'method path protocol') return 'request';
  const alone = fields.length === 1 && /^\[?\uE000\d+\uE000\]?$/.test(text);
  return alone ? fields[0] : undefined;
}

function jsonFields(format: string): readonly [string, AccessField][] | undefined {
  if (!format.trimStart().startsWith('{')) return undefined;
  try {
    const json: Json = JSON.parse(format);
    return isObject(json) ? [...membersOf(json)] : undefined;
  } catch {
    return undefined;
  }
}

function* membersOf(json: Json): Generator<[string, AccessField]> {
  if (!isObject(json)) return;
  for (const [member, value] of Object.entries(json)) {
    if (isObject(value)) yield* membersOf(value);
    const [, name, parameters] = typeof value === 'string' ? (new RegExp(operator).exec(value) ?? []) : [];
    const field = name === undefined ? undefined : fieldOf(name, parameters);
    if (field) yield [member, field];
  }
}

/** Splits at blanks outside quotes. A quote closes only before a blank or the end: values are printed unescaped. */
export function splitColumns(line: string): readonly { readonly text: string; readonly quoted: boolean }[] {
  const columns: { text: string; quoted: boolean }[] = [];
  let at = 0;
  while (at < line.length) {
    if (line[at] === ' ') {
      at += 1;
      continue;
    }
    const quoted = line[at] === '"';
    let end = quoted ? line.indexOf('" ', at + 1) : line.indexOf(' ', at);
    if (end < 0) end = quoted && line.endsWith('"') && line.length - 1 > at ? line.length - 1 : line.length;
    columns.push({ text: line.slice(quoted ? at + 1 : at, end), quoted });
    at = end + 1;
  }
  return columns;
}

function columns(text: string): readonly AccessColumn[] {
  return splitColumns(text).map(({ text: field, quoted }) => ({ quoted, field: isField(field) ? field : undefined }));
}

const known: ReadonlySet<string> = new Set<AccessField>([...operators.values(), 'request']);

function isField(text: string): text is AccessField {
  return known.has(text);
}

const numbers = 'bytesReceived bytesSent durationMs -';
const request = '"forwardedFor" "userAgent" "requestId" "authority"';
const addresses = '"upstreamHost" upstreamCluster upstreamLocal downstreamLocal downstreamRemote';

/**
 * The default text formats of Istio since 1.0, the newest first; a dash is a column that is not read
 * (pilot/pkg/model/telemetry_logging.go, before 1.16 pilot/pkg/networking/core/v1alpha3/accesslog.go).
 */
export const defaultTextFormats = [
  // 1.9 and later
  columns(
    `at "request" status flags details terminationDetails "upstreamFailure" ${numbers} ${request} ${addresses} sni routeName`,
  ),
  // 1.8
  columns(`at "request" status flags "upstreamFailure" ${numbers} ${request} ${addresses} sni routeName`),
  // 1.3 to 1.7: Mixer's verdict comes before the failure
  columns(`at "request" status flags "-" "upstreamFailure" ${numbers} ${request} ${addresses} sni routeName`),
  // 1.2
  columns(`at "request" status flags "-" "upstreamFailure" ${numbers} ${request} ${addresses} sni`),
  // 1.1
  columns(`at "request" status flags "-" ${numbers} ${request} ${addresses} sni`),
  // 1.0, HTTP and TCP
  columns(`at "request" status flags ${numbers} ${request} ${addresses}`),
  columns(`at flags bytesReceived bytesSent durationMs ${addresses}`),
];
