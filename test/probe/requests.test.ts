import assert from 'node:assert/strict';
import { createServer, createSecureServer } from 'node:http2';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { Probe } from '../../src/model/probe.ts';
import type { ProbePlan } from '../../src/sources/probe/plan.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import { host, keyPair, listening, noSignal, planFor, root, tlsServer } from './peers.ts';

/** What becomes of a request that a TLS server answers with these bytes, and whatever else it does. */
async function answered(
  t: TestContext,
  answer: string | ((socket: TLSSocket) => void),
  changes?: Partial<ProbePlan>,
): Promise<Probe> {
  const port = await tlsServer(t, {}, (socket) =>
    socket.once('data', () => (typeof answer === 'string' ? socket.end(answer) : answer(socket))),
  );
  return probe(planFor(port, changes), noSignal);
}

suite('a request by HTTP/2', () => {
  for (const requestCert of [false, true]) {
    test(`on the connection of the handshake${requestCert ? ', after a certificate was asked for' : ''}`, async (t) => {
      const seen: Readonly<Record<string, unknown>>[] = [];
      let connections = 0;
      const server = createSecureServer({
        ...keyPair,
        ca: root.certificatePem,
        requestCert,
        rejectUnauthorized: false,
      });
      server.on('stream', (stream, headers) => {
        seen.push({ ...headers });
        stream.respond({ ':status': 418, server: 'istio-envoy', 'x-envoy-upstream-service-time': '3' });
        stream.end('short and stout');
      });
      server.on('secureConnection', () => (connections += 1));
      const port = await listening(t, server);
      const record = await probe(planFor(port, { request: { path: '/status/418' } }), noSignal);
      assert.equal(connections, 1);
      assert.deepEqual([record.outcome, record.alpn], ['ok', 'h2']);
      const { date: _, ...headers } = record.http?.headers ?? {};
      assert.deepEqual(
        { ...record.http, headers },
        {
          status: 418,
          server: 'istio-envoy',
          path: '/status/418',
          headers: { server: 'istio-envoy', 'x-envoy-upstream-service-time': '3' },
          bodyStart: 'short and stout',
        },
      );
      assert.equal(seen.length, 1);
      assert.deepEqual([seen[0]?.[':authority'], seen[0]?.[':path']], [`${host}:${port}`, '/status/418']);
      assert.match(String(seen[0]?.['user-agent']), /^istls\//);
    });
  }

  test('that the server does not answer by HTTP/2 fails, and TLS is seen to be sound', async (t) => {
    const port = await tlsServer(t, { ALPNProtocols: ['h2'] }, (socket) => socket.once('data', () => socket.end()));
    const record = await probe(planFor(port), noSignal);
    assert.deepEqual([record.outcome, record.phase, record.alpn, record.http], ['closed', 'request', 'h2', undefined]);
    assert.deepEqual([record.refusedAfterHandshake, record.verify], [undefined, { ok: true }]);
  });
});

suite('an answer', () => {
  test('names its host, with the port where it is not that of https', async (t) => {
    const head = Promise.withResolvers<string>();
    const record = await answered(t, 'HTTP/1.1 204 No Content\r\n\r\n');
    const port = await tlsServer(t, {}, (socket) =>
      socket.once('data', (chunk) => {
        head.resolve(chunk.toString());
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      }),
    );
    await probe(planFor(port, { sni: 'other.example.com', request: { path: '/a?b=c' } }), noSignal);
    assert.equal(record.http?.status, 204);
    assert.match(await head.promise, new RegExp(`^GET /a\\?b=c HTTP/1\\.1\\r\\nhost: ${host}:${port}\\r\\n`));
    assert.match(await head.promise, /\r\nconnection: close\r\n/);
  });

  test('is not followed when it redirects, and its secrets are left out', async (t) => {
    const record = await answered(
      t,
      'HTTP/1.1 302 Found\r\nLocation: https://login.example.com/authorize?state=s3cret#part\r\n' +
        'Set-Cookie: session=s3cret; Path=/\r\nSet-Cookie: other=s3cret\r\nContent-Length: 0\r\n\r\n',
    );
    assert.deepEqual(record.http, {
      status: 302,
      path: '/',
      headers: {
        location: 'https://login.example.com/authorize?…',
        'set-cookie': 'session=…, other=…',
        'content-length': '0',
      },
    });
    assert.ok(!JSON.stringify(record).includes('s3cret'));
  });

  test('in chunks keeps the beginning of an error, on one line and without control characters', async (t) => {
    const record = await answered(
      t,
      `HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nRBAC: \r\n12\r\naccess\n\u001b[1m denied\r\n` +
        `c8\r\n${'x'.repeat(200)}\r\n0\r\n\r\n`,
    );
    assert.equal(record.http?.status, 403);
    assert.equal(record.http.bodyStart, `RBAC: access [1m denied${'x'.repeat(200)}`.slice(0, 200));
  });

  test('of success keeps nothing of its body', async (t) => {
    const record = await answered(t, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    assert.deepEqual(record.http, { status: 200, path: '/', headers: { 'content-length': '5' } });
  });

  test('without an end is left after a moment', async (t) => {
    const record = await answered(t, (socket) => {
      socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\nhalf');
    });
    assert.deepEqual([record.outcome, record.http?.bodyStart], ['ok', 'half']);
    assert.ok(record.ms < 3000, `${record.ms} ms`);
  });

  test('without limits is left after its beginning', async (t) => {
    let sent = 0;
    const record = await answered(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65536))) sent += 65536;
      };
      socket.on('drain', more);
      more();
    });
    assert.deepEqual([record.outcome, record.http?.status], ['ok', 200]);
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes`);
  });

  test('with more headers than is read says so, and TLS is sound', async (t) => {
    const record = await answered(t, `HTTP/1.1 200 OK\r\nx-big: ${'b'.repeat(100_000)}\r\n\r\n`);
    assert.deepEqual([record.outcome, record.phase, record.http], ['ok', 'request', undefined]);
    assert.match(record.error ?? '', /^the answer cannot be read as HTTP: more than 65536 bytes of headers$/);
  });

  test('that is no HTTP says so, and TLS is sound', async (t) => {
    const record = await answered(t, '220 smtp.example.com ESMTP\r\n');
    assert.deepEqual([record.outcome, record.phase, record.http], ['ok', 'request', undefined]);
    assert.match(record.error ?? '', /^the answer cannot be read as HTTP: /);
  });

  test('that breaks off in its headers is no answer', async (t) => {
    const record = await answered(t, 'HTTP/1.1 200 OK\r\nx-half: ');
    assert.deepEqual([record.outcome, record.phase, record.http], ['closed', 'request', undefined]);
  });

  test('that never comes times out in the request, with TLS seen to be sound', async (t) => {
    const record = await answered(t, () => {}, { timeoutMs: 400 });
    assert.deepEqual([record.outcome, record.phase, record.protocol], ['timeout', 'request', 'TLSv1.3']);
    assert.deepEqual(record.verify, { ok: true });
  });

  test('that is a reset is a reset', async (t) => {
    const record = await answered(t, (socket) => socket.destroy());
    assert.ok(['closed', 'reset'].includes(record.outcome), record.outcome);
    assert.equal(record.phase, 'request');
  });
});

test('a plaintext HTTP/2 server does not understand a request in clear, and that is told', async (t) => {
  const port = await listening(t, createServer());
  const record = await probe(planFor(port, { scheme: 'http' }), noSignal);
  assert.equal(record.outcome, 'closed');
  assert.equal(record.phase, 'request');
  assert.equal(record.plainAnswer, 'HTTP/2 without TLS');
});
