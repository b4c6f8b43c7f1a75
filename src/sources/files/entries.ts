import { createReadStream } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { IstlsError } from '../../model/errors.ts';

/** One file of the evidence, from a folder, an archive or standard input. Archives are read in order: use it at once. */
export interface Entry {
  /** The path inside its root, with `/`: what tells a log or a dump by its place. */
  readonly path: string;
  /** What a message calls it: the path as the user can find it. */
  readonly name: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** A part that could not be read, by name and reason; the rest is read all the same. */
export interface Unreadable {
  readonly name: string;
  readonly reason: string;
}

const maxEntries = 50_000;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const couldNotRead = (path: string, error: unknown): IstlsError =>
  new IstlsError('evidence-unreadable', `cannot read ${path}: ${reasonOf(error)}`, {
    exit: 3,
    hint: 'give --from a snapshot, an istioctl bug-report archive, a file or folder of YAML or JSON, or - for standard input',
    cause: error,
  });

async function* walk(folder: string): AsyncGenerator<string> {
  const items = await readdir(folder, { withFileTypes: true });
  for (const item of items.sort((a, b) => a.name.localeCompare(b.name))) {
    const path = join(folder, item.name);
    if (item.name === '.git' || item.name === 'node_modules') continue;
    if (item.isDirectory()) yield* walk(path);
    // a link may lead out of the folder, and a socket or a device may never end
    else if (item.isFile()) yield path;
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

const isArchiveName = (path: string): boolean => /\.(tgz|tar\.gz|tar)$/i.test(path);

async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk;
}

/** Names inside an archive are only names: nothing is unpacked, so no path can leave a folder. */
async function* archiveEntries(path: string, onUnreadable: (part: Unreadable) => void): AsyncGenerator<Entry> {
  const tar = extract();
  const file = createReadStream(path);
  const bytes = (await isGzip(path)) ? file.pipe(createGunzip()) : file;
  const fail = (error: Error): void => {
    tar.destroy(error);
  };
  file.on('error', fail);
  bytes.on('error', fail);
  bytes.pipe(tar);
  let read = 0;
  try {
    for await (const item of tar) {
      const { name, type } = item.header;
      if (type === 'file' && read < maxEntries) {
        read++;
        yield {
          path: name.replaceAll('\\', '/').replace(/^\.?\/+/, ''),
          name: `${path}:${name}`,
          content: bytesOf(item),
        };
      }
      item.resume();
    }
  } catch (error) {
    if (read === 0) throw couldNotRead(path, error);
    onUnreadable({ name: path, reason: `the archive ends early after ${read} files: ${reasonOf(error)}` });
  } finally {
    file.destroy();
  }
}

async function* folderEntries(root: string, onUnreadable: (part: Unreadable) => void): AsyncGenerator<Entry> {
  let read = 0;
  for await (const path of walk(root)) {
    if (read++ >= maxEntries) {
      onUnreadable({ name: root, reason: `only the first ${maxEntries} files were read` });
      return;
    }
    if (isArchiveName(path)) yield* archiveEntries(path, onUnreadable);
    else yield { path: relative(root, path).split(sep).join('/'), name: path, content: createReadStream(path) };
  }
}

/**
 * The files behind one `--from`. Throws an IstlsError (exit 3) when there is nothing to read at all; parts that fail
 * on the way are told to `onUnreadable`.
 */
export async function* entriesOf(
  path: string,
  stdin: Readable,
  onUnreadable: (part: Unreadable) => void,
): AsyncGenerator<Entry> {
  if (path === '-') {
    yield { path: 'stdin', name: 'standard input', content: stdin };
    return;
  }
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
    await lstat(path);
  } catch (error) {
    throw couldNotRead(path, error);
  }
  if (isFolder) yield* folderEntries(path, onUnreadable);
  else if (isArchiveName(path) || (await isGzip(path))) yield* archiveEntries(path, onUnreadable);
  else yield { path: basename(path), name: path, content: createReadStream(path) };
}
