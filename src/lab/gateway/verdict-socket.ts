import { Duplex } from 'node:stream';
import { RecordScanner } from './record-scanner.ts';

const records = { handshake: 22, applicationData: 23 };
const clientHello = 1;

/**
 * The way between a client's connection and the TLS server that answers it. It plays the bytes that were read ahead, and
 * it can wait for a verdict on the client's certificate.
 *
 * A TLS server in Node knows the client's certificate only once the handshake is over, and can then do no more than close
 * the connection. BoringSSL judges before it answers the client's second flight, and says why it refuses. So what the
 * server writes after that flight is held back here: it goes out when the client is admitted, and is dropped when it is
 * not, in favour of an alert.
 */
export class VerdictSocket extends Duplex {
  readonly #connection: Duplex;
  /** Gone once the verdict is there. */
  #scanner: RecordScanner | undefined;
  #state: 'open' | 'holding' | 'refused' = 'open';
  #held: Buffer[] = [];

  constructor(connection: Duplex, readAhead: Buffer, options: { readonly awaitVerdict: boolean }) {
    super();
    this.#connection = connection;
    this.#scanner = options.awaitVerdict ? new RecordScanner() : undefined;
    connection.on('data', (chunk: Buffer) => this.#receive(chunk));
    connection.once('end', () => this.push(null));
    connection.once('error', (error) => this.destroy(error));
    connection.once('close', () => this.destroy());
    connection.pause();
    this.#receive(readAhead);
  }

  /** Lets out what was held back; from here on nothing is held. */
  admit(): void {
    if (this.#state === 'refused') return;
    this.#state = 'open';
    this.#scanner = undefined;
    for (const chunk of this.#held) this.#connection.write(chunk);
    this.#held = [];
  }

  /** Drops what was held back and ends the connection with an alert. */
  refuse(alert: Buffer): void {
    this.#state = 'refused';
    this.#held = [];
    this.#connection.removeAllListeners('data');
    endGently(this.#connection, alert);
  }

  override _read(): void {
    if (this.#state !== 'refused') this.#connection.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#state === 'open') {
      this.#connection.write(chunk, callback);
      return;
    }
    if (this.#state === 'holding') this.#held.push(chunk);
    callback();
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#state === 'refused') {
      callback();
      return;
    }
    this.admit();
    this.#connection.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#state !== 'refused') {
      // What is held may be an alert of the server's own, about a handshake that failed before any verdict.
      this.admit();
      endGently(this.#connection);
    }
    callback(error);
  }

  #receive(chunk: Buffer): void {
    if (chunk.length === 0 || this.destroyed) return;
    if (this.#state === 'open' && this.#beginsSecondFlight(chunk)) this.#state = 'holding';
    if (!this.push(chunk)) this.#connection.pause();
  }

  /**
   * In TLS 1.3 all of the second flight is encrypted; in TLS 1.2 it begins with a handshake message other than a hello
   * (a second hello answers a HelloRetryRequest and belongs to the first flight).
   */
  #beginsSecondFlight(chunk: Buffer): boolean {
    const heads = this.#scanner?.scan(chunk) ?? [];
    return heads.some(
      ({ type, first }) => type === records.applicationData || (type === records.handshake && first !== clientHello),
    );
  }
}

/** How long a client has to take note that its connection is over. */
const lingering = 1000;

/** Ends a connection and reads on for a while: unread bytes would turn the end into a reset, and the last words be lost. */
export function endGently(connection: Duplex, lastWords?: Buffer): void {
  if (lastWords && connection.writable) connection.write(lastWords);
  connection.end();
  connection.resume();
  const timer = setTimeout(() => connection.destroy(), lingering).unref();
  connection.once('close', () => clearTimeout(timer));
}
