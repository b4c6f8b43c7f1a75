/** Nothing that is read whole may be larger; config dumps are read as streams, and logs line by line. */
const maxTextBytes = 256 * 1024 * 1024;
const maxLineLength = 64 * 1024;
const maxLogLines = 400_000;

/** A whole file as text. Throws a plain Error that says why when it is too large or no text. */
export async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > maxTextBytes) throw new Error(`larger than ${maxTextBytes / 1024 / 1024} MB`);
    if (chunks.length === 0 && chunk.subarray(0, 4096).includes(0)) throw new Error('binary content, no text');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The lines of a log, the newest where there are too many; a line that is too long is cut, and counted. */
export async function linesOf(
  content: AsyncIterable<Uint8Array>,
): Promise<{ lines: string[]; truncatedLines: number }> {
  const decoder = new TextDecoder('utf-8');
  const lines: string[] = [];
  let truncatedLines = 0;
  let rest = '';
  let cut = false;
  const push = (line: string): void => {
    if (line.length > maxLineLength || cut) truncatedLines++;
    lines.push(line.slice(0, maxLineLength));
    cut = false;
    if (lines.length > maxLogLines + 10_000) truncatedLines += lines.splice(0, 10_000).length;
  };
  for await (const chunk of content) {
    const text = rest + decoder.decode(chunk, { stream: true });
    const parts = text.split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) push(part);
    if (rest.length > maxLineLength) {
      rest = rest.slice(0, maxLineLength);
      cut = true;
    }
  }
  if (rest !== '') push(rest);
  return { lines, truncatedLines };
}

/** The chunks of a file behind its first bytes: to look at what it is without losing them. */
export async function peek(
  content: AsyncIterable<Uint8Array>,
  bytes: number,
): Promise<{ readonly head: string; readonly content: AsyncIterable<Uint8Array> }> {
  const iterator = content[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let size = 0;
  while (size < bytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    held.push(next.value);
    size += next.value.length;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* held;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { head: Buffer.concat(held).subarray(0, bytes).toString('utf8'), content: whole() };
}
