import type { Writable } from 'node:stream';
import { IstlsError } from '../model/errors.ts';

/**
 * Writes the whole text before it resolves. A reader that went away (`| head`) is no error: the rest is not wanted.
 *
 * @throws IstlsError when the text cannot be written for any other reason, such as a full disk
 */
export async function writeFully(stream: Writable, text: string): Promise<void> {
  const failure = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
    // The stream emits what it hands to the callback as well, and an error that nobody listens to ends the process.
    stream.once('error', ignore);
    stream.write(text, (error) => {
      if (!error) stream.off('error', ignore);
      resolve(error);
    });
  });
  if (!failure || failure.code === 'EPIPE' || failure.code === 'ERR_STREAM_DESTROYED') return;
  throw new IstlsError('OUTPUT', `the output cannot be written: ${failure.message}`, { exit: 3, cause: failure });
}

function ignore(): void {}
