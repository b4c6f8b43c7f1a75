import { Flags } from '@oclif/core';
import type { IstlsError } from '../../model/errors.ts';
import { alternatives, nearest } from '../../text/nearest.ts';
import { quoted } from '../../text/quoted.ts';
import { parseDuration } from '../duration.ts';
import { usageError } from '../usage-error.ts';

/** A duration in milliseconds, where 0 means no limit. */
export const duration = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (text) => parseDuration(text),
});

/** A duration in milliseconds that cannot be 0. */
export const someDuration = Flags.custom<number>({
  helpValue: 'DURATION',
  parse: async (text) => parseDuration(text, { zero: 'refused' }),
});

/** A whole number of at least 1. */
export const count = Flags.custom<number>({
  helpValue: 'N',
  parse: async (text) => {
    if (/^0*[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw usageError(`${quoted(text)} is not a whole number of at least 1`);
  },
});

/** A flag that may be given several times, one value each. */
export const repeatable = { multiple: true, multipleNonGreedy: true } as const;

/**
 * The error for a value that is not among those that a flag takes today. `planned` are those that it will take some day:
 * they are spelled right, and the message says so.
 */
export function notAmong(text: string, known: readonly string[], planned: readonly string[] = []): IstlsError {
  const choice = `choose from ${known.join(', ')}`;
  if (planned.includes(text)) return usageError(`${quoted(text)} is not in this release yet`, choice);
  const near = nearest(text, known);
  return usageError(
    `${quoted(text)} is not one of its values`,
    near.length > 0 ? `did you mean ${alternatives(near)}?` : choice,
  );
}
