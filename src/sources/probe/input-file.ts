import { open } from 'node:fs/promises';
import { IstlsError } from '../../model/errors.ts';

/** More than any bundle of CAs, and little enough to be read whole. */
const maxBytes = 16 * 1024 * 1024;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a directory',
};

/** The bytes of a file that the user named. Throws an IstlsError (exit 2) that names it. */
export async function readInputFile(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > maxBytes) throw unreadable(path, `it is larger than ${maxBytes / 1024 / 1024} MB`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof IstlsError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw unreadable(path, reasons[code] ?? code, error);
  }
}

function unreadable(path: string, reason: string, cause?: unknown): IstlsError {
  return new IstlsError('file-unreadable', `${path} cannot be read: ${reason}.`, { exit: 2, cause });
}
