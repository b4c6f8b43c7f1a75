import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Probe } from '../../src/model/probe.ts';
import type { ProbePlan } from '../../src/sources/probe/plan.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import { alerts } from '../../src/tls/alerts.ts';
import { host, noSignal, planFor, tcpServer, tlsServer } from './peers.ts';

/** The facts that tell endings apart. */
function ending({ outcome, phase, alert, received, plainAnswer }: Probe): object {
  return { outcome, phase, alert: alert?.number, bytes: received?.bytes, plainAnswer };
}

/** What a probe makes of a server that does this once the ClientHello is there. */
async function met(t: TestContext, answer: (socket: Socket) => void, changes?: Partial<ProbePlan>): Promise<Probe> {
  const port = await tcpServer(t, (socket) => socket.once('data', () => answer(socket)));
  return probe(planFor(port, changes), noSignal);
}

suite('a connection that comes to nothing', () => {
  test('because nothing listens is refused', async (t) => {
    const port = await tcpServer(t, () => {});
    const closed = await tcpServer(t, () => {});
    assert.notEqual(port, closed);
    const free = await new Promise<number>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        resolve(socket.localPort ?? 0);
        socket.destroy();
      });
    });
    const record = await probe(planFor(free), noSignal);
    assert.deepEqual(ending(record), {
      outcome: 'refused',
      phase: 'connect',
      alert: undefined,
      bytes: undefined,
      plainAnswer: undefined,
    });
    assert.match(record.error ?? '', /ECONNREFUSED/);
  });

  test('because the server never answers times out', async (t) => {
    const record = await met(t, () => {}, { timeoutMs: 200 });
    assert.deepEqual(ending(record), {
      outcome: 'timeout',
      phase: 'handshake',
      alert: undefined,
      bytes: 0,
      plainAnswer: undefined,
    });
    assert.ok(record.ms >= 200 && record.ms < 2000, `${record.ms} ms`);
  });

  test('because the server resets is a reset, without a byte from it', async (t) => {
    const record = await met(t, (socket) => socket.resetAndDestroy());
    assert.deepEqual([record.outcome, record.phase, record.received], ['reset', 'handshake', { bytes: 0 }]);
  });

  test('because the server ends in good order is closed', async (t) => {
    const record = await met(t, (socket) => socket.end());
    assert.deepEqual([record.outcome, record.phase, record.received], ['closed', 'handshake', { bytes: 0 }]);
  });

  test('because the flight stops half way tells how much came, and when', async (t) => {
    const server = await tlsServer(t, { maxVersion: 'TLSv1.2' });
    const passed = 200;
    const port = await tcpServer(t, (client) => {
      const inner = connect(server, '127.0.0.1');
      inner.on('error', () => {}).on('data', (chunk) => client.write(chunk.subarray(0, passed)));
      client.on('data', (chunk) => inner.write(chunk)).on('close', () => inner.destroy());
    });
    const record = await probe(planFor(port, { timeoutMs: 400 }), noSignal);
    assert.deepEqual(
      [record.outcome, record.phase, record.protocol, record.received?.bytes, record.chain],
      ['timeout', 'handshake', undefined, passed, undefined],
    );
    assert.ok((record.received?.lastAtMs ?? 400) < 350, 'the last byte came long before the end');
  });
});

suite('an answer that is no TLS', () => {
  const answers = {
    'HTTP/1.1 400 Bad Request': 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2': 'SSH-2.0-OpenSSH_9.2\r\n',
    'HTTP/2 without TLS': Buffer.from('000012040000000000000300000080', 'hex'),
    'bytes ff00ff00ff00ff00': Buffer.from('ff00'.repeat(100), 'hex'),
  };
  for (const [plainAnswer, bytes] of Object.entries(answers)) {
    for (const end of ['closes', 'resets', 'waits'] as const) {
      test(`is kept: ${plainAnswer}, then the server ${end}`, async (t) => {
        const record = await met(t, (socket) => {
          socket.write(bytes, () => {
            if (end === 'closes') socket.end();
            // A moment, or the reset overtakes the answer.
            if (end === 'resets') setTimeout(() => socket.resetAndDestroy(), 50);
          });
        });
        assert.deepEqual(ending(record), {
          outcome: 'not-tls',
          phase: 'handshake',
          alert: undefined,
          bytes: bytes.length,
          plainAnswer,
        });
      });
    }
  }

  test('has its control characters left out', async (t) => {
    const record = await met(t, (socket) => socket.end('220 \u001b[31mred\u0007\r\n'));
    assert.equal(record.outcome, 'not-tls');
    assert.match(record.plainAnswer ?? '', /^bytes [0-9a-f]{16}$/);
  });

  test('is not seen in garbage that only begins like TLS', async (t) => {
    const record = await met(t, (socket) => socket.end(Buffer.from(`160303000a${'ee'.repeat(10)}`, 'hex')));
    assert.deepEqual([record.outcome, record.phase], ['closed', 'handshake']);
    assert.match(record.error ?? '', /ERR_SSL_/);
  });
});

