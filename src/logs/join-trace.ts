import type { AccessLogEntry } from '../model/log-event.ts';
import { accessPatterns } from './access-patterns.ts';
import type { LogMeaning } from './log-pattern.ts';
import { type ResponseFlag, responseFlag } from './response-flags.ts';

export type HopRole = 'client-sidecar' | 'gateway' | 'application-sidecar' | 'other';

/** One proxy on the way of a request. */
export interface TraceHop {
  readonly entry: AccessLogEntry;
  readonly role: HopRole;
  /**
   * What makes it a hop of this request: the id in the line, the addresses of a connection (one's local address is the
   * other's remote one), or the server name and the time alone, which is no proof.
   */
  readonly joinedBy: 'request-id' | 'address' | 'server-name';
}

export interface TraceFailure {
  /** The place of the hop in `hops`: the one nearest to the backend that tells of a fault. */
  readonly hop: number;
  /** Where that hop sees it: with its client, in itself, on the way on, or in the answer of what it leads to. */
  readonly where: 'client' | 'here' | 'upstream' | 'answer';
  readonly flags: readonly ResponseFlag[];
  readonly meaning: LogMeaning;
}

export interface Trace {
  /** From the client on. */
  readonly hops: readonly TraceHop[];
  readonly failure?: TraceFailure;
  /** True when the last hop passed the request on to something that no line is there of. */
  readonly endsOpen: boolean;
}

export interface TraceOptions {
  /** The gateways' pods as NAMESPACE/NAME; without it a pod is one whose name says so. */
  readonly gateways?: ReadonlySet<string>;
}

/** Requests of one trace begin within this time of each other, or while the connection lasts that one of them logs. */
const slack = 5000;
const mostHops = 16;

/**
 * Joins the lines of several proxies into the way of one request (runbook B5): those with its id, then those that the
 * addresses of the connections lead to, then a sidecar that passed the client's TLS on and so knows only the server
 * name. Empty where no line has the id.
 */
export function joinTrace(entries: readonly AccessLogEntry[], requestId: string, options: TraceOptions = {}): Trace {
  const index = indexOf(entries);
  const joined = new Map<AccessLogEntry, TraceHop['joinedBy']>();
  for (const entry of entries) {
    if (entry.requestId === requestId && joined.size < mostHops) joined.set(entry, 'request-id');
  }
  for (const entry of joined.keys()) {
    for (const neighbour of byAddress(entry, index)) {
      const same = (neighbour.requestId ?? requestId) === requestId && isAtSameTime(entry, neighbour);
      if (same && joined.size < mostHops && !joined.has(neighbour)) joined.set(neighbour, 'address');
    }
  }
  for (const entry of byServerName([...joined.keys()], entries, options)) joined.set(entry, 'server-name');
  const hops = inOrder([...joined].map(([entry, joinedBy]) => ({ entry, joinedBy, role: roleOf(entry, options) })));
  const failure = findFailure(hops);
  const last = hops.at(-1)?.entry;
  return {
    hops,
    ...(failure && { failure }),
    endsOpen: Boolean(last?.upstreamHost) && !last?.upstreamCluster?.startsWith('inbound|'),
  };
}

interface AddressIndex {
  readonly byRemote: ReadonlyMap<string, readonly AccessLogEntry[]>;
  readonly byLocal: ReadonlyMap<string, readonly AccessLogEntry[]>;
}

function indexOf(entries: readonly AccessLogEntry[]): AddressIndex {
  return {
    byRemote: Map.groupBy(entries, ({ downstreamRemote }) => downstreamRemote ?? ''),
    byLocal: Map.groupBy(entries, ({ upstreamLocal }) => upstreamLocal ?? ''),
  };
}

function byAddress(entry: AccessLogEntry, index: AddressIndex): readonly AccessLogEntry[] {
  const next = entry.upstreamLocal ? index.byRemote.get(entry.upstreamLocal) : undefined;
  const previous = entry.downstreamRemote ? index.byLocal.get(entry.downstreamRemote) : undefined;
  return [...(next ?? []), ...(previous ?? [])];
}

