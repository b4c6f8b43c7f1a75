import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { SeenRequest } from './https-server.ts';

/** The server's end of a WebSocket (RFC 6455), binary messages only: what the tests of a client need and no more. */
export interface ServerSocket {
  readonly raw: Duplex;
  send(channel: number, payload: Uint8Array | string): boolean;
  onMessage(listener: (channel: number, payload: Buffer) => void): void;
  /** Resolves with the code that the client closed with; 1006 when it just went away. */
  readonly closed: Promise<number>;
  close(code?: number): void;
}

export function acceptWebSocket(request: SeenRequest, socket: Duplex, head: Buffer): ServerSocket {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const protocol = String(request.headers['sec-websocket-protocol']).split(',')[0] ?? '';
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n` +
      `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  const closed = Promise.withResolvers<number>();
  let listener: (channel: number, payload: Buffer) => void = () => undefined;
  let buffered = head;
  const read = () => {
    for (let frame = firstFrame(buffered); frame; frame = firstFrame(buffered)) {
      buffered = buffered.subarray(frame.bytes);
      if (frame.opcode === 8) {
        closed.resolve(frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005);
        socket.end(frameOf(8, frame.payload));
      } else if (frame.opcode === 2) listener(frame.payload[0] ?? -1, frame.payload.subarray(1));
    }
  };
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    read();
  });
  socket.once('close', () => closed.resolve(1006));
  return {
    raw: socket,
    send: (channel, payload) => socket.write(frameOf(2, Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]))),
    onMessage: (wanted) => {
      listener = wanted;
      read();
    },
    closed: closed.promise,
    close: (code = 1000) => {
      const payload = Buffer.alloc(2);
      payload.writeUInt16BE(code);
      socket.end(frameOf(8, payload));
    },
  };
}

function frameOf(opcode: number, payload: Buffer): Buffer {
  const header = [0x80 | opcode];
  if (payload.length < 126) header.push(payload.length);
  else if (payload.length < 65_536) header.push(126, payload.length >> 8, payload.length & 255);
  else header.push(127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 255));
  return Buffer.concat([Buffer.from(header), payload]);
}

function firstFrame(data: Buffer): { opcode: number; payload: Buffer; bytes: number } | undefined {
  if (data.length < 2) return undefined;
  let length = (data[1] ?? 0) & 127;
  let at = 2;
  if (length === 126) {
    if (data.length < 4) return undefined;
    length = data.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (data.length < 10) return undefined;
    length = Number(data.readBigUInt64BE(2));
    at = 10;
  }
  if (data.length < at + 4 + length) return undefined;
  const mask = data.subarray(at, at + 4);
  const payload = Buffer.from(data.subarray(at + 4, at + 4 + length));
  for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return { opcode: (data[0] ?? 0) & 15, payload, bytes: at + 4 + length };
}
