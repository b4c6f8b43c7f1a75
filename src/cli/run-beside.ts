import { spawn } from 'node:child_process';
import { IstlsError } from '../model/errors.ts';
import type { ExitCode } from './exit-code.ts';

/**
 * Runs a command with this process's terminal and a few variables more, and gives its exit code; one that a signal
 * ended counts as 128 and the signal's number, as in a shell.
 *
 * @throws IstlsError with exit 3 when it cannot be started
 */
export async function runBeside(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ExitCode> {
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, { stdio: 'inherit', env: { ...process.env, ...env } });
  // Ctrl-C reaches the child by itself: it is of the same group. Any other end of ours must take it along.
  signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        new IstlsError('command-not-started', `${program} could not be started: ${error.message}`, {
          exit: 3,
          cause: error,
        }),
      ),
    );
    child.once('close', (code, killedBy) => {
      const number = killedBy === 'SIGINT' ? 130 : killedBy === null ? (code ?? 0) : 143;
      // oxlint-disable-next-line no-unsafe-type-assertion -- the code is the command's own, whatever it is
      resolve(number as ExitCode);
    });
  });
}
