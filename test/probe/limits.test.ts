import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import type { ProbePlan } from '../../src/sources/probe/plan.ts';
import { probeAll } from '../../src/sources/probe/probe-all.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import { host, keyPair, leaf, noSignal, planFor, root, tcpServer, tlsServer, trustsRoot } from './peers.ts';

/** A Duplex that is no socket, as the stream of a port-forward is none. */
function tunnel(port: number): Duplex {
  const socket = connect(port, '127.0.0.1');
  return Duplex.from({ readable: socket, writable: socket });
}

/** What keeps this process from ending, besides what was there before. */
function handles(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => /TCPSocketWrap|Timeout|GETADDRINFO|UDP|TLSWRAP/i.test(kind));
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}

suite('a stream in place of a TCP connection', () => {
  test('is what the handshake and the request go through', async (t) => {
    const port = await tlsServer(t);
    const record = await probe(planFor(1, { via: 'pod', pod: 'ns/pod', connect: async () => tunnel(port) }), noSignal);
    assert.deepEqual([record.outcome, record.http?.status, record.pod, record.from], ['ok', 200, 'ns/pod', undefined]);
    assert.deepEqual(record.chain, [leaf.certificatePem]);
  });

  test('is told from a stream that ends', async () => {
    const connected = async (): Promise<Duplex> => {
      const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
      stream.push(null);
      return stream;
    };
    const record = await probe(planFor(1, { connect: connected }), noSignal);
    assert.deepEqual([record.outcome, record.phase], ['closed', 'handshake']);
  });

  test('may fail to come', async () => {
    const connected = (): Promise<Duplex> => Promise.reject(new Error('port-forward: pod not found'));
    const record = await probe(planFor(1, { connect: connected }), noSignal);
    assert.deepEqual(
      [record.outcome, record.phase, record.error],
      ['unreachable', 'connect', 'port-forward: pod not found'],
    );
  });

  test('that comes too late is closed', async (t) => {
    const port = await tcpServer(t, () => {});
    const late = Promise.withResolvers<Duplex>();
    const record = await probe(planFor(1, { connect: () => late.promise, timeoutMs: 50 }), noSignal);
    assert.deepEqual([record.outcome, record.phase], ['timeout', 'connect']);
    const stream = tunnel(port);
    late.resolve(stream);
    await settled();
    assert.ok(stream.destroyed);
  });
});

suite('a signal', () => {
  test('that came before stops everything', async () => {
    const reason = new Error('enough');
    await assert.rejects(probe(planFor(1), AbortSignal.abort(reason)), reason);
  });

  for (const [phase, changes] of [
    ['connect', { connect: () => new Promise<Duplex>(() => {}) }],
    ['handshake', {}],
  ] as const) {
    test(`stops a probe in its ${phase}`, async (t) => {
      const port = await tcpServer(t, () => {});
      const controller = new AbortController();
      const running = probe(planFor(port, changes), controller.signal);
      await settled();
      const reason = new Error('enough');
      controller.abort(reason);
      await assert.rejects(running, reason);
    });
  }

  test('stops a probe in its request', async (t) => {
    const controller = new AbortController();
    const port = await tlsServer(t, {}, (socket) => socket.once('data', () => controller.abort(new Error('enough'))));
    await assert.rejects(probe(planFor(port), controller.signal), /enough/);
  });

  test('leaves what is known of many', async (t) => {
    const controller = new AbortController();
    const good = await tlsServer(t);
    const silent = await tcpServer(t, () => {});
    const plans = [planFor(good), planFor(silent), planFor(good, { port: good }), planFor(silent)];
    const { probes, undone } = await probeAll(plans, {
      concurrency: 2,
      signal: controller.signal,
      onProbe: (_record, plan) => {
        if (plan === plans[2]) controller.abort();
      },
    });
    assert.deepEqual(
      probes.map(({ outcome, port }) => [outcome, port]),
      [
        ['ok', good],
        ['ok', good],
      ],
    );
    assert.deepEqual(undone, [plans[1], plans[3]]);
  });
});

