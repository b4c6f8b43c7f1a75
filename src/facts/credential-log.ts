import type { LogEvent, LogEventKind } from '../model/log-event.ts';
import type { CredentialUse } from './credentials.ts';
import type { Evidence } from './evidence.ts';
import { eventsAbout } from './log-events.ts';

/** Whether a line was written after another one; without times, by its place in the same log. */
function isLater(one: LogEvent, other: LogEvent): boolean {
  if (one.at !== undefined && other.at !== undefined) return Date.parse(one.at) > Date.parse(other.at);
  return one.pod === other.pod && one.container === other.container && one.line > other.line;
}

const newestOf = (events: readonly LogEvent[]): LogEvent | undefined =>
  events.reduce<LogEvent | undefined>(
    (newest, event) => (newest && isLater(newest, event) ? newest : event),
    undefined,
  );

/** A change that may have mended what a line before it complains of. */
const isMending = ({ reason }: LogEvent): boolean => reason?.startsWith('deleted') !== true;

/**
 * The newest line of these kinds about a credential, unless a later one says that the Secret changed or was handed over.
 * A log is older than the objects beside it: what it complains of may have been mended without another line.
 */
export function standingComplaint(
  evidence: Evidence,
  use: CredentialUse,
  ...kinds: readonly LogEventKind[]
): LogEvent | undefined {
  const newest = newestOf(eventsAbout(evidence, use, ...kinds));
  if (!newest) return undefined;
  const changes = eventsAbout(evidence, use, 'secret-changed', 'secret-pushed').filter(isMending);
  return changes.some((change) => isLater(change, newest)) ? undefined : newest;
}
