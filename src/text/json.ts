/**
 * JSON that a terminal can be shown: what it might act on inside strings is written as `\uXXXX`, which any parser reads
 * back as the same text. Ends with a newline.
 *
 * @param indent 2 for people, 0 for one line
 */
export function jsonText(value: unknown, indent: 0 | 2 = 2): string {
  const text = JSON.stringify(value, null, indent);
  return `${text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, escapeUnits)}\n`;
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
