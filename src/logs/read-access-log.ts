import type { AccessLogEntry } from '../model/log-event.ts';
import type { ContainerLog } from '../model/snapshot.ts';
import { present } from '../envoy/present.ts';
import {
  type AccessColumn,
  type AccessField,
  type AccessLogFormat,
  defaultTextFormats,
  readAccessLogFormat,
  splitColumns,
} from './access-log-format.ts';
import { type AccessValue, type AccessValues, readJsonLine } from './access-log-json.ts';
import { withoutPrefix } from './envelope.ts';
import { shortFlag } from './response-flags.ts';

/** A line that a client filled with more than this is not worth reading. */
const longestLine = 65_536;

/**
 * Reads the access log lines of a proxy's log, in any default format of Istio since 1.0, as text or JSON. `formats` are
 * formats of its own, as a config dump tells them (`EnvoyListener.accessLogFormats`). Lines of any other kind are no
 * entries. Linear in the size of the log.
 */
export function readAccessLog(log: ContainerLog, formats: readonly string[] = []): readonly AccessLogEntry[] {
  const own = formats.map(readAccessLogFormat);
  const { namespace, pod, container } = log;
  const entries: AccessLogEntry[] = [];
  for (const [index, line] of log.lines.entries()) {
    const fields = readAccessLine(line, own);
    if (fields) entries.push({ ...fields, namespace, pod, container, line: index + 1 });
  }
  return entries;
}

/** Whether istls itself made the request, so that it is no sign of a client. One without HTTP does not show it. */
export function isOwnRequest(entry: Pick<AccessLogEntry, 'userAgent'>): boolean {
  return /\bistls\b/.test(entry.userAgent ?? '');
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

function readTextLine(line: string, formats: readonly AccessLogFormat[]): AccessValues | undefined {
  const own = formats.flatMap((format) => (format.kind === 'text' ? [format.columns] : []));
  const isDefault = startOfDefault.test(line);
  if (!isDefault && own.length === 0) return undefined;
  const cells = isDefault ? splitDefault(line) : splitColumns(line);
  for (const columns of isDefault ? [...own, ...defaultTextFormats] : own) {
    const values = readCells(columns, cells);
    if (values) return values;
  }
  return undefined;
}

type Cell = ReturnType<typeof splitColumns>[number];

/** The request line ends behind its protocol: a path may hold quotes, and Envoy prints it as it came. */
const endOfRequest = /(?:HTTP\/\d(?:\.\d)?|-)" /g;

function splitDefault(line: string): readonly Cell[] {
  const start = line.indexOf(' "');
  endOfRequest.lastIndex = start;
  const end = start === line.indexOf(' ') ? endOfRequest.exec(line) : null;
  if (!end) return splitColumns(line);
  const request = { text: line.slice(start + 2, end.index + end[0].length - 2), quoted: true };
  return [{ text: line.slice(0, start), quoted: false }, request, ...splitColumns(line.slice(endOfRequest.lastIndex))];
}

/**
 * The cells by the columns of a format, or undefined where they do not fit. Two columns can change their number: why the
 * connection ended may hold blanks, and what a client sent may hold quotes; that part of the line is then not read.
 */
function readCells(columns: readonly AccessColumn[], cells: readonly Cell[]): AccessValues | undefined {
  const joined = joinTermination(columns, cells);
  const surplus = joined.length - columns.length;
  const sent = columns.findIndex(({ field }) => field === 'forwardedFor');
  if (surplus < 0 || (surplus > 0 && sent < 0)) return undefined;
  const values: AccessValues = {};
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

function toFields(values: AccessValues): AccessLineFields {
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

function flagsOf(value: AccessValue | undefined): readonly string[] {
  if (typeof value !== 'string' || value === '-' || value === '') return [];
  return value.split(',').map(shortFlag);
}

function toNumber(value: AccessValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,15}(?:ms)?$/.test(value) ? Number.parseInt(value, 10) : undefined;
}

function toText(value: AccessValue | undefined): string | null | undefined {
  if (value === undefined) return undefined;
  return value === null || value === '-' ? null : String(value);
}

/** `GET /path HTTP/2`; Istio 1.0 put nothing between path and protocol. */
function splitRequest(text: string): AccessValues {
  const space = text.indexOf(' ');
  const rest = text.slice(space + 1);
  const protocol = /(?:HTTP\/[\d.]{1,3}|-)$/.exec(rest)?.[0] ?? '';
  const path = rest.slice(0, rest.length - protocol.length).trim();
  return { method: text.slice(0, space), path, protocol: protocol === '' ? null : protocol };
}
