import { quoted } from '../text/quoted.ts';
import { usageError } from './usage-error.ts';

const unitsInMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Timers of Node hold 31 bits of milliseconds; longer ones fire at once. */
const longestMs = 2 ** 31 - 1;

/**
 * A duration as kubectl and Go write it, in milliseconds: `500ms`, `30s`, `1m30s`, `1.5h`, and a bare number of seconds.
 * 0 stays 0, which kubectl reads as "no limit"; a flag that cannot do without a limit says so with `zero: 'refused'`.
 *
 * @throws IstlsError for anything else
 */
export function parseDuration(text: string, { zero = 'no-limit' }: { zero?: 'no-limit' | 'refused' } = {}): number {
  const ms = inMs(text);
  if (ms === undefined) {
    throw usageError(`${quoted(text)} is not a duration`, 'write a number with a unit: 500ms, 30s, 2m, 1m30s or 1h');
  }
  if (ms === 0 && zero === 'refused') throw usageError(`${quoted(text)} leaves no time at all`, 'give at least 1ms');
  if (ms > longestMs) throw usageError(`${quoted(text)} is longer than istls can wait`, 'give at most 596h');
  return ms;
}

function inMs(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    ms += Number(amount) * (unitsInMs[unit] ?? 0);
  return Math.round(ms);
}
