import http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Gap, Lookup } from '../../model/coverage.ts';
import { hand } from './api-agent.ts';
import { envoyAdminPath, type EnvoyAdminPath } from './envoy-admin-path.ts';
import { budgetOver, noAnswerBecause, noAnswerWithin } from './no-answer.ts';
import { readEnvoyPageByExec } from './pod-exec.ts';
import type { PodRef, PodRefusal } from './pod-socket.ts';
import { openPodStream, PodStreamError } from './pod-stream.ts';
import { timeLimit } from './time-limit.ts';
import type { Transport } from './transport.ts';

export interface EnvoyPage {
  readonly via: 'port-forward' | 'exec';
  /** The page as it arrives. Reading throws a `PodStreamError` or a `NoAnswer`, both with a `gap`, when it breaks off. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The administration interface of one pod's Envoy, for reading. */
export interface EnvoyAdmin {
  /**
   * Absent: this release of Envoy has no such page.
   *
   * @throws TypeError for a path that istls must not ask for
   */
  get(path: string): Promise<Lookup<EnvoyPage>>;
  close(): void;
}

const adminPort = 15000;

/**
 * Reads pages through one port-forward that is kept for the run, or, where the cluster refuses port-forward, through
 * `pilot-agent request GET`. The first page decides which; where both are refused, every page is the same gap.
 */
export function openEnvoyAdmin(transport: Transport, ref: PodRef): EnvoyAdmin {
  const agent = new PodAgent(transport, ref);
  let deciding: Promise<PodRefusal | undefined> | undefined;

  const byExec = async (path: EnvoyAdminPath, forward: PodRefusal): Promise<Lookup<EnvoyPage>> => {
    const result = await readEnvoyPageByExec(transport, ref, path);
    if (result.outcome !== 'answered') return { state: 'unknown', gap: bothRefused(forward, result) };
    const { page } = result;
    return page.state === 'found' ? { state: 'found', value: { via: 'exec', body: page.value } } : page;
  };

  const get = async (text: string): Promise<Lookup<EnvoyPage>> => {
    const path = envoyAdminPath(text);
    if (deciding === undefined) {
      const first = byForward(transport, agent, path);
      deciding = first.then((page) => ('refusal' in page ? page.refusal : undefined));
      const page = await first;
      if (!('refusal' in page)) return page;
    }
    const refused = await deciding;
    if (refused === undefined) {
      const page = await byForward(transport, agent, path);
      return 'refusal' in page ? { state: 'unknown', gap: page.refusal.gap } : page;
    }
    if (refused.outcome !== 'forbidden' && refused.outcome !== 'upgrade-refused') {
      return { state: 'unknown', gap: refused.gap };
    }
    return byExec(path, refused);
  };
  return { get, close: () => agent.destroy() };
}

/** The permission of port-forward is named where it is missing: it is the better way. */
function bothRefused(forward: PodRefusal, exec: PodRefusal): Gap {
  const permission = forward.gap.permission ?? exec.gap.permission;
  return {
    reason: forward.outcome === 'forbidden' || exec.outcome === 'forbidden' ? 'forbidden' : 'unreachable',
    detail: `port-forward: ${forward.gap.detail}; exec: ${exec.gap.detail}`,
    ...(permission !== undefined && { permission }),
  };
}

/** Carries a refused port-forward through `http`, which knows only errors. */
class Refused extends Error {
  readonly refusal: PodRefusal;

  constructor(refusal: PodRefusal) {
    super(refusal.gap.detail);
    this.refusal = refusal;
  }
}

/**
 * Keeps one connection to the admin port and uses it again. Pages that are asked for while another is still being read
 * get connections of their own: were they made to wait, a caller who awaits two pages before reading either would wait
 * for ever.
 */
class PodAgent extends http.Agent {
  readonly #transport: Transport;
  readonly #ref: PodRef;

  constructor(transport: Transport, ref: PodRef) {
    super({ keepAlive: true, maxFreeSockets: 1 });
    this.#transport = transport;
    this.#ref = ref;
  }

  override createConnection(
    _: http.ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    hand(this.#connect(), callback);
    return undefined;
  }

  async #connect(): Promise<Duplex> {
    const connection = await openPodStream(this.#transport, this.#ref, adminPort);
    if (connection.outcome === 'open') return connection.stream;
    throw new Refused(connection);
  }
}

type Page = Lookup<EnvoyPage> | { readonly refusal: PodRefusal };

async function byForward(transport: Transport, agent: http.Agent, path: EnvoyAdminPath): Promise<Page> {
  // A kept connection may have been closed meanwhile; nothing was asked on it then.
  return (await pageOn(transport, agent, path)) ?? (await pageOn(transport, agent, path)) ?? lost;
}

const lost: Page = {
  state: 'unknown',
  gap: { reason: 'unreachable', detail: 'the connection to Envoy was closed twice' },
};

/** Nothing when a kept connection turned out to be closed. */
function pageOn(transport: Transport, agent: http.Agent, path: EnvoyAdminPath): Promise<Page | undefined> {
  const { promise, resolve } = Promise.withResolvers<Page | undefined>();
  const { signal, requestTimeoutMs } = transport;
  const abort = new AbortController();
  const limit = timeLimit(requestTimeoutMs, () => abort.abort(noAnswerWithin(requestTimeoutMs, 'in the pod')));
  const budgetEnds = () => abort.abort(budgetOver(signal));
  signal.addEventListener('abort', budgetEnds, { once: true });
  const done = () => {
    limit.hold();
    signal.removeEventListener('abort', budgetEnds);
  };
  const cause = (error: unknown): unknown => (abort.signal.aborted ? abort.signal.reason : error);
  const request = http.request({ agent, host: 'localhost', port: adminPort, path, signal: abort.signal });
  request.once('response', (response) => {
    response.on('error', done);
    response.once('close', done);
    limit.hold();
    if (response.statusCode === 200) {
      resolve({ state: 'found', value: { via: 'port-forward', body: bodyOf(response, limit, cause) } });
      return;
    }
    response.resume();
    const detail = `Envoy answered ${response.statusCode ?? 0} to ${path}`;
    resolve(
      response.statusCode === 404 ? { state: 'absent' } : { state: 'unknown', gap: { reason: 'unreadable', detail } },
    );
  });
  request.on('error', (error) => {
    done();
    if (error instanceof Refused) resolve({ refusal: error.refusal });
    else if (request.reusedSocket && !abort.signal.aborted) resolve(undefined);
    else resolve({ state: 'unknown', gap: gapOf(cause(error)) });
  });
  request.end();
  return promise;
}

async function* bodyOf(
  response: http.IncomingMessage,
  limit: { hold(): void; goOn(): void },
  cause: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    limit.goOn();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      limit.hold();
      yield chunk;
      limit.goOn();
    }
  } catch (error) {
    throw cause(error);
  } finally {
    limit.hold();
  }
}

function gapOf(error: unknown): Gap {
  if (!(error instanceof PodStreamError)) return noAnswerBecause(error, 'in the pod').gap;
  if (error.code !== 'ECONNREFUSED') return error.gap;
  return { reason: 'unreachable', detail: `nothing listens on port ${adminPort} of the pod, Envoy's admin port` };
}
