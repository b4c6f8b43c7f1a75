import { IstlsError } from '../model/errors.ts';
import { escapeLines } from '../text/escape.ts';
import type { ExitCode as ExitCodeType } from './exit-code.ts';
import { ExitCode } from './exit-code.ts';

/** What to say of an error that ended a command, and the exit code that says it. */
export interface Settled {
  readonly text: string;
  readonly exitCode: ExitCodeType;
}

/**
 * @param who the program and the command, `istls doctor`
 * @param error whatever was thrown; what is no IstlsError is a defect of istls, never a finding
 */
export function settle(who: string, error: unknown): Settled {
  if (error instanceof IstlsError) {
    const lines = [`${who}: ${error.message}`, ...(error.hint === undefined ? [] : [`  ${error.hint}`])];
    return { text: `${escapeLines(lines.join('\n'))}\n`, exitCode: error.exit };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    text: escapeLines(`${who} failed, and the fault is its own; please report these lines:\n${stack}\n`),
    exitCode: ExitCode.couldNotStart,
  };
}
