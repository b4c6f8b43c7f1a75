import { caSuffix } from '../istio/sds-names.ts';
import { readAccessLog } from '../logs/read-access-log.ts';
import { readLogEvents } from '../logs/read-log-events.ts';
import type { AccessLogEntry, LogEvent, LogEventKind } from '../model/log-event.ts';
import { derive, type Evidence } from './evidence.ts';
import type { Workload } from './workloads.ts';

/** Every line of the collected logs that says something of TLS, in the order of the logs. */
export const logEvents = derive((evidence): readonly LogEvent[] => evidence.snapshot.logs.flatMap(readLogEvents));

const eventsByKind = derive((evidence) => Map.groupBy(logEvents(evidence), ({ kind }) => kind));

export const eventsOf = (evidence: Evidence, ...kinds: readonly LogEventKind[]): readonly LogEvent[] =>
  kinds.flatMap((kind) => eventsByKind(evidence).get(kind) ?? []);

/**
 * Whether a line is of a workload's pod, or of istiod about one. Logs are older than pods: a pod that is gone is known by
 * the name that it had from its workload. A file that does not say whose log it is may be anybody's.
 */
export const isOfWorkload = (event: LogEvent, workload: Workload): boolean => {
  const about = event.proxy ?? (event.from === 'istiod' ? undefined : event);
  if (about === undefined) return false;
  if (about.namespace === '') return true;
  if (about.namespace !== workload.namespace) return false;
  return workload.pods.some(({ name }) => name === about.pod) || about.pod.startsWith(`${workload.name}-`);
};

/** Names by which a line may speak of a credential: as Envoy asks for it, or that of the Secret. */
const eventsByName = derive((evidence) => {
  const known = new Map<string, LogEvent[]>();
  for (const event of logEvents(evidence)) {
    const name = event.resource ?? event.secret?.name;
    if (name === undefined) continue;
    const own = known.get(name);
    if (own) own.push(event);
    else known.set(name, [event]);
  }
  return known;
});

/** A credential, as far as it takes to find the lines about it. */
export interface NamedCredential {
  readonly sdsName: string;
  readonly namespace: string;
  readonly name: string;
  readonly workload?: Workload;
}

function isAbout(event: LogEvent, about: NamedCredential, isCa: boolean): boolean {
  const ofSomebody = event.proxy !== undefined || event.from !== 'istiod';
  if (ofSomebody && about.workload && !isOfWorkload(event, about.workload)) return false;
  if (event.resource !== undefined) return true;
  // istiod names a denied CA by its pair's Secret
  if (event.ca === true && !isCa) return false;
  const namespace = event.secret?.namespace;
  return namespace === undefined || namespace === about.namespace;
}

/**
 * Events about one credential, in the order of the logs: by the name that Envoy asks for, or by the Secret that a line
 * names. A line of istiod that names neither proxy nor namespace counts for every workload that asks for the name.
 */
export function eventsAbout(
  evidence: Evidence,
  about: NamedCredential,
  ...kinds: readonly LogEventKind[]
): readonly LogEvent[] {
  const isCa = about.sdsName.endsWith(caSuffix);
  const byName = [...new Set([about.sdsName, about.name])].flatMap((name) => eventsByName(evidence).get(name) ?? []);
  return byName.filter((event) => kinds.includes(event.kind) && isAbout(event, about, isCa));
}

/** The formats of the access logs that the Envoys of the evidence write, as far as their configuration tells. */
const accessLogFormats = derive((evidence): readonly string[] => [
  ...new Set(
    evidence.snapshot.envoys.flatMap(({ listeners }) =>
      (listeners ?? []).flatMap((listener) => listener.accessLogFormats ?? []),
    ),
  ),
]);

/** Access log lines of clients. Lines of our own probes are no evidence of a client. */
export const accessLog = derive((evidence): readonly AccessLogEntry[] =>
  evidence.snapshot.logs
    .filter(({ container }) => container === 'istio-proxy')
    .flatMap((log) => readAccessLog(log, accessLogFormats(evidence)))
    .filter(({ userAgent }) => !(userAgent ?? '').startsWith('istls/')),
);

/** The day and the line of a log event, for `ref` of an observation. */
export const eventRef = (event: LogEvent): string => `${event.namespace}/${event.pod} ${event.container}`;
