import { type ValueScan, scanValue, startScan } from './scan-json-value.ts';

/** Which members of a config dump are given, and how. What is named nowhere is passed over without being parsed. */
export interface SplitPlan {
  /** Lists of a section whose elements are given one by one. */
  readonly lists: ReadonlySet<string>;
  /** Members of a section that are given whole. */
  readonly wholes: ReadonlySet<string>;
  /** Members that show that the object around them is an element itself, as in an answer to `?resource=`. */
  readonly marks: ReadonlySet<string>;
  /** A piece with more bytes, or deeper brackets, is not given. */
  readonly maxBytes: number;
  readonly maxDepth: number;
}

/** What is told while reading. Texts are JSON; `index` is the place in the list, from 0. */
export interface SplitEvents {
  /** The `@type` of a section or of a bare element. */
  type(typeUrl: string): void;
  /** A list of the plan begins, be it empty. */
  list(member: string): void;
  element(member: string, index: number, text: string): void;
  whole(member: string, text: string): void;
  /** An element that stands where a section could stand. */
  bare(text: string): void;
  problem(text: string): void;
}

interface Frame {
  readonly kind: 'entry' | 'entries' | 'entry-map' | 'list';
  readonly member: string;
  index: number;
  /** Texts that came before the object showed what it is, and belong to it if it is an element. */
  readonly heads: Map<string, string>;
}

interface Capture {
  readonly to: 'nowhere' | 'key' | 'head' | 'whole' | 'element' | 'bare';
  readonly member: string;
  readonly scan: ValueScan;
  readonly limit: number;
  pieces: Uint8Array[];
  bytes: number;
  overflow: boolean;
}

const brace = { open: 0x7b, close: 0x7d };
const bracket = { open: 0x5b, close: 0x5d };
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const newline = 0x0a;
const headMembers: ReadonlySet<string> = new Set(['@type', 'version_info', 'last_updated']);
const longestKey = 256;
const longestPreamble = 65_536;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/**
 * Splits a config dump while it arrives, in the memory of one piece. Takes `{"configs": [...]}`, the map of sections of
 * Envoy ≤ 1.7, a bare section or element, a list of them, and several documents one after the other. It is no validator:
 * commas may be missing, and what is passed over may be anything that has matching brackets.
 */
export class ConfigDumpSplitter {
  readonly #plan: SplitPlan;
  readonly #tell: SplitEvents;
  readonly #frames: Frame[] = [];
  #expecting: 'value' | 'key' | 'colon' = 'value';
  #capture: Capture | undefined;
  #key = '';
  #inScalar = false;
  #inPreamble = false;
  #preamble = '';
  #documents = 0;
  /** Bytes of the chunks before the present one. */
  #offset = 0;
  #stopped = false;

  constructor(plan: SplitPlan, tell: SplitEvents) {
    this.#plan = plan;
    this.#tell = tell;
  }

  /** True once nothing more can be learnt from further chunks. */
  get stopped(): boolean {
    return this.#stopped;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#capture) at = this.#goOn(this.#capture, chunk, at);
      else if (this.#inPreamble) at = this.#passPreamble(chunk, at);
      else at = this.#step(chunk, at);
    }
    this.#offset += chunk.length;
  }

