import type { AccessLogEntry } from '../model/log-event.ts';
import { derive, type Evidence } from './evidence.ts';
import { accessLog } from './log-events.ts';

/** The host that a line is about: what was asked for after the handshake, else the name sent in it. */
export function requestedHost(entry: AccessLogEntry): string | undefined {
  const { authority, sni } = entry;
  const host = typeof authority === 'string' ? authority.replace(/:\d{1,5}$/, '') : sni;
  return typeof host === 'string' ? host.toLowerCase() : undefined;
}

const byHost = derive((evidence) => Map.groupBy(accessLog(evidence), (entry) => requestedHost(entry) ?? ''));

/** Lines of access logs about a host, oldest first; those of a wildcard are those of every name below it. */
export function requestsFor(evidence: Evidence, host: string): readonly AccessLogEntry[] {
  if (host === '*') return accessLog(evidence);
  if (!host.startsWith('*')) return byHost(evidence).get(host.toLowerCase()) ?? [];
  const suffix = host.slice(1).toLowerCase();
  return [...byHost(evidence)].flatMap(([name, entries]) => (name.endsWith(suffix) ? entries : []));
}

export const hasDetail = (entry: AccessLogEntry, detail: string): boolean =>
  (entry.details ?? '').startsWith(detail) || (entry.terminationDetails ?? '').startsWith(detail);

/** `404 NR`: the handshake was well and no route took the request. */
export const isWithoutRoute = (entry: AccessLogEntry): boolean => entry.status === 404 && entry.flags.includes('NR');

/** `NR filter_chain_not_found`: no server of the listener has the name. */
export const isWithoutChain = (entry: AccessLogEntry): boolean =>
  entry.flags.includes('NR') && hasDetail(entry, 'filter_chain_not_found');
