import type { PemProblem } from '../model/certificate.ts';
import { beginMark } from './pem-text.ts';

type PassedOver = Extract<PemProblem, 'byte-order-mark' | 'begin-inside-line' | 'lost-line-breaks'>;

/** A byte order mark of UTF-8, one character a byte. */
const byteOrderMark = '\xEF\xBB\xBF';

/**
 * Why blocks that are there to a human eye are none to BoringSSL, which wants `-----BEGIN LABEL-----` to fill a line of
 * its own and takes everything else for text. `text` has one character a byte.
 */
export function passedOverBlocks(text: string): ReadonlySet<PassedOver> {
  const reasons = new Set<PassedOver>();
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const reason = reasonIn(text.slice(start, end));
    if (reason) reasons.add(reason);
    start = end + 1;
  }
  return reasons;
}

function reasonIn(line: string): PassedOver | undefined {
  const place = line.indexOf(beginMark);
  if (place < 0 || line.startsWith('-----END ')) return undefined;
  if (line.indexOf('-----END ', place) > 0) return 'lost-line-breaks';
  if (place === 0 || !line.trimEnd().endsWith('-----')) return undefined;
  return line.slice(0, place) === byteOrderMark ? 'byte-order-mark' : 'begin-inside-line';
}
