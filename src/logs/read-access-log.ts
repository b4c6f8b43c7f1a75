import type { AccessLogEntry } from '../model/log-event.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { ContainerLog } from '../model/snapshot.ts';
import { present } from '../envoy/present.ts';
import { isObject } from '../kubernetes/read.ts';
import {
  type AccessColumn,
  type AccessField,
  type AccessLogFormat,
  defaultTextFormats,
  readAccessLogFormat,
  splitColumns,
} from './access-log-format.ts';
import { withoutPrefix } from './envelope.ts';
import { shortFlag } from './response-flags.ts';

/** A line that a client filled with more than this is not worth reading. */
const longestLine = 65_536;

type Value = string | number | null;
type Values = Partial<Record<AccessField, Value>>;

/**
 * Reads the access log lines of a proxy's log, in any default format of Istio since 1.0, as text or JSON. `formats` are
 * formats of its own, as a config dump tells them (`EnvoyListener.accessLogFormats`). Lines of any other kind are no
 * entries. Linear in the size of the log.
 */
export function readAccessLog(log: ContainerLog, formats: readonly string[] = []): readonly AccessLogEntry[] {
  const own = formats.map(readAccessLogFormat);
  const place = { namespace: log.namespace, pod: log.pod, container: log.container };
  return log.lines.flatMap((line, index) => {
    const fields = readAccessLine(line, own);
    return fields ? [{ ...place, line: index + 1, ...fields }] : [];
  });
}

export type AccessLineFields = Omit<AccessLogEntry, 'namespace' | 'pod' | 'container' | 'line'>;

/** Reads one line; undefined where it is none of an access log. */
export function readAccessLine(line: string, formats: readonly AccessLogFormat[] = []): AccessLineFields | undefined {
  if (line.length < 20 || line.length > longestLine) return undefined;
  const text = withoutPrefix(line.trimEnd());
  const values = text.startsWith('{') ? readJsonLine(text, formats) : readTextLine(text, formats);
  return values && toFields(values);
}

const startOfDefault = /^\[\d{4}-\d\d-\d\dT[\d:.]+Z?\] /;

function readTextLine(line: string, formats: readonly AccessLogFormat[]): Values | undefined {
  const own = formats.flatMap((format) => (format.kind === 'text' ? [format.columns] : []));
  const isDefault = startOfDefault.test(line);
  if (!isDefault && own.length === 0) return undefined;
  const cells = splitColumns(line);
  for (const columns of [...own, ...(isDefault ? defaultTextFormats.map((format) => format.columns) : [])]) {
    const values = readCells(columns, cells);
    if (values) return values;
  }
  return undefined;
}

type Cell = ReturnType<typeof splitColumns>[number];

/**
 * The cells by the columns of a format, or undefined where they do not fit. Two columns can change their number: why the
 * connection ended may hold blanks, and what a client sent may hold quotes; that part of the line is then not read.
 */
function readCells(columns: readonly AccessColumn[], cells: readonly Cell[]): Values | undefined {
  const joined = joinTermination(columns, cells);
  const surplus = joined.length - columns.length;
  const sent = columns.findIndex(({ field }) => field === 'forwardedFor');
  if (surplus < 0 || (surplus > 0 && sent < 0)) return undefined;
  const values: Values = {};
  for (const [index, { field, quoted }] of columns.entries()) {
    const inClients = surplus > 0 && index >= sent && index < sent + clientColumns;
    if (inClients) continue;
    const cell = joined[surplus > 0 && index >= sent ? index + surplus : index];
    if (!cell || cell.quoted !== quoted) return undefined;
    if (field === undefined) continue;
    if (!fits(field, cell.text)) return undefined;
    values[field] = cell.text;
  }
  return values;
}

/** Forwarded-for, user agent, request id and authority stand side by side in every default format. */
const clientColumns = 4;

function joinTermination(columns: readonly AccessColumn[], cells: readonly Cell[]): readonly Cell[] {
  const at = columns.findIndex(({ field }) => field === 'terminationDetails');
  const next = columns[at + 1];
  if (at < 0 || next?.quoted !== true) return cells;
  const end = cells.findIndex((cell, index) => index > at && cell.quoted);
  if (end <= at + 1) return cells;
  const words = cells.slice(at, end).map(({ text }) => text);
  return [...cells.slice(0, at), { text: words.join(' '), quoted: false }, ...cells.slice(end)];
}

/** What a column must look like, so that a line in another format is not read with columns that are shifted. */
function fits(field: AccessField, text: string): boolean {
  switch (field) {
    case 'at':
      return /\d/.test(text);
    case 'status':
    case 'bytesReceived':
    case 'bytesSent':
    case 'durationMs':
      return /^(?:-|\d{1,20})$/.test(text);
    case 'flags':
      return /^(?:-|[A-Za-z]{2,40}(?:,[A-Za-z]{2,40})*)$/.test(text);
    case 'request':
      return text.includes(' ');
    default:
      return true;
  }
}