/**
 * Where addresses do not lead on: a sidecar that passed the client's TLS on behind an address translation, and the
 * sidecar of the application, which is asked for by the name of the cluster. Only where one line alone fits.
 */
function byServerName(
  joined: readonly AccessLogEntry[],
  entries: readonly AccessLogEntry[],
  options: TraceOptions,
): readonly AccessLogEntry[] {
  const gateway = joined.find((entry) => roleOf(entry, options) === 'gateway');
  if (!gateway) return [];
  const missing = (role: HopRole) => !joined.some((entry) => roleOf(entry, options) === role);
  const only = (role: HopRole, name: string | null | undefined, fits: (entry: AccessLogEntry) => boolean) => {
    if (!name || !missing(role)) return [];
    const found = entries.filter(
      (entry) => entry.sni === name && roleOf(entry, options) === role && isAtSameTime(entry, gateway) && fits(entry),
    );
    return found.length === 1 ? found : [];
  };
  return [
    ...only('client-sidecar', gateway.sni, ({ method }) => !method),
    ...only(
      'application-sidecar',
      meshServerName(gateway.upstreamCluster),
      (entry) => entry.downstreamLocal === gateway.upstreamHost && !entry.requestId,
    ),
  ];
}

/** The server name that Istio sends for a cluster: `outbound_.80_.v2_.HOST` for `outbound|80|v2|HOST`. */
function meshServerName(cluster: string | null | undefined): string | undefined {
  return cluster?.startsWith('outbound|') ? cluster.replaceAll('|', '_.') : undefined;
}

function isAtSameTime(one: AccessLogEntry, other: AccessLogEntry): boolean {
  if (one.at === undefined || other.at === undefined) return true;
  const apart = Math.abs(Date.parse(one.at) - Date.parse(other.at));
  return !(apart > slack + Math.max(one.durationMs ?? 0, other.durationMs ?? 0));
}

function roleOf(entry: AccessLogEntry, { gateways }: TraceOptions): HopRole {
  const isGateway = gateways ? gateways.has(`${entry.namespace}/${entry.pod}`) : entry.pod.includes('gateway');
  if (isGateway) return 'gateway';
  const cluster = entry.upstreamCluster ?? '';
  if (cluster.startsWith('inbound|') || cluster === 'InboundPassthroughCluster') return 'application-sidecar';
  if (cluster.startsWith('outbound|') || cluster === 'PassthroughCluster') return 'client-sidecar';
  return 'other';
}

const ranks: Readonly<Record<HopRole, number>> = {
  'client-sidecar': 0,
  gateway: 1,
  other: 2,
  'application-sidecar': 3,
};

/** By role and time; of two where the addresses say which one leads to the other, in that order. */
function inOrder(hops: readonly TraceHop[]): readonly TraceHop[] {
  return hops.toSorted(({ entry: a, role: roleA }, { entry: b, role: roleB }) => {
    if (a.upstreamLocal && a.upstreamLocal === b.downstreamRemote) return -1;
    if (b.upstreamLocal && b.upstreamLocal === a.downstreamRemote) return 1;
    return ranks[roleA] - ranks[roleB] || (a.at ?? '').localeCompare(b.at ?? '');
  });
}

function findFailure(hops: readonly TraceHop[]): TraceFailure | undefined {
  const hop = hops.findLastIndex(({ entry }) => entry.flags.length > 0 || (entry.status ?? 0) >= 400);
  const entry = hops[hop]?.entry;
  const meaning = entry && accessPatterns.find((pattern) => pattern.is(entry));
  if (!entry || !meaning) return undefined;
  const flags = entry.flags.flatMap((flag) => responseFlag(flag) ?? []);
  const sides = new Set(flags.map(({ side }) => side));
  const own = entry.upstreamHost ? 'answer' : 'here';
  const where = sides.has('upstream') ? 'upstream' : sides.has('here') ? 'here' : sides.has('client') ? 'client' : own;
  return { hop, where, flags, meaning };
}
