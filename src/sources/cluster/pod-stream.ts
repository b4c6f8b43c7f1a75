import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { Gap } from '../../model/coverage.ts';
import { openPodSocket, type PodRef, type PodRefusal } from './pod-socket.ts';
import { oneLine } from './server-text.ts';
import type { Transport } from './transport.ts';

export type PodConnection = { readonly outcome: 'open'; readonly stream: PodStream } | PodRefusal;

/**
 * Why a stream into a pod ended early. `code` is what a TCP connection to the same port would have failed with,
 * so that probes need not know how they reach a pod.
 */
export class PodStreamError extends Error {
  readonly code: 'ECONNREFUSED' | 'ECONNRESET' | 'ETIMEDOUT' | 'EPIPE';
  readonly gap: Gap;

  constructor(code: PodStreamError['code'], message: string) {
    super(message);
    this.name = 'PodStreamError';
    this.code = code;
    this.gap = { reason: code === 'ETIMEDOUT' ? 'timeout' : 'unreachable', detail: message };
  }
}

/**
 * Connects to a port of a pod by port-forward, without opening a port here. Whether something listens on that port is
 * known only later: the stream then fails with ECONNREFUSED.
 */
export async function openPodStream(transport: Transport, ref: PodRef, port: number): Promise<PodConnection> {
  const opened = await openPodSocket(transport, ref, { to: 'port', port });
  if (opened.outcome !== 'open') return opened;
  const stream = new PodStream(opened.socket, `${ref.namespace}/${ref.pod}:${port}`);
  const budgetEnds = () => stream.destroy(new PodStreamError('ETIMEDOUT', 'the time of the run was over'));
  transport.signal.addEventListener('abort', budgetEnds, { once: true });
  stream.once('close', () => transport.signal.removeEventListener('abort', budgetEnds));
  return { outcome: 'open', stream };
}

const dataChannel = 0;
/** The port, which a node writes first on each channel. */
const prefixBytes = 2;
/** How long to go on reading after our own end: the protocol cannot say that only one half is closed. */
const lingerMs = 1000;

/**
 * One TCP connection inside a pod as a Duplex, fit for `tls.connect({ socket })`, `http` and undici. It speaks
 * `v4.channel.k8s.io` (kubelet, `pkg/cri/streaming/portforward/websocket.go`): each frame begins with a channel number,
 * 0 for data and 1 for the node's complaint.
 */
export class PodStream extends Duplex {
  readonly #socket: WebSocket;
  readonly #target: string;
  readonly #prefixLeft = [prefixBytes, prefixBytes];
  #complaint = '';
  #idle: { readonly ms: number; timer: NodeJS.Timeout } | undefined;
  /** As in `net.Socket`, whose users look at it. */
  timeout = 0;

  constructor(socket: WebSocket, target: string) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#target = target;
    socket.on('message', (frame) => this.#receive(frame));
    socket.on('error', (error) => this.#fail(`the port-forward to ${target} broke: ${oneLine(error.message)}`));
    socket.once('close', (code) => this.#closed(code));
    if (socket.readyState !== WebSocket.OPEN) this.#closed(1006);
    // A failure is to be seen even by a user who does not read yet.
    socket.resume();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      done(new PodStreamError('EPIPE', `the port-forward to ${this.#target} is closed`));
      return;
    }
    this.#idle?.timer.refresh();
    const frame = Buffer.allocUnsafe(chunk.length + 1);
    frame[0] = dataChannel;
    chunk.copy(frame, 1);
    this.#socket.send(frame, { binary: true }, (error) => {
      done(error && new PodStreamError('ECONNRESET', `the port-forward to ${this.#target} broke`));
    });
  }

  override _final(done: () => void): void {
    done();
    if (this.readableEnded) return;
    const linger = setTimeout(() => this.destroy(), lingerMs);
    this.#socket.on('message', () => linger.refresh());
    this.once('close', () => clearTimeout(linger));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.setTimeout(0);
    this.#socket.resume();
    this.#socket.close(1000);
    done(error);
  }

  /** Emits `timeout` after so many milliseconds without traffic, as `net.Socket` does; 0 turns it off. */
  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#idle?.timer);
    this.timeout = ms;
    this.#idle = ms === 0 ? undefined : { ms, timer: setTimeout(() => this.emit('timeout'), ms) };
    if (listener && ms > 0) this.once('timeout', listener);
    return this;
  }

  /** The rest of what users of a `net.Socket` call; nothing of it means anything here. */
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  #receive(frame: Buffer): void {
    const channel = frame[0];
    if (this.destroyed || (channel !== 0 && channel !== 1)) return;
    const skipped = Math.min(this.#prefixLeft[channel] ?? 0, frame.length - 1);
    this.#prefixLeft[channel] = (this.#prefixLeft[channel] ?? 0) - skipped;
    const payload = frame.subarray(1 + skipped);
    if (payload.length === 0) return;
    this.#idle?.timer.refresh();
    if (channel === dataChannel) {
      if (!this.push(payload)) this.#socket.pause();
      return;
    }
    this.#complaint = (this.#complaint + payload.toString()).slice(0, 2048);
    this.#fail(`${this.#target}: ${oneLine(this.#complaint)}`);
  }

  #closed(code: number): void {
    if (this.destroyed || this.readableEnded) return;
    const orderly = code === 1000 || code === 1001 || code === 1005;
    if (orderly) this.push(null);
    else this.#fail(`the port-forward to ${this.#target} broke off (WebSocket code ${code})`);
  }

  #fail(message: string): void {
    if (this.destroyed) return;
    const error = new PodStreamError(codeOf(message), message);
    if (this.readableLength === 0) {
      this.destroy(error);
      return;
    }
    // What came before the failure is delivered first.
    this.push(null);
    this.once('end', () => this.destroy(error));
  }
}

function codeOf(message: string): PodStreamError['code'] {
  if (/connection refused/i.test(message)) return 'ECONNREFUSED';
  if (/timed? ?out/i.test(message)) return 'ETIMEDOUT';
  return 'ECONNRESET';
}