/** Names that people give to the members of a JSON format, in small letters and without separators. */
const memberNames: ReadonlyMap<string, AccessField> = new Map(
  (
    [
      ['at', 'starttime time timestamp'],
      ['method', 'method requestmethod httpmethod'],
      ['path', 'path requestpath uri url'],
      ['protocol', 'protocol httpversion'],
      ['status', 'responsecode status statuscode code httpstatus'],
      ['flags', 'responseflags flags responseflagslong'],
      ['details', 'responsecodedetails'],
      ['terminationDetails', 'connectionterminationdetails'],
      ['upstreamFailure', 'upstreamtransportfailurereason'],
      ['downstreamFailure', 'downstreamtransportfailurereason'],
      ['bytesReceived', 'bytesreceived'],
      ['bytesSent', 'bytessent'],
      ['durationMs', 'duration durationms'],
      ['forwardedFor', 'xforwardedfor forwardedfor'],
      ['userAgent', 'useragent httpuseragent'],
      ['requestId', 'requestid xrequestid'],
      ['authority', 'authority host httphost'],
      ['upstreamHost', 'upstreamhost'],
      ['upstreamCluster', 'upstreamcluster upstreamclusterraw'],
      ['upstreamLocal', 'upstreamlocaladdress'],
      ['downstreamLocal', 'downstreamlocaladdress'],
      ['downstreamRemote', 'downstreamremoteaddress'],
      ['sni', 'requestedservername sni servername'],
      ['routeName', 'routename'],
    ] as const
  ).flatMap(([field, names]) => names.split(' ').map((name): [string, AccessField] => [name, field])),
);

/** Fields that hardly any program but a proxy prints: two of them make a JSON line an entry. */
const telling: ReadonlySet<AccessField> = new Set([
  'flags',
  'details',
  'upstreamCluster',
  'upstreamHost',
  'upstreamLocal',
  'downstreamLocal',
  'downstreamRemote',
  'sni',
]);

function readJsonLine(line: string, formats: readonly AccessLogFormat[]): Values | undefined {
  const json = parseObject(line);
  if (!json) return undefined;
  const own = new Map(formats.flatMap((format) => (format.kind === 'json' ? [...format.members] : [])));
  const values: Values = {};
  gather(json, own, values, 0);
  const told = [...telling].filter((field) => values[field] !== undefined);
  return told.length >= 2 ? values : undefined;
}

/** Members may be grouped into objects, two levels deep. */
function gather(json: JsonObject, own: ReadonlyMap<string, AccessField>, values: Values, level: number): void {
  for (const [member, value] of Object.entries(json)) {
    if (isObject(value)) {
      if (level < 2) gather(value, own, values, level + 1);
      continue;
    }
    const field = own.get(member) ?? memberNames.get(member.toLowerCase().replace(/[^a-z]/g, ''));
    const plain = typeof value === 'string' || typeof value === 'number' || value === null;
    if (field && plain && values[field] === undefined) values[field] = value;
  }
}

function parseObject(line: string): JsonObject | undefined {
  try {
    const json: Json = JSON.parse(line);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function toFields(values: Values): AccessLineFields {
  const request = typeof values.request === 'string' ? splitRequest(values.request) : values;
  const at = toText(values.at);
  return present({
    at: at === null ? undefined : at?.replace(/^\[|\]$/g, ''),
    method: toText(request.method),
    path: toText(request.path),
    protocol: toText(request.protocol),
    status: toNumber(values.status),
    flags: flagsOf(values.flags),
    details: toText(values.details),
    terminationDetails: toText(values.terminationDetails),
    upstreamFailure: toText(values.upstreamFailure),
    downstreamFailure: toText(values.downstreamFailure),
    bytesReceived: toNumber(values.bytesReceived),
    bytesSent: toNumber(values.bytesSent),
    durationMs: toNumber(values.durationMs),
    forwardedFor: toText(values.forwardedFor),
    userAgent: toText(values.userAgent),
    requestId: toText(values.requestId),
    authority: toText(values.authority),
    upstreamHost: toText(values.upstreamHost),
    upstreamCluster: toText(values.upstreamCluster),
    upstreamLocal: toText(values.upstreamLocal),
    downstreamLocal: toText(values.downstreamLocal),
    downstreamRemote: toText(values.downstreamRemote),
    sni: toText(values.sni),
    routeName: toText(values.routeName),
  });
}

function flagsOf(value: Value | undefined): readonly string[] {
  if (typeof value !== 'string' || value === '-' || value === '') return [];
  return value.split(',').map(shortFlag);
}

function toNumber(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,15}(?:ms)?$/.test(value) ? Number.parseInt(value, 10) : undefined;
}

function toText(value: Value | undefined): string | null | undefined {
  if (value === undefined) return undefined;
  return value === null || value === '-' ? null : String(value);
}

/** `GET /path HTTP/2`; Istio 1.0 put nothing between path and protocol. */
function splitRequest(text: string): Values {
  const space = text.indexOf(' ');
  const rest = text.slice(space + 1);
  const protocol = /(?:HTTP\/[\d.]{1,3}|-)$/.exec(rest)?.[0] ?? '';
  const path = rest.slice(0, rest.length - protocol.length).trim();
  return { method: text.slice(0, space), path, protocol: protocol === '' ? null : protocol };
}
