/** The head of one TLS record on its way: its type, and the first byte of its content (for a handshake, the message type). */
export interface RecordHead {
  readonly type: number;
  readonly first: number;
}

const headerBytes = 5;

/** Follows a stream of TLS records across chunks, without keeping their content. */
export class RecordScanner {
  #pending = Buffer.alloc(0);
  /** Bytes of the current record's content that are still to come. */
  #skip = 0;

  /** The records whose head and first content byte lie complete in what has come so far. */
  scan(chunk: Buffer): readonly RecordHead[] {
    const heads: RecordHead[] = [];
    let bytes = Buffer.concat([this.#pending, chunk]);
    this.#pending = Buffer.alloc(0);
    while (bytes.length > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      if (this.#skip > 0 || bytes.length === 0) break;
      if (bytes.length <= headerBytes) {
        this.#pending = Buffer.from(bytes);
        break;
      }
      heads.push({ type: bytes[0] ?? 0, first: bytes[headerBytes] ?? 0 });
      this.#skip = headerBytes + bytes.readUInt16BE(3);
    }
    return heads;
  }
}
