type Environment = Readonly<Record<string, string | undefined>>;

/** What is asked of one of the two output streams, so that tests can stand in with less than a terminal. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export type ColorChoice = 'auto' | 'always' | 'never';

/** How to write to one stream, as reporters want to know it. */
export interface Look {
  readonly color: boolean;
  readonly ascii: boolean;
  /** Columns for running text. */
  readonly width: number;
}

export function lookOf(
  stream: OutputStream,
  env: Environment,
  flags: { readonly color?: ColorChoice; readonly ascii?: boolean } = {},
): Look {
  return {
    color: wantsColor(flags.color ?? 'auto', env, stream.isTTY === true),
    ascii: flags.ascii === true || !takesUnicode(env),
    width: widthOf(stream),
  };
}

/**
 * Whether to colour. The flag decides; without it FORCE_COLOR (which beats NO_COLOR, as in Node itself), then NO_COLOR
 * (https://no-color.org: set to anything but nothing), then whether the stream is a terminal that can.
 */
export function wantsColor(choice: ColorChoice, env: Environment, isTerminal: boolean): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = env;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (no !== undefined && no !== '') return false;
  return isTerminal && term !== 'dumb';
}

/**
 * Whether marks beyond ASCII can be shown: not in a locale with another character set, and not on the Linux console,
 * whose font lacks them. Without any locale (containers have none) UTF-8 is presumed.
 */
export function takesUnicode(env: Environment): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  return env['TERM'] !== 'linux' && (locale === undefined || /utf-?8/i.test(locale));
}

/** Files and pipes get a width of their own that does not hang on anybody's window. */
function widthOf(stream: OutputStream): number {
  if (stream.isTTY !== true || stream.columns === undefined || stream.columns === 0) return 100;
  return Math.min(Math.max(stream.columns, 40), 120);
}
