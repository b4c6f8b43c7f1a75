import type { LogEvent } from '../model/log-event.ts';
import type { ContainerLog } from '../model/snapshot.ts';
import { type Envelope, longestMessage, readEnvelope, withoutPrefix } from './envelope.ts';
import type { EventFields, Writer } from './log-pattern.ts';
import { ofResource } from './event-fields.ts';
import { logPatterns, type MessageMatch, matchMessage } from './match-message.ts';

const writers: Readonly<Record<string, Writer>> = {
  'istio-proxy': 'gateway',
  'ingress-sds': 'node-agent',
  'sds-node-agent': 'node-agent',
  discovery: 'istiod',
  istiod: 'istiod',
  pilot: 'istiod',
  galley: 'istiod',
};

/** Kinds that Envoy prints several times for one happening: lines within a second of the first are counted into it. */
const repeated: ReadonlySet<string> = new Set([
  'secret-refused',
  'listener-refused',
  'cluster-refused',
  'bind-failed',
  'secret-fetch-timeout',
  'file-secret-failed',
]);
const burst = 1000;
const longestBurst = 100;
/** Lines that a refusal can go on over: it may print a whole listener. */
const mostContinuations = 2000;
const longestText = 4096;

/** Whose log a container's is, by its name; undefined for containers that istls knows nothing of. */
export function writerOf(container: string): Writer | undefined {
  return Object.hasOwn(writers, container) ? writers[container] : undefined;
}

/**
 * Reads the log of a gateway, a node agent or istiod into events, in the order of its lines. Linear in the size of the
 * log. Lines of access logs are no events (`readAccessLog` reads them), and a line without an envelope belongs to the one
 * before it, so that nothing that a client can send is taken for a line of Istio's.
 */
export function readLogEvents(log: ContainerLog): readonly LogEvent[] {
  const writer = writerOf(log.container);
  if (writer === undefined) return [];
  const wanted = prefilters[writer];
  const events: LogEvent[] = [];
  const connections = new Map<string, string>();
  for (const [index, line] of log.lines.entries()) {
    const head = line.length > longestMessage ? line.slice(0, longestMessage) : line;
    if (!wanted.test(head)) continue;
    const envelope = readEnvelope(head);
    if (!envelope) continue;
    const message = withContinuation(envelope, log.lines, index);
    const match = matchMessage(message, writer, envelope.labels);
    if (!match) continue;
    const known = fromConnection(match, connections);
    for (const fields of match.pattern.events?.(match.parts, match.context) ?? []) {
      add(events, { ...known, ...fields }, { log, writer, index, envelope });
    }
  }
  return events;
}

interface Place {
  readonly log: ContainerLog;
  readonly writer: Writer;
  readonly index: number;
  readonly envelope: Envelope;
}

function add(events: LogEvent[], fields: EventFields, { log, writer, index, envelope }: Place): void {
  const event: LogEvent = {
    ...fields,
    from: writer,
    namespace: log.namespace,
    pod: log.pod,
    container: log.container,
    line: index + 1,
    ...(envelope.at !== undefined && { at: envelope.at }),
    text: envelope.message.slice(0, longestText),
    times: 1,
  };
  if (event.kind === 'handshake-failed' && foretold(events.at(-1), event)) events.pop();
  const first = repeated.has(event.kind) ? findFirst(events, event) : -1;
  const counted = events[first];
  if (counted) events[first] = { ...counted, times: counted.times + 1 };
  else events.push(event);
}

/**
 * Why a certificate was refused is printed before the line about its connection, which since Envoy 1.37 says it again.
 * An older one does not: there the first line is the one to keep, beside the second.
 */
function foretold(last: LogEvent | undefined, event: LogEvent): boolean {
  if (last?.kind !== 'handshake-failed' || last.client !== undefined || last.reason === undefined) return false;
  return event.line - last.line <= 4 && event.reason?.includes(last.reason) === true;
}

/** The event that this one repeats. A burst is short: looking back over a few events is enough. */
function findFirst(events: readonly LogEvent[], event: LogEvent): number {
  for (let at = events.length - 1; at >= Math.max(0, events.length - longestBurst); at -= 1) {
    const other = events[at];
    if (other && isSame(other, event) && within(other, event)) return at;
  }
  return -1;
}

function isSame(one: LogEvent, other: LogEvent): boolean {
  return (
    one.kind === other.kind &&
    one.reason === other.reason &&
    one.listener === other.listener &&
    one.resource === other.resource &&
    one.proxy?.pod === other.proxy?.pod
  );
}

function within(first: LogEvent, later: LogEvent): boolean {
  if (first.at === undefined || later.at === undefined) return later.line - first.line < 50;
  return Math.abs(Date.parse(later.at) - Date.parse(first.at)) <= burst;
}

/** Lines of a refusal up to the next one that has an envelope. */
function withContinuation(envelope: Envelope, lines: readonly string[], index: number): string {
  if (!/ rejected: |ACK ERROR /.test(envelope.message)) return envelope.message;
  const parts = [envelope.message];
  let length = envelope.message.length;
  for (const line of lines.slice(index + 1, index + 1 + mostContinuations)) {
    length += line.length;
    if (length > longestMessage || isStart(line)) break;
    if (!/^\s*thread=\d+$/.test(line)) parts.push(line);
  }
  return parts.join('\n').trimEnd();
}

function isStart(line: string): boolean {
  return /^(?:\d{4}-\d\d-\d\dT|\[\d{4}-\d\d-\d\d|\{")/.test(withoutPrefix(line.slice(0, 600)));
}

/** Istio 1.1–1.2 names the secret when Envoy asks, and only the connection when it is given. */
function fromConnection(match: MessageMatch, connections: Map<string, string>): Partial<EventFields> {
  const { connection, secret } = match.parts;
  if (connection === undefined || match.pattern.writers.includes('istiod')) return {};
  if (secret !== undefined) connections.set(connection, secret);
  return ofResource(connections.get(connection));
}

const prefilters: Readonly<Record<Writer, RegExp>> = {
  gateway: prefilter('gateway'),
  'node-agent': prefilter('node-agent'),
  istiod: prefilter('istiod'),
};

/** One expression that finds the cue of any pattern, before a line is taken apart. Quotes are escaped in a JSON log. */
function prefilter(writer: Writer): RegExp {
  const cues = logPatterns
    .filter(({ writers: own, events }) => own.includes(writer) && events !== undefined)
    .map(({ cue }) => cue.split(/["\\]/)[0] ?? cue);
  const unique = [...new Set(cues)].map((cue) => cue.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`));
  return new RegExp(unique.join('|'));
}
