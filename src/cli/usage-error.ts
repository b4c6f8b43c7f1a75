import { IstlsError } from '../model/errors.ts';

/** Wrong usage: the message names the input and what is wrong with it, the hint what would be right. */
export function usageError(message: string, hint?: string): IstlsError {
  return new IstlsError('USAGE', message, hint === undefined ? { exit: 2 } : { exit: 2, hint });
}
