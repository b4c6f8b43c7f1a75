import { escapeForTerminal } from './escape.ts';

/** A word of somebody else's inside a message of ours: in quotes, safe for a terminal, and cut where it is endless. */
export function quoted(text: string): string {
  const characters = Array.from(text);
  return `"${escapeForTerminal(characters.length > 80 ? `${characters.slice(0, 77).join('')}...` : text)}"`;
}
