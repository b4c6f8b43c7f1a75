import type { Writable } from 'node:stream';
import { escapeForTerminal } from '../text/escape.ts';
import type { OutputStream } from './terminal.ts';

/** What is under way, told on standard error to somebody who watches. */
export interface Progress {
  /** Says that something began; the function that it gives says that it ended. */
  begin(what: string): () => void;
  /** A line that stays. */
  note(text: string): void;
  /** Takes the progress line away; nothing is shown afterwards. */
  stop(): void;
}

const firstShownMs = 200;
const pendingNamedMs = 5000;

/** Progress for a terminal; silence for a file, a pipe and `-q`. */
export function openProgress(stream: Writable & OutputStream, options: { quiet: boolean; term?: string }): Progress {
  return stream.isTTY !== true || options.quiet ? silence : new ProgressLine(stream, options.term === 'dumb');
}

const silence: Progress = { begin: () => () => {}, note() {}, stop() {} };

/** One line that is written over. It shows nothing for a run that is over at once, and names what takes long. */
class ProgressLine implements Progress {
  readonly #stream: Writable & OutputStream;
  readonly #canErase: boolean;
  readonly #pending = new Map<symbol, string>();
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #done = 0;
  #shown = '';

  constructor(stream: Writable & OutputStream, dumb: boolean) {
    this.#stream = stream;
    this.#canErase = !dumb;
    stream.on('error', () => {});
    this.#timer = setInterval(() => this.#draw(), firstShownMs);
    this.#timer.unref();
  }

  begin(what: string): () => void {
    const key = Symbol(what);
    this.#pending.set(key, escapeForTerminal(what));
    return () => {
      if (this.#pending.delete(key)) this.#done++;
    };
  }

  note(text: string): void {
    this.#erase();
    this.#stream.write(`${text}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #draw(): void {
    const line = this.#line();
    if (line === this.#shown) return;
    if (this.#canErase) this.#stream.write(`\r\u001b[K${line}`);
    // A terminal that cannot take a line back gets one only when what is slow changes.
    else if (line !== '') this.#stream.write(`${line}\n`);
    this.#shown = line;
  }

  #line(): string {
    const pending = [...new Set(this.#pending.values())];
    if (pending.length === 0) return '';
    const slow = performance.now() - this.#startedAt >= pendingNamedMs;
    if (!this.#canErase && !slow) return '';
    const count = this.#canErase ? `${this.#done}/${this.#done + this.#pending.size} ` : '';
    const text = slow ? `still waiting for ${pending.join(', ')}` : (pending.at(-1) ?? '');
    const columns = Math.max((this.#stream.columns ?? 80) - 1, 20);
    const whole = Array.from(count + text);
    return whole.length > columns ? `${whole.slice(0, columns - 3).join('')}...` : whole.join('');
  }

  #erase(): void {
    if (this.#canErase && this.#shown !== '') this.#stream.write('\r\u001b[K');
    this.#shown = '';
  }
}
