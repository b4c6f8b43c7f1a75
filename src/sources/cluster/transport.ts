import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../model/json.ts';
import type { Audit } from './audit.ts';
import { createSlots } from './concurrency.ts';
import { exchange, type Answer, type Wanted } from './exchange.ts';
import type { Connection } from './kept-connection.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { budgetOver, noAnswerBecause, StaleConnection } from './no-answer.ts';
import { retryDelay } from './retry-delay.ts';

export interface TransportOptions {
  /** Ends with the budget of the whole run. */
  readonly signal: AbortSignal;
  /** What is left of that budget, in milliseconds: a longer wait that a server asks for is not begun. */
  readonly remainingMs?: () => number;
  /** `--request-timeout`, in milliseconds; 10 s unless given. */
  readonly requestTimeoutMs?: number;
  /** Requests at the same time; 16 unless given. */
  readonly concurrency?: number;
  readonly audit?: Audit;
  readonly userAgent?: string;
}

export type Review = 'selfsubjectaccessreviews' | 'selfsubjectrulesreviews' | 'subjectaccessreviews';

/**
 * All that can be sent: reads, questions about rights, and tries that the server does not keep. No other request has a
 * shape here, so none can be made by mistake.
 */
export type ApiCall =
  | { readonly do: 'read'; readonly path: string; readonly query?: URLSearchParams; readonly accept?: string }
  | { readonly do: 'review'; readonly review: Review; readonly body: JsonObject }
  | { readonly do: 'try'; readonly path: string; readonly query: URLSearchParams; readonly patch: Patch };

export interface Patch {
  readonly contentType: 'application/json-patch+json' | 'application/merge-patch+json' | 'application/apply-patch+yaml';
  readonly body: string;
}

export interface Transport {
  readonly access: ClusterAccess;
  readonly signal: AbortSignal;
  readonly requestTimeoutMs: number;
  readonly userAgent: string;
  readonly audit: Audit;
  /**
   * Sends a call and gives the answer, whatever its status, after the waits that the server asked for and, for a 401,
   * with new credentials where there can be any. `held` says whether the call counts as running until `done()`;
   * a stream that is read later must not, or enough of them would stop everything else.
   *
   * @throws NoAnswer
   */
  send(call: ApiCall, held?: boolean): Promise<Answer>;
}

const attempts = 5;
const longestWaitMs = 10_000;

/** Sends requests to the API server with the credentials of `access`, a bounded number at a time. */
export function createTransport(access: ClusterAccess, options: TransportOptions): Transport {
  const { signal, requestTimeoutMs = 10_000, userAgent = 'istls', audit = () => undefined } = options;
  const remainingMs = options.remainingMs ?? (() => longestWaitMs);
  const slots = createSlots(options.concurrency ?? 16);

  const attempt = async (wanted: Wanted, held: boolean): Promise<Answer & { used: Connection }> => {
    const giveBack = await slots.take(signal).catch(() => {
      throw budgetOver(signal);
    });
    try {
      const connection = await orOver(access.connection(), signal);
      const answer = await exchange(wanted, { connection, signal, limitMs: requestTimeoutMs, audit });
      if (!held) giveBack();
      return { ...answer, used: connection, done: () => (answer.done(), giveBack()) };
    } catch (error) {
      giveBack();
      throw error instanceof StaleConnection ? error : noAnswerBecause(error, access.server.origin);
    }
  };

  const send = async (call: ApiCall, held = true): Promise<Answer> => {
    refuseListOfSecrets(call);
    const wanted = wantedFor(call, access.server, userAgent);
    let renewed = false;
    for (let left = attempts - 1; ; left -= 1) {
      const answer = await attempt(wanted, held).catch((error: unknown) => {
        if (error instanceof StaleConnection && left > 0) return undefined;
        throw noAnswerBecause(error, access.server.origin);
      });
      if (!answer) continue;
      const wait = left > 0 ? retryDelay(answer.status, answer.headers['retry-after'], Date.now()) : undefined;
      const renewable: boolean = answer.status === 401 && !renewed && access.renewCredentials(answer.used);
      const patient = wait !== undefined && wait <= Math.min(longestWaitMs, remainingMs());
      if (!renewable && !patient) return answer;
      renewed ||= renewable;
      answer.body.resume();
      answer.done();
      if (patient) await pause(wait, signal);
    }
  };
  return { access, signal, requestTimeoutMs, userAgent, audit, send };
}

/** What a list of metadata is asked for with. No other type is offered: a server that cannot do it answers 406. */
export const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** The last door: whatever a caller was made to ask for, no list of Secrets with their data leaves here. */
function refuseListOfSecrets(call: ApiCall): void {
  if (call.do !== 'read' || call.accept === metadataOnly) return;
  if (/\/secrets\/*$/i.test(call.path)) throw new TypeError('Secrets are never listed with their data');
}

/** A plugin may be asking a person for new credentials: the budget ends that wait, too. */
async function orOver<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const over = () => reject(budgetOver(signal));
  signal.addEventListener('abort', over, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', over);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw budgetOver(signal);
  }
}

function wantedFor(call: ApiCall, server: URL, userAgent: string): Wanted {
  const accept = call.do === 'read' ? call.accept : undefined;
  const headers = {
    'User-Agent': userAgent,
    'Accept-Encoding': 'gzip',
    Accept: accept ?? 'application/json',
  };
  if (call.do === 'read') return { method: 'GET', url: apiUrl(server, call.path, call.query), headers };
  if (call.do === 'review') {
    const url = apiUrl(server, `/apis/authorization.k8s.io/v1/${call.review}`);
    const body = JSON.stringify(call.body);
    return { method: 'POST', url, headers: { ...headers, 'Content-Type': 'application/json' }, body };
  }
  const query = new URLSearchParams(call.query);
  query.set('dryRun', 'All');
  return {
    method: 'PATCH',
    url: apiUrl(server, call.path, query),
    headers: { ...headers, 'Content-Type': call.patch.contentType },
    body: call.patch.body,
    dryRun: true,
  };
}

/** The server's own path, as of a proxy that serves several clusters (`/k8s/clusters/c-1`), stays in front. */
export function apiUrl(server: URL, path: string, query?: URLSearchParams): URL {
  const url = new URL(server);
  url.pathname = `${server.pathname.replace(/\/$/, '')}${path}`;
  url.search = query?.toString() ?? '';
  return url;
}