suite('an alert in the place of a ServerHello', () => {
  for (const { number, name } of alerts) {
    test(`${number} is ${name}`, async (t) => {
      const record = await met(t, (socket) => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, number])));
      assert.deepEqual([record.outcome, record.alert, record.phase], ['alert', { number, name }, 'handshake']);
    });
  }

  test('of a number that nobody knows is still an alert', async (t) => {
    const record = await met(t, (socket) => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 99])));
    assert.deepEqual([record.outcome, record.alert], ['alert', { number: 99, name: 'unknown' }]);
  });
});

suite('a request in clear', () => {
  test('is answered', async (t) => {
    const seen: string[] = [];
    const port = await tcpServer(t, (socket) =>
      socket.once('data', (head) => {
        seen.push(...head.toString().split('\r\n'));
        socket.end('HTTP/1.1 301 Moved\r\nlocation: https://shop.example.com/?token=x\r\nserver: istio-envoy\r\n\r\n');
      }),
    );
    const record = await probe(planFor(port, { scheme: 'http', request: { path: '/status/200' } }), noSignal);
    assert.deepEqual(
      [record.outcome, record.scheme, record.sni, record.trust, record.protocol],
      ['ok', 'http', null, undefined, undefined],
    );
    assert.deepEqual(record.http, {
      status: 301,
      path: '/status/200',
      server: 'istio-envoy',
      headers: { location: 'https://shop.example.com/?…', server: 'istio-envoy' },
    });
    assert.equal(seen[0], 'GET /status/200 HTTP/1.1');
    assert.ok(seen.includes(`host: ${host}:${port}`), seen.join('\n'));
    assert.match(seen.find((line) => line.startsWith('user-agent')) ?? '', /^user-agent: istls\/\d/);
  });

  test('to a TLS port meets an alert, or silence and an end', async (t) => {
    const port = await tlsServer(t);
    const record = await probe(planFor(port, { scheme: 'http' }), noSignal);
    assert.ok(['alert', 'closed'].includes(record.outcome), record.outcome);
    assert.equal(record.phase, 'request');
    assert.equal(record.http, undefined);
  });

  test('that is not answered by HTTP says by what', async (t) => {
    const record = await met(t, (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'), { scheme: 'http' });
    assert.deepEqual([record.outcome, record.plainAnswer], ['closed', 'SSH-2.0-OpenSSH_9.2']);
  });
});

test('a PROXY header goes ahead of the handshake', async (t) => {
  const head = Promise.withResolvers<string>();
  const port = await tcpServer(t, (socket) =>
    socket.once('data', (chunk) => {
      head.resolve(chunk.toString('latin1'));
      socket.destroy();
    }),
  );
  const record = await probe(planFor(port, { proxyProtocol: true }), noSignal);
  const [local] = record.from ?? [];
  assert.equal(record.proxyProtocol, true);
  assert.match(await head.promise, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n/);
  assert.ok((await head.promise).includes(` ${local?.split(':')[1]} ${port}\r\n`));
});

test('a server in front of an IPv6 address is reached', async (t) => {
  const port = await tcpServer(t, (socket) => socket.once('data', () => socket.resetAndDestroy()), '::1').catch(
    () => undefined,
  );
  if (port === undefined) return t.skip('this machine has no IPv6 loopback');
  const record = await probe(planFor(port, { address: '::1', host: '::1' }), noSignal);
  assert.deepEqual([record.outcome, record.sni], ['reset', null]);
  assert.match(record.from?.[0] ?? '', /^\[::1\]:\d+$/);
});
