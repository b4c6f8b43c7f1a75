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

/** Whether a line is of a workload's pod, or of istiod about one. */
export const isOfWorkload = (event: LogEvent, workload: Workload): boolean => {
  const about = event.proxy ?? (event.from === 'istiod' ? undefined : event);
  return (
    about !== undefined && workload.pods.some((pod) => pod.namespace === about.namespace && pod.name === about.pod)
  );
};

/**
 * Events about one credential: by the name that Envoy asks for, or by the Secret that a line names. A line of istiod that
 * names neither proxy nor namespace counts for every workload that asks for the name.
 */
export function eventsAbout(
  evidence: Evidence,
  about: { readonly sdsName: string; readonly namespace: string; readonly name: string; readonly workload?: Workload },
  ...kinds: readonly LogEventKind[]
): readonly LogEvent[] {
  return eventsOf(evidence, ...kinds).filter((event) => {
    if (event.proxy && about.workload && !isOfWorkload(event, about.workload)) return false;
    if (event.resource !== undefined) return event.resource === about.sdsName || event.resource === about.name;
    if (!event.secret) return false;
    const { namespace, name } = event.secret;
    return name === about.name && (namespace === undefined || namespace === about.namespace);
  });
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
