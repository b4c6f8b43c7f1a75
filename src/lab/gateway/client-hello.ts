/** What the TLS inspector of Envoy reads from the first bytes of a connection. */
export type FirstBytes =
  | { readonly kind: 'incomplete' }
  /** Not the beginning of a TLS handshake. */
  | { readonly kind: 'plaintext' }
  | ClientHello;

export interface ClientHello {
  readonly kind: 'client-hello';
  /** In lower case, as Envoy compares names. */
  readonly serverName?: string;
  /** The protocols that the client offers. */
  readonly alpn: readonly string[];
}

const recordTypes = { handshake: 22 };
const clientHello = 1;
const extensionTypes = { serverName: 0, alpn: 16 };

/** Looks at the bytes that a client has sent so far, without changing them. */
export function readFirstBytes(bytes: Buffer): FirstBytes {
  if (bytes.length === 0) return { kind: 'incomplete' };
  if (bytes[0] !== recordTypes.handshake || (bytes.length > 1 && bytes[1] !== 3)) return { kind: 'plaintext' };
  const handshake = joinHandshakeRecords(bytes);
  if (handshake.length < 4) return { kind: 'incomplete' };
  if (handshake[0] !== clientHello) return { kind: 'plaintext' };
  const length = handshake.readUIntBE(1, 3);
  if (handshake.length < 4 + length) return { kind: 'incomplete' };
  const extensions = readExtensions(new ByteReader(handshake.subarray(4, 4 + length)));
  const serverName = readServerName(extensions.get(extensionTypes.serverName));
  const alpn = readProtocols(extensions.get(extensionTypes.alpn));
  return { kind: 'client-hello', alpn, ...(serverName !== undefined && { serverName }) };
}

/** The handshake bytes of the records that are there: a hello may be cut into several. */
function joinHandshakeRecords(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + 5 <= bytes.length && bytes[at] === recordTypes.handshake) {
    const end = at + 5 + bytes.readUInt16BE(at + 3);
    parts.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return Buffer.concat(parts);
}

function readExtensions(hello: ByteReader): ReadonlyMap<number, ByteReader> {
  hello.skip(2 + 32);
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  const extensions = new Map<number, ByteReader>();
  const list = hello.vector(2);
  while (list.left > 0) extensions.set(list.number(2), list.vector(2));
  return extensions;
}

/** RFC 6066 section 3. */
function readServerName(extension: ByteReader | undefined): string | undefined {
  const names = extension?.vector(2);
  const isHostName = names?.number(1) === 0;
  const name = names?.vector(2).rest().toString('latin1') ?? '';
  return isHostName && name !== '' ? name.toLowerCase() : undefined;
}

/** RFC 7301 section 3.1. */
function readProtocols(extension: ByteReader | undefined): readonly string[] {
  if (!extension) return [];
  const list = extension.vector(2);
  const protocols: string[] = [];
  while (list.left > 0) protocols.push(list.vector(1).rest().toString('latin1'));
  return protocols;
}

/** Reads fixed numbers and length-prefixed vectors; what lies beyond the end reads as nothing. */
class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    this.#at = Math.min(this.#bytes.length, this.#at + count);
  }

  number(size: number): number {
    const value = this.left >= size ? this.#bytes.readUIntBE(this.#at, size) : 0;
    this.skip(size);
    return value;
  }

  vector(lengthSize: number): ByteReader {
    const length = this.number(lengthSize);
    const start = this.#at;
    this.skip(length);
    return new ByteReader(this.#bytes.subarray(start, this.#at));
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}
