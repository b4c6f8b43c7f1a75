import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import { array, assert as check, integer, nat, property, tuple, uint8Array } from 'fast-check';
import { natureOfPlainAnswer } from '../../src/tls/plain-answer.ts';
import { alertInClear, beginsLikeTls, readRecords } from '../../src/tls/records.ts';
import { readServerFlight } from '../../src/tls/server-flight.ts';
import { leaf, root, tlsServer } from '../probe/peers.ts';
import { Wire } from '../../src/sources/probe/wire.ts';

interface Recorded {
  readonly bytes: Buffer;
  readonly secret: Buffer;
}

/** The bytes of a true server, and the secret that opens them. */
async function recorded(t: TestContext, options: TlsOptions): Promise<Recorded> {
  const port = await tlsServer(t, {
    requestCert: true,
    rejectUnauthorized: false,
    ca: root.certificatePem,
    ...options,
  });
  const wire = new Wire(connect(port, '127.0.0.1'), performance.now());
  const socket = connectTls({ socket: wire, rejectUnauthorized: false });
  let secret = Buffer.alloc(0);
  socket.on('keylog', (line) => {
    const [label, , hex] = line.toString().trim().split(' ');
    if (label === 'SERVER_HANDSHAKE_TRAFFIC_SECRET') secret = Buffer.from(hex ?? '', 'hex');
  });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.destroy();
  return { bytes: wire.firstBytes, secret };
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  suite(`a flight of ${version}`, () => {
    const options = { minVersion: version, maxVersion: version };

    test('is read whole', async (t) => {
      const { bytes, secret } = await recorded(t, options);
      const flight = readServerFlight(bytes, secret);
      assert.deepEqual([flight.began, flight.complete, flight.version], [true, true, version]);
      assert.deepEqual(flight.chain[0], leaf.certificateDer);
      assert.equal(flight.certificateRequest?.authorities.length, 1);
      assert.ok(flight.certificateRequest.signatureSchemes.includes(0x0403));
    });

    test('is read as far as it came, wherever it stops', async (t) => {
      const { bytes, secret } = await recorded(t, options);
      const whole = readServerFlight(bytes, secret);
      let previous = 0;
      for (let end = 0; end <= bytes.length; end += 1) {
        const { began, complete, chain, certificateRequest } = readServerFlight(bytes.subarray(0, end), secret);
        const known = [began, chain.length > 0, certificateRequest !== undefined, complete].filter(Boolean).length;
        assert.ok(known >= previous, `less is known after ${end} bytes than before`);
        previous = known;
        if (chain.length > 0) assert.deepEqual(chain, whole.chain);
      }
      assert.equal(previous, 4);
    });

    test('is no accident, whatever bytes are changed', async (t) => {
      const { bytes, secret } = await recorded(t, options);
      const change = tuple(nat(bytes.length - 1), integer({ min: 1, max: 255 }));
      check(
        property(array(change, { minLength: 1, maxLength: 8 }), (changes) => {
          const changed = Buffer.from(bytes);
          for (const [at, mask] of changes) changed.writeUInt8(changed.readUInt8(at) ^ mask, at);
          readServerFlight(changed, secret);
          natureOfPlainAnswer(changed);
          alertInClear(changed);
        }),
        { numRuns: 300 },
      );
    });
  });
}

suite('a flight of TLS 1.3', () => {
  test('is not opened by another secret', async (t) => {
    const { bytes, secret } = await recorded(t, { minVersion: 'TLSv1.3' });
    for (const wrong of [Buffer.alloc(secret.length), undefined]) {
      const flight = readServerFlight(bytes, wrong);
      assert.deepEqual([flight.began, flight.complete, flight.chain.length], [true, false, 0]);
    }
  });
});

test('bytes of anybody are read without an accident', () => {
  check(
    property(uint8Array({ maxLength: 400 }), uint8Array({ maxLength: 48 }), (bytes, secret) => {
      const buffer = Buffer.from(bytes);
      const flight = readServerFlight(buffer, Buffer.from(secret));
      if (!beginsLikeTls(buffer)) assert.equal(flight.began, false);
      assert.ok(readRecords(buffer).every(({ fragment }) => fragment.length <= 0xffff));
      assert.match(natureOfPlainAnswer(buffer), /^[\x20-\x7e]+$/);
    }),
  );
});

test('what begins like TLS is told from what does not', () => {
  const yes = ['16', '1603', '160303', '15030100020228', '17030300ff'];
  const no = ['', '47', '1604', '0a0303', '160305', '80'];
  for (const hex of yes) assert.ok(beginsLikeTls(Buffer.from(hex, 'hex')), hex);
  for (const hex of no) assert.ok(!beginsLikeTls(Buffer.from(hex, 'hex')), hex);
});
