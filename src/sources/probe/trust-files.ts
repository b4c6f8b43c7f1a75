import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { IstlsError } from '../../model/errors.ts';
import { readCertificates } from '../../x509/judge-pem.ts';
import { readInputFile } from './input-file.ts';
import type { Trust } from './plan.ts';

/**
 * Reads what `--cacert` names: a file, several with commas between, or a directory, of which every file with a
 * certificate counts. Throws an IstlsError (exit 2) that names the file and what is wrong with it.
 */
export async function readTrust(source: string): Promise<Extract<Trust, { kind: 'certificates' }>> {
  const paths = (await isPath(source)) ? [source] : source.split(',').filter((path) => path !== '');
  const read = await Promise.all(paths.map(certificatesAt));
  return { kind: 'certificates', certificates: [...new Set(read.flat())], source };
}

/** A comma may stand in the name of a file. */
async function isPath(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function certificatesAt(path: string): Promise<readonly string[]> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const certificates = isDirectory ? await certificatesIn(path) : certificatesOf(await readInputFile(path));
  if (certificates.length > 0) return certificates;
  throw new IstlsError('trust-unusable', `${path} holds no certificate to trust.`, {
    exit: 2,
    hint: 'Certificates of CAs are wanted, PEM or DER.',
  });
}

/** Files that hold something else, or may not be read, are passed over, as OpenSSL does with a directory. */
async function certificatesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => join(directory, name));
  const found: string[] = [];
  for (const file of files.sort()) {
    found.push(...certificatesOf(await readInputFile(file).catch(() => Buffer.alloc(0))));
  }
  return found;
}

function certificatesOf(bytes: Buffer): readonly string[] {
  return readCertificates(bytes).map(({ pem }) => pem);
}
