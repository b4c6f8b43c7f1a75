import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Audit } from './audit.ts';
import type { Connection } from './kept-connection.ts';
import { timeLimit } from './time-limit.ts';
import { budgetOver, noAnswerBecause, noAnswerWithin, StaleConnection, wasClosed, type NoAnswer } from './no-answer.ts';

/** One request, complete but for the credentials. */
export interface Wanted {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly dryRun?: boolean;
}

export interface Terms {
  readonly connection: Connection;
  readonly signal: AbortSignal;
  readonly limitMs: number;
  readonly audit: Audit;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: Readable;
  /** Stops the time limit while the reader has something else to do, and starts it anew. For bodies read as a stream. */
  hold(): void;
  goOn(): void;
  /** What an error while reading the body means. */
  broken(error: unknown): NoAnswer;
  /** To be called when the body was read or is not wanted. */
  done(): void;
}

/**
 * Sends one request and gives its answer as soon as the first line is there. Every request is audited, answered or not.
 *
 * @throws NoAnswer, StaleConnection
 */
export function exchange(wanted: Wanted, terms: Terms): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const server = wanted.url.origin;
  const abort = new AbortController();
  const limit = timeLimit(terms.limitMs, () => abort.abort(noAnswerWithin(terms.limitMs, server)));
  const budgetEnds = () => abort.abort(budgetOver(terms.signal));
  terms.signal.addEventListener('abort', budgetEnds, { once: true });
  const done = () => {
    limit.hold();
    terms.signal.removeEventListener('abort', budgetEnds);
  };
  const broken = (error: unknown) => noAnswerBecause(abort.signal.aborted ? abort.signal.reason : error, server);
  const record = recorder(wanted, terms.audit);
  const request = (wanted.url.protocol === 'http:' ? http : https).request(wanted.url, {
    method: wanted.method,
    agent: terms.connection.agent,
    headers: { ...wanted.headers, ...terms.connection.headers },
    signal: abort.signal,
  });
  let answered = false;
  request.once('response', (response) => {
    answered = true;
    const status = response.statusCode ?? 0;
    record({ status });
    resolve({ status, headers: response.headers, body: decompressed(response), ...limit, broken, done });
  });
  request.on('error', (error: NodeJS.ErrnoException) => {
    if (answered) return;
    done();
    record({ status: null, error: abort.signal.aborted ? 'ETIMEDOUT' : (error.code ?? 'unknown') });
    const stale = request.reusedSocket && !abort.signal.aborted && wasClosed(error);
    reject(stale ? new StaleConnection(error) : broken(error));
  });
  request.end(wanted.body);
  return promise;
}

function recorder(wanted: Wanted, audit: Audit): (outcome: { status: number | null; error?: string }) => void {
  const started = Date.now();
  return (outcome) =>
    audit({
      time: new Date(started).toISOString(),
      method: wanted.method,
      path: wanted.url.pathname,
      query: wanted.url.search.slice(1),
      ...outcome,
      ms: Date.now() - started,
      ...(wanted.dryRun && { dryRun: true }),
    });
}

function decompressed(response: http.IncomingMessage): Readable {
  const zipped = response.headers['content-encoding'] === 'gzip';
  const body = zipped ? response.pipe(createGunzip()) : response;
  // Whoever reads the body sees the error; when nobody does, it must not end the process.
  body.on('error', () => response.destroy());
  if (!zipped) return body;
  response.once('error', (error) => body.destroy(error));
  body.once('close', () => response.destroy());
  return body;
}
