import { isObject } from '../kubernetes/read.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { AccessField, AccessLogFormat } from './access-log-format.ts';

/** A value as the log has it. */
export type AccessValue = string | number | null;
export type AccessValues = Partial<Record<AccessField, AccessValue>>;

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

/** Reads a line of a JSON access log; undefined for JSON that is none. */
export function readJsonLine(line: string, formats: readonly AccessLogFormat[]): AccessValues | undefined {
  const json = parseObject(line);
  if (!json) return undefined;
  const own = new Map(formats.flatMap((format) => (format.kind === 'json' ? [...format.members] : [])));
  const values: AccessValues = {};
  gather(json, own, values, 0);
  const told = [...telling].filter((field) => values[field] !== undefined);
  return told.length >= 2 ? values : undefined;
}

/** Members may be grouped into objects, two levels deep. */
function gather(json: JsonObject, own: ReadonlyMap<string, AccessField>, values: AccessValues, level: number): void {
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
