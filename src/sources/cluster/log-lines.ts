export interface LogLine {
  readonly text: string;
  /** The line was longer than the limit and is cut there. */
  readonly truncated: boolean;
}

const lineLimit = 64 * 1024;

/** Splits bytes into lines, each at most 64 kB; what is beyond is skipped without being kept. */
export async function* logLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<LogLine> {
  let parts: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  const add = (part: Buffer) => {
    const fits = part.subarray(0, lineLimit - kept);
    if (fits.length < part.length) truncated = true;
    // A copy, so that a small rest does not hold a whole chunk.
    if (fits.length > 0) parts.push(Buffer.from(fits));
    kept += fits.length;
  };
  const take = (): LogLine => {
    const text = Buffer.concat(parts).toString();
    const line = { text: text.endsWith('\r') ? text.slice(0, -1) : text, truncated };
    parts = [];
    kept = 0;
    truncated = false;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (kept > 0) yield take();
}
