import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { suite, test } from 'node:test';
import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import * as fc from 'fast-check';
import { readFirstBytes } from '../../src/lab/gateway/client-hello.ts';
import { RecordScanner } from '../../src/lab/gateway/record-scanner.ts';

/** The first bytes that a real client sends. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const received = once(server, 'connection').then(([socket]) => once(socket, 'data').finally(() => socket.destroy()));
  const client = connect({ host: '127.0.0.1', port, ...options }).on('error', () => undefined);
  const [bytes]: unknown[] = await received;
  client.destroy();
  server.close();
  assert.ok(Buffer.isBuffer(bytes));
  return bytes;
}

/** The same handshake bytes in records of another size. */
function recut(hello: Buffer, size: number): Buffer {
  const content = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) {
    const part = content.subarray(at, at + size);
    records.push(Buffer.of(22, 3, 1, part.length >> 8, part.length & 0xff), part);
  }
  return Buffer.concat(records);
}

suite('the first bytes of a connection', () => {
  test('hold the name and the protocols that a client asks for, in lower case', async () => {
    const hello = await helloOf({ servername: 'Shop.Example', ALPNProtocols: ['h2', 'http/1.1'] });
    assert.deepEqual(readFirstBytes(hello), {
      kind: 'client-hello',
      serverName: 'shop.example',
      alpn: ['h2', 'http/1.1'],
    });
    assert.deepEqual(readFirstBytes(recut(hello, 7)), readFirstBytes(hello));
    assert.deepEqual(readFirstBytes(await helloOf({})), { kind: 'client-hello', alpn: [] });
  });

  test('are waited for until they are complete', async () => {
    const hello = await helloOf({ servername: 'shop.example' });
    for (let length = 0; length < hello.length; length += 1) {
      assert.equal(readFirstBytes(hello.subarray(0, length)).kind, 'incomplete', `after ${length} bytes`);
    }
  });

  test('are plain text when they begin no handshake', () => {
    for (const text of ['GET / HTTP/1.1\r\n', 'PROXY TCP4 ', 'SSH-2.0-x', '\x16\x01', '\x15\x03\x03']) {
      assert.equal(readFirstBytes(Buffer.from(text, 'latin1')).kind, 'plaintext', JSON.stringify(text));
    }
  });

  test('never break the reader', async () => {
    const hello = await helloOf({ servername: 'shop.example', ALPNProtocols: ['h2'] });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 20 }), (changes) => {
        const bent = Buffer.from(hello);
        for (const [at, value] of changes) bent[at] = value;
        assert.ok(['incomplete', 'plaintext', 'client-hello'].includes(readFirstBytes(bent).kind));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readFirstBytes(Buffer.concat([Buffer.of(22, 3, 1), bytes]));
      }),
    );
  });
});

suite('records on their way', () => {
  test('are told apart however the stream is cut', () => {
    const records = fc.array(fc.tuple(fc.nat(255), fc.uint8Array({ minLength: 1, maxLength: 40 })), { maxLength: 8 });
    fc.assert(
      fc.property(records, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (list, sizes) => {
        const stream = Buffer.concat(list.flatMap(([type, body]) => [Buffer.of(type, 3, 3, 0, body.length), body]));
        const scanner = new RecordScanner();
        const seen = [];
        for (let at = 0; at < stream.length;) {
          const size = sizes.next().value;
          seen.push(...scanner.scan(stream.subarray(at, at + size)));
          at += size;
        }
        assert.deepEqual(
          seen,
          list.map(([type, body]) => ({ type, first: body[0] })),
        );
      }),
    );
  });
});
