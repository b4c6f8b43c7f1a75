import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** Far above what a port-forward sends in one message; a longer one ends the connection. */
const longestMessage = 8 * 1024 * 1024;

export interface WebSocketHandlers {
  readonly message: (data: Buffer) => void;
  readonly closed: () => void;
}

/** The server's side of one WebSocket (RFC 6455), as far as the channels of the Kubernetes API need it. */
export class WebSocketConnection {
  readonly #socket: Duplex;
  readonly #handlers: WebSocketHandlers;
  #received = Buffer.alloc(0);
  #fragments: Buffer[] = [];

  constructor(socket: Duplex, head: Buffer, handlers: WebSocketHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => handlers.closed());
    if (head.length > 0) this.#receive(head);
  }

  send(data: Buffer): void {
    this.#write(opcodes.binary, data);
  }

  close(): void {
    this.#write(opcodes.close, Buffer.of(0x03, 0xe8));
    this.#socket.end();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (let frame = readFrame(this.#received); frame; frame = readFrame(this.#received)) {
      this.#received = this.#received.subarray(frame.bytes);
      this.#take(frame);
    }
    if (this.#received.length > longestMessage) this.#socket.destroy();
  }

  #take({ opcode, final, payload }: Frame): void {
    if (opcode === opcodes.close) this.close();
    else if (opcode === opcodes.ping) this.#write(opcodes.pong, payload);
    else if (opcode !== opcodes.pong) {
      this.#fragments.push(payload);
      if (!final) return;
      const message = Buffer.concat(this.#fragments);
      this.#fragments = [];
      this.#handlers.message(message);
    }
  }

  #write(opcode: number, payload: Buffer): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat([frameHeader(opcode, payload.length), payload]));
  }
}

/** Completes the opening handshake with the first protocol that both sides know. Gives it, or refuses with 403. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  known: readonly string[],
): string | undefined {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  const offered = new Set(header.split(',').map((name) => name.trim()));
  const protocol = known.find((name) => offered.has(name));
  const key = request.headers['sec-websocket-key'];
  if (protocol === undefined || key === undefined) {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    return undefined;
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  return protocol;
}

interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  readonly payload: Buffer;
  /** The length of the whole frame. */
  readonly bytes: number;
}

/** The first frame of the buffer, or `undefined` while it is not complete. */
function readFrame(buffer: Buffer): Frame | undefined {
  if (buffer.length < 2) return undefined;
  const [first = 0, second = 0] = buffer;
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const maskAt = 2 + lengthBytes;
  const masked = (second & 0x80) !== 0;
  const start = maskAt + (masked ? 4 : 0);
  if (buffer.length < start) return undefined;
  const length =
    lengthBytes === 2 ? buffer.readUInt16BE(2) : lengthBytes === 8 ? Number(buffer.readBigUInt64BE(2)) : short;
  if (buffer.length < start + length) return undefined;
  const payload = Buffer.from(buffer.subarray(start, start + length));
  if (masked) for (let i = 0; i < length; i += 1) payload[i] = (payload[i] ?? 0) ^ (buffer[maskAt + (i % 4)] ?? 0);
  return { opcode: first & 0x0f, final: (first & 0x80) !== 0, payload, bytes: start + length };
}

function frameHeader(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.of(0x80 | opcode, length);
  if (length < 65536) return Buffer.of(0x80 | opcode, 126, length >> 8, length & 0xff);
  const header = Buffer.alloc(10);
  header[0] = 0x80 | opcode;
  header[1] = 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