  /** Call once after the last chunk: tells whether the document was whole. */
  end(): void {
    if (this.#stopped) return;
    if (this.#frames.length > 0) this.#tell.problem(`cut off after ${this.#offset} bytes, in ${this.#place()}`);
    else if (this.#documents === 0) this.#tell.problem(this.#offset === 0 ? 'empty' : this.#noJson());
  }

  #goOn(capture: Capture, chunk: Uint8Array, from: number): number {
    const end = scanValue(capture.scan, chunk, from);
    keep(capture, chunk.subarray(from, end < 0 ? chunk.length : end), this.#plan.maxDepth);
    if (end < 0) return chunk.length;
    this.#finish(capture);
    return end;
  }

  /** One step between values. Gives the place to go on at. */
  #step(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0;
    const ends = byte === comma || byte === brace.close || byte === bracket.close || isSpace(byte);
    if (this.#inScalar && !ends) return at + 1;
    this.#inScalar = false;
    if (isSpace(byte)) return at + 1;
    if (this.#frames.length === 0) return this.#stepOutside(chunk, at, byte);
    if (this.#expecting === 'colon') {
      if (byte !== colon) return this.#stop(`no JSON at byte ${this.#offset + at}, in ${this.#place()}`);
      this.#expecting = 'value';
      if (this.#frames.at(-1)?.kind === 'entry' && this.#plan.marks.has(this.#key)) this.#openBare();
      return at + 1;
    }
    if (byte === comma) return at + 1;
    if (byte === brace.close || byte === bracket.close) return this.#close(byte, at);
    if (this.#expecting === 'value') return this.#openValue(byte, at);
    if (byte !== quote) return this.#stop(`no JSON at byte ${this.#offset + at}, in ${this.#place()}`);
    this.#begin('key', '');
    return at;
  }

  #stepOutside(chunk: Uint8Array, at: number, byte: number): number {
    const opens = byte === brace.open || byte === bracket.open;
    // A line of a log may begin with a bracket too: before the first document only a brace is trusted to be JSON there.
    if (opens && (byte === brace.open || this.#preamble === '')) return this.#openValue(byte, at);
    if (this.#documents > 0) return this.#stop(`at byte ${this.#offset + at} follows something that is no JSON`);
    return this.#passPreamble(chunk, at);
  }

  /** Text before the first document is passed over by lines: a command's warning may have gone into the same file. */
  #passPreamble(chunk: Uint8Array, from: number): number {
    const lineEnd = chunk.indexOf(newline, from);
    const until = lineEnd < 0 ? chunk.length : lineEnd + 1;
    if (this.#preamble.length < 80) this.#preamble += decoder.decode(chunk.subarray(from, Math.min(until, from + 80)));
    this.#inPreamble = lineEnd < 0;
    return this.#offset + until > longestPreamble ? this.#stop(this.#noJson()) : until;
  }

  #openValue(byte: number, at: number): number {
    const frame = this.#frames.at(-1);
    const isObject = byte === brace.open;
    const isList = byte === bracket.open;
    if (frame) frame.index += 1;
    if (frame?.kind === 'entry') {
      if (this.#key === 'configs' && (isObject || isList)) return this.#enter(isList ? 'entries' : 'entry-map', at);
      if (isList && this.#plan.lists.has(this.#key)) return this.#enter('list', at);
    } else if (frame?.kind !== 'list') {
      if (isObject) return this.#enter('entry', at);
      if (isList && !frame) return this.#enter('entries', at);
    }
    if (!isObject && !isList && byte !== quote) {
      this.#inScalar = true;
      this.#expectNext();
      return at + 1;
    }
    this.#begin(this.#destination(frame), frame?.kind === 'list' ? frame.member : this.#key);
    return at;
  }

  #destination(frame: Frame | undefined): Capture['to'] {
    if (frame?.kind === 'list') return 'element';
    if (frame?.kind !== 'entry') return 'nowhere';
    if (this.#plan.wholes.has(this.#key)) return 'whole';
    return headMembers.has(this.#key) ? 'head' : 'nowhere';
  }

  #enter(kind: Frame['kind'], at: number): number {
    this.#frames.push({ kind, member: this.#key, index: -1, heads: new Map() });
    if (kind === 'list') this.#tell.list(this.#key);
    this.#expectNext();
    return at + 1;
  }

  #close(byte: number, at: number): number {
    const kind = this.#frames.at(-1)?.kind;
    const isList = kind === 'entries' || kind === 'list';
    if (isList !== (byte === bracket.close)) {
      return this.#stop(`no JSON at byte ${this.#offset + at}, in ${this.#place()}`);
    }
    this.#leave();
    return at + 1;
  }

  #leave(): void {
    this.#frames.pop();
    if (this.#frames.length === 0) this.#documents += 1;
    this.#expectNext();
  }

  #begin(to: Capture['to'], member: string): void {
    const limit = to === 'key' ? longestKey : to === 'nowhere' ? 0 : this.#plan.maxBytes;
    this.#capture = { to, member, scan: startScan(0), limit, pieces: [], bytes: 0, overflow: false };
  }

  /** The object turned out to be an element: it is taken up to its end, with what was read of it before. */
  #openBare(): void {
    this.#begin('bare', '');
    const capture = this.#capture;
    if (!capture) return;
    capture.scan.depth = 1;
    const heads = [...(this.#frames.at(-1)?.heads ?? [])].map(([name, text]) => `${JSON.stringify(name)}:${text},`);
    capture.pieces.push(encoder.encode(`{${heads.join('')}${JSON.stringify(this.#key)}:`));
  }

  #finish(capture: Capture): void {
    const index = this.#frames.at(-1)?.index ?? 0;
    if (capture.overflow && capture.to !== 'key') {
      const deep = capture.scan.deepest > this.#plan.maxDepth;
      this.#tell.problem(`${this.#place()} is ${deep ? 'nested too deeply' : 'too large'} and was left out`);
    }
    this.#capture = undefined;
    if (capture.to === 'key') {
      this.#key = capture.overflow ? '' : unquoted(textOf(capture.pieces));
      this.#expecting = 'colon';
      return;
    }
    if (capture.to === 'bare') this.#leave();
    else this.#expectNext();
    if (capture.to !== 'nowhere' && !capture.overflow) this.#give(capture, index, textOf(capture.pieces));
  }

  #give(capture: Capture, index: number, text: string): void {
    if (capture.to === 'element') this.#tell.element(capture.member, index, text);
    else if (capture.to === 'whole') this.#tell.whole(capture.member, text);
    else if (capture.to === 'bare') this.#tell.bare(text);
    else {
      this.#frames.at(-1)?.heads.set(capture.member, text);
      if (capture.member === '@type') this.#tell.type(unquoted(text));
    }
  }

  #expectNext(): void {
    const kind = this.#frames.at(-1)?.kind;
    this.#expecting = kind === 'entry' || kind === 'entry-map' ? 'key' : 'value';
  }

  #stop(problem: string): number {
    this.#stopped = true;
    this.#tell.problem(problem);
    return Number.MAX_SAFE_INTEGER;
  }

  #noJson(): string {
    return `no JSON: it begins with ${JSON.stringify(this.#preamble.slice(0, 60))}`;
  }

  #place(): string {
    if (this.#capture?.to === 'whole') return this.#capture.member;
    const list = this.#frames.findLast((frame) => frame.kind === 'list');
    if (list) return `${list.member}[${Math.max(list.index, 0)}]`;
    const entries = this.#frames.find((frame) => frame.kind === 'entries' || frame.kind === 'entry-map');
    return entries ? `configs[${Math.max(entries.index, 0)}]` : 'the outermost object';
  }
}

function keep(capture: Capture, bytes: Uint8Array, maxDepth: number): void {
  if (capture.to === 'nowhere' || capture.overflow) return;
  capture.bytes += bytes.length;
  if (capture.bytes > capture.limit || capture.scan.deepest > maxDepth) {
    capture.overflow = true;
    capture.pieces = [];
    return;
  }
  // A copy: a source may use its buffer again for the next chunk.
  capture.pieces.push(bytes.slice());
}

function textOf(pieces: readonly Uint8Array[]): string {
  return decoder.decode(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces));
}

function unquoted(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
