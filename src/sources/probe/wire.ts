import { Duplex } from 'node:stream';

/** The server's first flight with the longest chain that OpenSSL takes (100 kB), and room for more. */
const keptBytes = 256 * 1024;

/**
 * The bytes between TLS and the network, watched. TLS alone hides what a doctor wants to know: how many bytes came
 * before the end, when the last one did, whether the end was a FIN or a reset, and what a server says that does not
 * speak TLS. The first bytes are kept, for the server's flight to be read from.
 */
export class Wire extends Duplex {
  readonly #inner: Duplex;
  readonly #kept: Buffer[] = [];
  readonly #startedAt: number;
  #received = 0;
  #lastAt: number | undefined;
  #ended = false;
  #failure: Error | undefined;

  /** `startedAt` as `performance.now()` counts: the moment from which `lastAtMs` is told. */
  constructor(inner: Duplex, startedAt: number) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    this.#startedAt = startedAt;
    inner.on('data', (chunk: Buffer) => this.#receive(chunk));
    inner.on('end', () => {
      this.#ended = true;
      this.push(null);
    });
    inner.on('error', (error) => {
      this.#failure ??= error;
      this.destroy(error);
    });
    inner.on('close', () => this.destroy());
    inner.pause();
  }

  get received(): { readonly bytes: number; readonly lastAtMs?: number } {
    const bytes = this.#received;
    return this.#lastAt === undefined ? { bytes } : { bytes, lastAtMs: Math.round(this.#lastAt - this.#startedAt) };
  }

  /** The beginning of what was received. */
  get firstBytes(): Buffer {
    return Buffer.concat(this.#kept);
  }

  /** Whether the other side ended its direction in good order. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The first error of the network. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  #receive(chunk: Buffer): void {
    if (this.#received < keptBytes) this.#kept.push(chunk);
    this.#received += chunk.length;
    this.#lastAt = performance.now();
    if (!this.push(chunk)) this.#inner.pause();
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#inner.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#inner.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