suite('many probes', () => {
  test('each see their own certificate, with no more connections at once than allowed', async (t) => {
    const names = Array.from({ length: 200 }, (_, index) => `h${index}.many.example.com`);
    const odd = mintCertificate({ subject: 'CN=odd', dnsNames: ['*.many.example.com'] }, root);
    const contexts = [keyPair, { cert: odd.certificatePem, key: odd.privateKeyPem }].map(createSecureContext);
    let open = 0;
    let most = 0;
    let resumed = 0;
    const port = await tlsServer(
      t,
      { SNICallback: (name, done) => done(null, contexts[Number(/\d+/.exec(name)?.[0]) % 2]) },
      (socket) => {
        most = Math.max(most, (open += 1));
        if (socket.isSessionReused()) resumed += 1;
        socket.once('close', () => (open -= 1)).resume();
      },
    );
    const plans = names.map((name) => planFor(port, { host: name, request: null }));
    const seen: string[] = [];
    const options = { concurrency: 8, signal: noSignal, onProbe: ({ host }: { host: string }) => seen.push(host) };
    const { probes, undone } = await probeAll(plans, options);
    assert.deepEqual(
      probes.map(({ host }) => host),
      names,
    );
    assert.deepEqual([seen.length, undone.length, resumed], [names.length, 0, 0]);
    assert.ok(most <= 8 && most > 1, `${most} at once`);
    const shown = [leaf, odd].map(({ certificatePem }) => certificatePem);
    for (const [index, record] of probes.entries()) {
      assert.deepEqual([record.outcome, record.chain], ['ok', [shown[index % 2]]]);
    }
  });

  test('with settings that cannot be used make no connection at all', async (t) => {
    let connections = 0;
    const port = await tcpServer(t, () => (connections += 1));
    const nonsense = { ciphers: ['NO-SUCH'], min: 'TLSv1.2', max: 'TLSv1.2' } as const;
    const plans = [planFor(port), planFor(port, nonsense)];
    await assert.rejects(probeAll(plans, { signal: noSignal }), { name: 'IstlsError', exit: 2 });
    await settled();
    assert.equal(connections, 0);
  });
});

suite('nothing is left behind', () => {
  const kinds: Readonly<Record<string, (t: TestContext) => Promise<ProbePlan>>> = {
    'an answer': async (t) => planFor(await tlsServer(t)),
    'an answer by HTTP/2 that is no HTTP': async (t) => planFor(await tlsServer(t, { ALPNProtocols: ['h2'] })),
    'a refusal after the handshake': async (t) =>
      planFor(await tlsServer(t, { requestCert: true, ca: root.certificatePem })),
    'a refusal within it': async (t) =>
      planFor(await tlsServer(t, { requestCert: true, ca: root.certificatePem, maxVersion: 'TLSv1.2' })),
    silence: async (t) => planFor(await tcpServer(t, (socket) => socket.resume()), { timeoutMs: 100 }),
    'silence after the request': async (t) =>
      planFor(await tlsServer(t, {}, (socket) => socket.resume()), { timeoutMs: 200 }),
    'a body without end': async (t) =>
      planFor(
        await tlsServer(t, {}, (socket) => {
          socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'));
        }),
      ),
    'a reset': async (t) => planFor(await tcpServer(t, (socket) => socket.resetAndDestroy())),
    'plain text': async (t) =>
      planFor(await tcpServer(t, (socket) => socket.resume().write('HTTP/1.1 400 Bad\r\n\r\n'))),
    'a request in clear': async (t) =>
      planFor(await tcpServer(t, (socket) => socket.resume().write('HTTP/1.1 200 OK\r\n\r\n')), { scheme: 'http' }),
    'a stream': async (t) => {
      const port = await tlsServer(t);
      return planFor(1, { connect: async () => tunnel(port) });
    },
    nobody: async () => planFor(1),
  };
  for (const [kind, plan] of Object.entries(kinds)) {
    test(`after ${kind}`, async (t) => {
      const planned = await plan(t);
      await probe(planned, noSignal);
      await settled();
      // The servers' ends close with ours: what stays open is ours, or was opened by one of ours.
      const before = handles();
      for (let round = 0; round < 3; round += 1) await probe(planned, noSignal);
      await settled();
      assert.deepEqual(handles(), before);
      assert.ok(!before.includes('Timeout'), 'no timer stays');
    });
  }
});

test('a record holds no key', async (t) => {
  const client = mintCertificate({ subject: 'CN=client' }, root);
  const port = await tlsServer(t, { requestCert: true, ca: root.certificatePem });
  const { clientOf } = await import('./peers.ts');
  const record = await probe(planFor(port, { client: clientOf(client), host, trust: trustsRoot }), noSignal);
  const body = client.privateKeyPem.split('\n').slice(1, -2).join('');
  assert.equal(record.outcome, 'ok');
  assert.ok(!JSON.stringify(record).includes('PRIVATE KEY'));
  assert.ok(!JSON.stringify(record).replaceAll('\\n', '').includes(body.slice(20, 60)));
});
