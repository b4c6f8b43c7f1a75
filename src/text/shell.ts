import type { Command } from '../model/finding.ts';
import { isPlain } from './escape.ts';

/** How the user reached the cluster and this program; printed commands must take the same way. */
export interface Invocation {
  /** `['istls']`, or `['kubectl', 'istio-tls']` for the plugin. */
  readonly program: readonly string[];
  /** Only what was given: `{ context: 'prod', as: 'oncall' }`. */
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly as?: string;
  readonly asGroups?: readonly string[];
}

/** One line for a POSIX shell, which splits it into exactly these words. A NUL, which no argument can hold, becomes U+FFFD. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word, index) => (index === 0 ? quoteCommandName(word) : quoteWord(word))).join(' ');
}

/**
 * A command as text that can be pasted into a POSIX shell: pipes, a here-document for what it reads, and the flags by
 * which the user reached the cluster. Several lines when there is a here-document, without a final newline.
 */
export function renderCommand(command: Command, invocation: Invocation): string {
  const stages: string[] = [];
  for (let stage: Command | undefined = command; stage; stage = stage.pipe) {
    stages.push(quoteWords(asInvoked(stage.argv, invocation)));
  }

  // Only the first stage of a pipe can read a manifest: the others read what comes down the pipe.
  const { stdin } = command;
  if (stdin === undefined) return stages.join(' | ');
  const text = stdin.endsWith('\n') ? stdin : `${stdin}\n`;
  if (!text.split(/[\n\t]/).every(isPlain)) return [quoteWords(['printf', '%s', text]), ...stages].join(' | ');
  const end = delimiterFor(text);
  const [first = '', ...rest] = stages;
  return `${[`${first} <<'${end}'`, ...rest].join(' | ')}\n${text}${end}`;
}

/** The words of a command with the user's way to the cluster put in; commands of other programs stay as they are. */
function asInvoked(argv: readonly string[], invocation: Invocation): readonly string[] {
  const [program, ...rest] = argv;
  const flags = connectionFlags(invocation);
  if (program === 'kubectl' || program === 'istioctl') return [program, ...flags, ...rest];
  if (program !== 'istls') return argv;
  const end = rest.indexOf('--');
  return end < 0
    ? [...invocation.program, ...rest, ...flags]
    : [...invocation.program, ...rest.slice(0, end), ...flags, ...rest.slice(end)];
}

function connectionFlags({ context, kubeconfig, as, asGroups }: Invocation): readonly string[] {
  return [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
    ...(as === undefined ? [] : ['--as', as]),
    ...(asGroups ?? []).flatMap((group) => ['--as-group', group]),
  ];
}

/** A word for the end of a here-document that is not a line of the text. */
function delimiterFor(text: string): string {
  const lines = new Set(text.split('\n'));
  let end = 'EOF';
  while (lines.has(end)) end += '_';
  return end;
}

const bare = /^[\w%+,\-./:=@]+$/;
/** What a shell would take for its own grammar at the place of a command's name. */
const grammar = new Set(
  ['case', 'do', 'done', 'elif', 'else', 'esac', 'fi', 'for', 'function', 'if', 'in', 'select', 'then', 'time'].concat([
    'until',
    'while',
  ]),
);

function quoteCommandName(word: string): string {
  return grammar.has(word) || (bare.test(word) && word.includes('=')) ? `'${word}'` : quoteWord(word);
}

function quoteWord(word: string): string {
  if (bare.test(word)) return word;
  const text = word.toWellFormed().replaceAll('\0', '\ufffd');
  // `--flag='the value'` reads better than `'--flag=the value'`.
  const flag = /^--?[a-z][a-z-]*=/.exec(text)?.[0] ?? '';
  return flag + quotePieces(text.slice(flag.length));
}

const acting = String.raw`\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}`;
const pieces = new RegExp(String.raw`[${acting}]+(?:(?<=\n)[^])?|[^${acting}]+`, 'gu');

/**
 * Printable text in single quotes; what a terminal would act on by `printf`, so that it neither reaches the terminal on
 * the way nor depends on `$'…'`, which POSIX has only since 2024. Command substitution takes newlines from the end, so a
 * run of them carries the next character along, and only newlines at the very end stay as they are.
 */
function quotePieces(text: string): string {
  return text === '' ? "''" : text.replace(pieces, quotePiece);
}

function quotePiece(piece: string): string {
  if (isPlain(piece)) return single(piece);
  const acting = piece.replace(/\n+$/, '');
  return (acting === '' ? '' : printed(acting)) + (acting === piece ? '' : single(piece.slice(acting.length)));
}

function single(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function printed(text: string): string {
  const octal = Array.from(new TextEncoder().encode(text), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  return `"$(printf '${octal}')"`;
}
