import { isUtf8 } from 'node:buffer';
import { lengthOfFirst } from './der.ts';
import type { PemPurpose } from './judge-pem.ts';
import { judgePem } from './judge-pem.ts';
import type { LooseBlock } from './pem-text.ts';
import { certificateLabels, looseBlocks, revocationListLabel } from './pem-text.ts';
import { readCertificate } from './read-certificate.ts';
import { readRevocationList } from './read-revocation-list.ts';

/** A byte order mark of UTF-8, one character a byte. */
const byteOrderMark = '\xEF\xBB\xBF';

/**
 * The text of a value whose certificates and revocation lists may be shown, with everything around them masked:
 * `token: abc` between two blocks becomes `xxxxxx xxx`. Control characters, white space and byte order marks stay.
 * Undefined when there is nothing to show, and when anything that looks like a further block, or like a key, remains:
 * whoever cannot be sure leaves it out. So too when the masked text would be judged in another way than the value.
 */
export function publicTextOf(bytes: Buffer, purpose: PemPurpose): string | undefined {
  const shown = maskedText(bytes.toString('latin1'));
  if (shown === undefined || shown.equals(bytes)) return shown?.toString('utf8');
  const problems = judgePem(bytes, purpose).problems.join();
  return judgePem(shown, purpose).problems.join() === problems ? shown.toString('utf8') : undefined;
}

function maskedText(text: string): Buffer | undefined {
  const shown = [...looseBlocks(text)].filter((block) => isPublic(block, text));
  if (shown.length === 0) return undefined;

  const parts: string[] = [];
  let from = 0;
  for (const { start, end } of shown) {
    const between = text.slice(from, start);
    if (/-----BEGIN|-----END|KEY/.test(between)) return undefined;
    parts.push(masked(between), text.slice(start, end));
    from = end;
  }
  const rest = text.slice(from);
  if (/-----BEGIN|-----END|KEY/.test(rest)) return undefined;
  const whole = Buffer.from(parts.join('') + masked(rest), 'latin1');
  return isUtf8(whole) ? whole : undefined;
}

/**
 * Whether a block holds a certificate or a list from its first to its last byte. The base64 is compared as well, since
 * what stands behind padding is decoded by nobody.
 */
function isPublic({ label, der, start, end }: LooseBlock, text: string): boolean {
  if (lengthOfFirst(der) !== der.length) return false;
  const isKnown = certificateLabels.has(label)
    ? readCertificate(der) !== undefined
    : label === revocationListLabel && readRevocationList(der) !== undefined;
  const body = text.slice(start, end).split('-----')[2] ?? '';
  return isKnown && body.replaceAll(/\\[nr]|\s/g, '') === der.toString('base64');
}

function masked(text: string): string {
  return text
    .split(byteOrderMark)
    .map((part) => part.replaceAll(/[!-\xFF]/g, 'x'))
    .join(byteOrderMark);
}
