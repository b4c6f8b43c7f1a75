import { styleText } from 'node:util';

/** How a reporter may write: whether colours and marks beyond ASCII are welcome, and how wide a line may be. */
export interface ReporterOptions {
  readonly color: boolean;
  readonly ascii: boolean;
  readonly width: number;
  /** Show what is otherwise only counted. */
  readonly verbose: boolean;
}

export type Tone = 'bad' | 'doubtful' | 'good' | 'quiet' | 'strong' | 'plain';

type Format = Parameters<typeof styleText>[0];

const formats: Readonly<Record<Tone, Format>> = {
  bad: ['red', 'bold'],
  doubtful: ['yellow'],
  good: ['green'],
  quiet: ['dim'],
  strong: ['bold'],
  plain: [],
};

/** Marks tell their meaning by shape, so that nothing depends on colour. */
const marks = {
  failed: ['✗', 'x', 'bad'],
  warning: ['!', '!', 'doubtful'],
  ok: ['✓', '+', 'good'],
  unknown: ['?', '?', 'doubtful'],
  skipped: ['-', '-', 'quiet'],
  info: ['•', '*', 'plain'],
} as const satisfies Record<string, readonly [string, string, Tone]>;

export type Mark = keyof typeof marks;

export interface Style {
  readonly paint: (tone: Tone, text: string) => string;
  readonly mark: (mark: Mark) => string;
  readonly dot: string;
  readonly width: number;
}

export function styleOf(options: ReporterOptions): Style {
  const paint = (tone: Tone, text: string): string =>
    options.color && tone !== 'plain' ? styleText(formats[tone], text, { validateStream: false }) : text;
  return {
    paint,
    mark: (name) => {
      const [sign, plain, tone] = marks[name];
      return paint(tone, options.ascii ? plain : sign);
    },
    dot: options.ascii ? '-' : '·',
    width: options.width,
  };
}

/**
 * Lines of at most `width` characters, broken between words; a longer word stands alone. `indent` leads every line but
 * the first, and does not count.
 */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.join(`\n${indent}`);
}

/** `3 hosts`, `1 host`. */
export const counted = (count: number, word: string, plural = `${word}s`): string =>
  `${count} ${count === 1 ? word : plural}`;

/** The first few of a list, and how many more there are. */
export function fewOf(items: readonly string[], most: number): string {
  if (items.length <= most) return items.join(', ');
  return `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
}
