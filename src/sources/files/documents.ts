import { parseJson, parseYaml, YAMLException } from '../../kubernetes/parse.ts';
import type { Json } from '../../model/json.ts';

/** One document of a file, and the line on which it begins, from 1. */
export interface Document {
  readonly value: Json;
  readonly line: number;
}

/** A document that could not be read: the others of the file can. `line` is where the reader stopped. */
export interface BrokenDocument {
  readonly line: number;
  readonly reason: string;
}

export interface Documents {
  readonly documents: readonly Document[];
  readonly broken: readonly BrokenDocument[];
}

/** `---` begins a document; what follows it on the line may only be a comment, as kubectl prints and people write it. */
const separator = /^---(?:[ \t]+#.*|[ \t]*)$/;

interface Piece {
  readonly text: string;
  readonly line: number;
}

function split(text: string): readonly Piece[] {
  if (!/^---/m.test(text)) return [{ text, line: 1 }];
  const pieces: Piece[] = [];
  let start = 0;
  let line = 1;
  let here = 1;
  let offset = 0;
  while (offset <= text.length) {
    const end = text.indexOf('\n', offset);
    const stop = end < 0 ? text.length : end;
    if (text.startsWith('---', offset) && separator.test(text.slice(offset, stop).replace(/\r$/, ''))) {
      pieces.push({ text: text.slice(start, offset), line });
      start = stop + 1;
      line = here + 1;
    }
    offset = stop + 1;
    here++;
  }
  pieces.push({ text: text.slice(start), line });
  return pieces;
}

function readYaml({ text, line }: Piece): Document | BrokenDocument | undefined {
  const first = /^(?:[ \t]*(?:#.*)?\r?\n)*/.exec(text)?.[0] ?? '';
  if (first.length === text.length || text.trim() === '') return undefined;
  try {
    const value = parseYaml(text);
    return value === undefined ? undefined : { value, line: line + first.split('\n').length - 1 };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { line: line + (error.mark?.line ?? 0), reason: error.reason };
  }
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

function readJson(text: string): Documents {
  try {
    return { documents: [{ value: parseJson(text), line: 1 }], broken: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const position = Number(/position (\d+)/.exec(reason)?.[1] ?? text.length);
    return { documents: [], broken: [{ line: lineAt(text, position), reason }] };
  }
}

/** The documents of a YAML or JSON text. A broken one is told by line and reason, and the rest is read. */
export function readDocuments(text: string): Documents {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (/^\s*[{[]/.test(body)) {
    const json = readJson(body);
    // flow-style YAML begins like JSON, and several JSON documents in a row are no JSON
    if (json.documents.length > 0 || !/\n---/.test(body)) return json;
  }
  const documents: Document[] = [];
  const broken: BrokenDocument[] = [];
  for (const piece of split(body)) {
    const read = readYaml(piece);
    if (!read) continue;
    if ('reason' in read) broken.push(read);
    else documents.push(read);
  }
  return { documents, broken };
}
