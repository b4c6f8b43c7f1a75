import type { Evidence } from '../../facts/evidence.ts';
import { accessLog } from '../../facts/log-events.ts';
import { serverFor } from '../../facts/targets.ts';
import type { Server } from '../../facts/servers.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Observation, Step } from '../../model/finding.ts';
import type { AccessLogEntry } from '../../model/log-event.ts';
import type { Check, Explanation, Fault } from '../check.ts';

/** An access log line as an observation: the parts that tell a failure. */
export function observedEntry(entry: AccessLogEntry): Observation {
  const request = [entry.method, entry.path].filter((part) => typeof part === 'string').join(' ');
  const words = [
    entry.at,
    request,
    entry.status === undefined ? undefined : String(entry.status),
    entry.flags.length === 0 ? undefined : entry.flags.join(','),
    entry.details ?? entry.terminationDetails,
    typeof entry.authority === 'string' ? `authority ${entry.authority}` : undefined,
    `SNI ${entry.sni ?? '-'}`,
    typeof entry.upstreamCluster === 'string' ? entry.upstreamCluster : undefined,
  ];
  return {
    source: 'access-log',
    ref: `${entry.namespace}/${entry.pod}`,
    detail: words.filter((word) => word !== undefined && word !== null && word !== '').join(' '),
  };
}

/** The host that a line is about: what was asked for after the handshake, else the name sent in it. */
const hostOf = (entry: AccessLogEntry): string | undefined => {
  const host = typeof entry.authority === 'string' ? entry.authority.replace(/:\d+$/, '') : entry.sni;
  return typeof host === 'string' ? host.toLowerCase() : undefined;
};

/** A symptom that access logs show, one finding a host. */
export function accessLogSymptom(about: {
  readonly name: string;
  readonly title: string;
  readonly step: Step;
  readonly says: (host: string) => string;
  readonly takes: (entry: AccessLogEntry) => boolean;
  readonly explains?: readonly Explanation[];
}): Check {
  return {
    name: about.name,
    title: about.title,
    group: 'symptom',
    kind: 'symptom',
    severity: 'error',
    step: about.step,
    reads: ['access-log'],
    explains: about.explains ?? [],
    *inspect(evidence) {
      const failing = accessLog(evidence).filter((entry) => about.takes(entry) && hostOf(entry) !== undefined);
      for (const [host = '', entries] of Map.groupBy(failing, hostOf))
        yield faultOf(evidence, about.says, host, entries);
    },
  };
}

function faultOf(
  evidence: Evidence,
  says: (host: string) => string,
  host: string,
  entries: readonly AccessLogEntry[],
): Fault {
  const server: Server | undefined = serverFor(evidence, host, 443);
  const title = `${says(host)} (${entries.length} ${entries.length === 1 ? 'line' : 'lines'})`;
  return {
    subject: server
      ? { ...subjectOf(server.owner, server.path), host }
      : { apiVersion: '', kind: 'Host', namespace: '', name: host, host },
    title,
    message: `${title}.`,
    evidence: entries.slice(-2).map(observedEntry),
    affects: [{ ...(server && { server }), hosts: [host] }],
    confidence: 0.85,
    // a line may be old, or of a scanner: by itself it breaks nothing
    severity: 'info',
  };
}
