import type { Gap, Lookup } from '../../model/coverage.ts';
import type { ContainerLog } from '../../model/snapshot.ts';
import { apiPath, permission, podKind } from './api-kind.ts';
import type { Answer } from './exchange.ts';
import { logLines, type LogLine } from './log-lines.ts';
import { NoAnswer } from './no-answer.ts';
import { gapOf, isStatus, messageOf, readAnswer } from './read-answer.ts';
import type { Transport } from './transport.ts';

export interface LogSelection {
  readonly sinceSeconds?: number;
  readonly tailLines?: number;
  /** 10 MB unless given. */
  readonly limitBytes?: number;
  /** The container's run before its last restart. */
  readonly previous?: boolean;
}

export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

const defaultLimitBytes = 10 * 1024 * 1024;

/**
 * The log of one container, line by line as it arrives; a line over 64 kB is cut. Absent: there is no such pod or
 * container, or it had no run before. Reading throws `NoAnswer` when the log breaks off midway.
 * Stop reading when enough is known: the rest is then not transferred.
 */
export async function readLog(
  transport: Transport,
  { namespace, pod, container }: ContainerRef,
  selection: LogSelection = {},
): Promise<Lookup<AsyncIterable<LogLine>>> {
  const place = { namespace, name: pod, subresource: 'log' };
  const path = apiPath(podKind, place);
  if (path === undefined) return { state: 'absent' };
  const limitBytes = selection.limitBytes ?? defaultLimitBytes;
  const query = new URLSearchParams({ container, limitBytes: String(limitBytes) });
  if (selection.sinceSeconds !== undefined) query.set('sinceSeconds', String(selection.sinceSeconds));
  if (selection.tailLines !== undefined) query.set('tailLines', String(selection.tailLines));
  if (selection.previous) query.set('previous', 'true');
  try {
    const answer = await transport.send({ do: 'read', path, query, accept: '*/*' }, false);
    if (answer.status === 200) {
      answer.hold();
      return { state: 'found', value: linesOf(answer, limitBytes) };
    }
    const whole = await readAnswer(answer);
    const missing = whole.status === 404 || (whole.status === 400 && neverRan(messageOf(whole)));
    if (missing && isStatus(whole)) return { state: 'absent' };
    return { state: 'unknown', gap: gapOf(whole, permission('get', podKind, place)) };
  } catch (error) {
    if (error instanceof NoAnswer) return { state: 'unknown', gap: error.gap };
    throw error;
  }
}

/** A kubelet's words for a container that the pod does not have, or that had no earlier run. */
function neverRan(message: string): boolean {
  return /^container \S+ is not valid for pod|previous terminated container \S+ in pod \S+ not found/.test(message);
}

async function* linesOf(answer: Answer, limitBytes: number): AsyncGenerator<LogLine> {
  try {
    yield* logLines(bounded(answer, limitBytes));
  } catch (error) {
    throw answer.broken(error);
  } finally {
    answer.done();
  }
}

/** The server's own limit, kept here as well. */
async function* bounded(answer: Answer, limitBytes: number): AsyncGenerator<Buffer> {
  let left = limitBytes;
  answer.goOn();
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    answer.hold();
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
    answer.goOn();
  }
}

/** A whole log as the snapshot keeps it, with what was read before a failure and the failure as a gap. */
export async function collectLog(
  transport: Transport,
  ref: ContainerRef,
  selection?: LogSelection,
): Promise<{ readonly log?: ContainerLog; readonly gap?: Gap }> {
  const found = await readLog(transport, ref, selection);
  if (found.state === 'absent') return {};
  if (found.state === 'unknown') return { gap: found.gap };
  const lines: string[] = [];
  let truncatedLines = 0;
  const log = () => ({ ...ref, lines, truncatedLines });
  try {
    for await (const line of found.value) {
      lines.push(line.text);
      if (line.truncated) truncatedLines += 1;
    }
    return { log: log() };
  } catch (error) {
    if (error instanceof NoAnswer) return { log: log(), gap: error.gap };
    throw error;
  }
}
