type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * The same text as UTF-8 without byte order mark. A dump that Windows PowerShell wrote with `>` is UTF-16; everything
 * else passes through as it is.
 */
export async function* utf8Chunks(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | undefined = new Uint8Array();
  let decode: ((chunk: Uint8Array) => Uint8Array) | undefined;
  for await (const chunk of chunks) {
    if (!head) {
      yield decode ? decode(chunk) : chunk;
      continue;
    }
    // Three bytes tell; a source that gives them one by one must not lose them.
    const start: Uint8Array = head.length > 0 ? Buffer.concat([head, chunk]) : chunk;
    if (start.length < 3) {
      head = start;
      continue;
    }
    head = undefined;
    const encoding = utf16Of(start);
    decode = encoding === undefined ? undefined : decoderOf(encoding);
    const marked = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
    yield decode ? decode(start) : marked ? start.subarray(3) : start;
  }
  if (head && head.length > 0) yield head;
}

function utf16Of(start: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

function decoderOf(encoding: string): (chunk: Uint8Array) => Uint8Array {
  const decoder = new TextDecoder(encoding);
  const encoder = new TextEncoder();
  return (chunk) => encoder.encode(decoder.decode(chunk, { stream: true }));
}
