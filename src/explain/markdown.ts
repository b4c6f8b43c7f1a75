import type { Emphasis } from '../text/emphasis.ts';
import { wrap } from '../text/wrap.ts';

/**
 * The Markdown of pages, which is little: paragraphs, lists (`- `, `1. `), fenced code, and in running text `code`.
 * Nothing else has a meaning, so that a page reads the same as a file and in a terminal.
 */
export type Block =
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly { readonly mark: string; readonly text: string }[] }
  | { readonly kind: 'code'; readonly text: string };

/** @param markdown blocks with an empty line between them; a line that belongs to an item of a list is indented */
export function parseBlocks(markdown: string): readonly Block[] {
  const pieces = markdown.match(/^```[^\n]*\n.*?^```$|^(?!```)[^\n]+(?:\n(?!```)[^\n]+)*/gms) ?? [];
  return pieces.map((piece) => {
    if (piece.startsWith('```')) return { kind: 'code', text: piece.split('\n').slice(1, -1).join('\n') };
    return /^(?:-|\d+\.) /.test(piece) ? { kind: 'list', items: items(piece) } : { kind: 'paragraph', text: piece };
  });
}

function items(text: string): readonly { mark: string; text: string }[] {
  return text.split(/\n(?=(?:-|\d+\.) )/).map((item) => {
    const space = item.indexOf(' ');
    return { mark: item.slice(0, space), text: item.slice(space + 1).replaceAll(/\n\s*/g, ' ') };
  });
}

/** How to write blocks: lines of so many columns, each behind `indent`. */
export interface BlockLook {
  readonly width: number;
  readonly indent: string;
  readonly emphasis: Emphasis;
}

/** Blocks for a terminal. */
export function renderBlocks(blocks: readonly Block[], look: BlockLook): string {
  return blocks.map((block) => renderBlock(block, look)).join('\n\n');
}

function renderBlock(block: Block, { width, indent, emphasis }: BlockLook): string {
  if (block.kind === 'code') return block.text.replaceAll(/^(?=.)/gm, `${indent}  `);
  const running = (text: string, rest: string, first: string): string =>
    emphasise(wrap(text, width, rest, first), emphasis);
  if (block.kind === 'paragraph') return running(block.text, indent, indent);
  return block.items
    .map(({ mark, text }) => running(text, `${indent}${' '.repeat(mark.length + 1)}`, `${indent}${mark} `))
    .join('\n');
}

/** `code` stands out where there is colour, and is as it was written elsewhere. Wrapping may have put it on two lines. */
function emphasise(text: string, { strong }: Emphasis): string {
  if (strong('x') === 'x') return text;
  return text.replaceAll(/`([^`]+)`/g, (_, code: string) =>
    code.replaceAll(/^( *)(.*)$/gm, (__, space: string, word: string) => space + strong(word)),
  );
}
