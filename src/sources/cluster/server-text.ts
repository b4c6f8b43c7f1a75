const limit = 400;

/**
 * What a server, a proxy or a plugin said, fit for a message: one line, bounded, without what looks like a token.
 * Escaping for a terminal or a page is the reporters' work.
 */
export function oneLine(text: string): string {
  const line = withoutTokens(text.slice(0, 4 * limit))
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

/** JSON Web Tokens and `Bearer` values, wherever they stand. */
function withoutTokens(text: string): string {
  return text
    .replace(/\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g, '[token]')
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 [credential]');
}
