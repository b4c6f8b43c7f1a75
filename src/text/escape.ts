/**
 * Everything that a terminal may act on, or that lies about the order of what is read: C0 and C1 controls, line and
 * paragraph separators, lone surrogates, format characters (bidirectional overrides, tags), and what is never drawn.
 */
const acting = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const actingInLines = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Makes evidence safe to print in one line: what a terminal would act on is shown as `\n`, `\x1b`, `\u202e`. */
export function escapeForTerminal(text: string): string {
  return text.replace(acting, visible);
}

/** The same for text of several lines: line feeds stay, and carriage returns before them go. */
export function escapeLines(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(actingInLines, visible);
}

/** Whether a terminal would show the text as it is. */
export function isPlain(text: string): boolean {
  return text.search(acting) < 0;
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return named[character] ?? (code > 0xff ? `\\u${hex(code, 4)}` : `\\x${hex(code, 2)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
