import { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Lookup } from '../../model/coverage.ts';
import { textAt } from '../../kubernetes/read.ts';
import type { EnvoyAdminPath } from './envoy-admin-path.ts';
import { jsonOrNothing } from './json-or-nothing.ts';
import { openPodSocket, type PodRef, type PodRefusal } from './pod-socket.ts';
import { PodStreamError } from './pod-stream.ts';
import { oneLine } from './server-text.ts';
import type { Transport } from './transport.ts';

export type EnvoyPageByExec = { readonly outcome: 'answered'; readonly page: Lookup<Readable> } | PodRefusal;

/**
 * Reads one page of a pod's Envoy by running `pilot-agent request GET` in its container `istio-proxy`. The way for
 * clusters that refuse port-forward; no other command can be run.
 */
export async function readEnvoyPageByExec(
  transport: Transport,
  ref: PodRef,
  path: EnvoyAdminPath,
): Promise<EnvoyPageByExec> {
  const opened = await openPodSocket(transport, ref, { to: 'envoy-page', path });
  if (opened.outcome !== 'open') return opened;
  const output = new ExecOutput(opened.socket);
  const stop = () => output.destroy(new PodStreamError('ETIMEDOUT', 'the time of the run was over'));
  transport.signal.addEventListener('abort', stop, { once: true });
  output.once('close', () => transport.signal.removeEventListener('abort', stop));
  const limit = setTimeout(() => {
    output.destroy(
      new PodStreamError('ETIMEDOUT', `pilot-agent gave no answer within ${transport.requestTimeoutMs / 1000} s`),
    );
  }, transport.requestTimeoutMs);
  try {
    await output.begun;
    return { outcome: 'answered', page: { state: 'found', value: output } };
  } catch (error) {
    return { outcome: 'answered', page: failedPage(error) };
  } finally {
    clearTimeout(limit);
  }
}

function failedPage(error: unknown): Lookup<Readable> {
  const message = error instanceof Error ? error.message : 'unknown';
  if (/status(?: code)? 404\b/.test(message)) return { state: 'absent' };
  const gap = error instanceof PodStreamError ? error.gap : undefined;
  return { state: 'unknown', gap: gap ?? { reason: 'unreachable', detail: oneLine(message) } };
}

const outputLimit = 512 * 1024 * 1024;
const [stdout, stderr, status] = [1, 2, 3];

/** Standard output of a command in a container. It fails with the command's complaint when the command does. */
class ExecOutput extends Readable {
  readonly #socket: WebSocket;
  readonly #begun = Promise.withResolvers<void>();
  #complaint = '';
  #bytes = 0;
  #finished = false;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    socket.on('message', (frame) => this.#receive(frame));
    socket.on('error', (error) =>
      this.destroy(new PodStreamError('ECONNRESET', `exec broke: ${oneLine(error.message)}`)),
    );
    socket.once('close', (code) => {
      if (!this.#finished) this.destroy(new PodStreamError('ECONNRESET', `exec broke off (WebSocket code ${code})`));
    });
    this.once('error', this.#begun.reject);
    // The failure is also the stream's error, which its reader sees.
    this.#begun.promise.catch(() => undefined);
    socket.resume();
  }

  /** Settles with the first output, the end, or the failure. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.resume();
    this.#socket.close(1000);
    done(error);
  }

  #receive(frame: Buffer): void {
    const payload = frame.subarray(1);
    if (this.destroyed || payload.length === 0) return;
    if (frame[0] === stderr) this.#complaint = (this.#complaint + payload.toString()).slice(0, 4096);
    else if (frame[0] === status) this.#finish(payload);
    else if (frame[0] === stdout) this.#output(payload);
  }

  #output(payload: Buffer): void {
    this.#bytes += payload.length;
    if (this.#bytes > outputLimit) {
      this.destroy(new PodStreamError('ECONNRESET', 'the output is larger than any page of Envoy'));
      return;
    }
    this.#begun.resolve();
    if (!this.push(payload)) this.#socket.pause();
  }

  /** The command's end, as a `Status`. */
  #finish(payload: Buffer): void {
    const outcome = jsonOrNothing(payload.toString());
    this.#finished = true;
    if (textAt(outcome, 'status') === 'Success') {
      this.#begun.resolve();
      this.push(null);
      return;
    }
    const said = oneLine(this.#complaint) || oneLine(textAt(outcome, 'message') ?? 'the command failed');
    this.destroy(new PodStreamError('ECONNRESET', `pilot-agent request: ${said}`));
  }
}
