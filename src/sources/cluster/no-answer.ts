import type { Gap } from '../../model/coverage.ts';
import { IstlsError } from '../../model/errors.ts';
import { errorCode } from './error-code.ts';
import { connectionFailure, type ConnectionFailure } from './connection-failure.ts';

/** A request that was not answered, or whose answer broke off. Never shown itself: it becomes a gap, or `reason`. */
export class NoAnswer extends Error {
  readonly gap: Gap;
  /** What to throw where nothing at all can be learned without this answer. */
  readonly reason: IstlsError;

  constructor({ gap, error }: ConnectionFailure) {
    super(gap.detail);
    this.name = 'NoAnswer';
    this.gap = gap;
    this.reason = error;
  }
}

/** The time limit of one request went by. */
export function noAnswerWithin(ms: number, server: string): NoAnswer {
  const detail = `no answer within ${ms / 1000} s`;
  return new NoAnswer({
    gap: { reason: 'timeout', detail },
    error: new IstlsError('api-unreachable', `The API server ${server} gave ${detail}.`, {
      exit: 3,
      hint: '--request-timeout and --timeout set how long istls waits. Does `kubectl get --raw /version` answer?',
    }),
  });
}

/** The run's budget ended, or somebody interrupted it, before this request was answered. */
export function budgetOver(signal: AbortSignal): NoAnswer {
  const timeUp = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  const detail = timeUp ? 'the time of the run was over before an answer came' : 'the run was interrupted';
  return new NoAnswer({
    gap: { reason: timeUp ? 'timeout' : 'not-collected', detail },
    error: new IstlsError('api-unreachable', `The API server was not read: ${detail}.`, {
      exit: 3,
      hint: '--timeout sets how long the run may take.',
    }),
  });
}

/** A kept connection that the server had closed meanwhile: nothing was asked on it, so asking again is safe. */
export class StaleConnection extends Error {
  constructor(cause: unknown) {
    super('the kept connection was closed', { cause });
  }
}

export function wasClosed(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(errorCode(error));
}

export function noAnswerBecause(cause: unknown, server: string): NoAnswer {
  if (cause instanceof NoAnswer) return cause;
  return new NoAnswer(connectionFailure(cause instanceof StaleConnection ? cause.cause : cause, server));
}
