/**
 * Reads the fields of TLS messages in order. A field that reaches beyond the end throws a RangeError: whoever parses
 * bytes of a stranger catches it once, around the whole message.
 */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** An unsigned integer of 1, 2 or 3 bytes, most significant first. */
  integer(size: 1 | 2 | 3): number {
    return this.bytes(size).readUIntBE(0, size);
  }

  bytes(size: number): Buffer {
    if (size > this.remaining) throw new RangeError('The message ends inside of a field.');
    const found = this.#bytes.subarray(this.#offset, this.#offset + size);
    this.#offset += size;
    return found;
  }

  /** A vector (RFC 8446 section 3.4) whose length stands before it in `lengthSize` bytes. */
  vector(lengthSize: 1 | 2 | 3): ByteReader {
    return new ByteReader(this.bytes(this.integer(lengthSize)));
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }
}
