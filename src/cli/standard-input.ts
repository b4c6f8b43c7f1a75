import { IstlsError } from '../model/errors.ts';

/**
 * All of standard input as text, up to a limit.
 *
 * @param limit bytes; the default is far more than anybody pastes
 * @throws IstlsError when it is longer
 */
export async function readStandardInput(limit = 1024 * 1024): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > limit) {
      throw new IstlsError('INPUT', `standard input holds more than ${limit} bytes`, {
        exit: 3,
        hint: 'give the lines in question',
      });
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
