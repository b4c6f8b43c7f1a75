/** Emphasis in running text, or none. Meaning never hangs on it alone. */
export interface Emphasis {
  readonly strong: (text: string) => string;
  readonly quiet: (text: string) => string;
}

/** By SGR sequences (ECMA-48). `styleText` of node:util would do, and takes as long to load as all of `explain`. */
export function emphasisOf(look: { readonly color: boolean }): Emphasis {
  const sgr = (on: number, off: number) => (text: string) =>
    look.color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { strong: sgr(1, 22), quiet: sgr(2, 22) };
}
