import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { Client } from 'undici';
import type { KubernetesApi } from '../../src/sources/cluster/api.ts';
import { PodStreamError, type PodStream } from '../../src/sources/cluster/pod-stream.ts';
import type { TransportOptions } from '../../src/sources/cluster/transport.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { authority } from '../support/api-server/certificates.ts';
import {
  answerVersion,
  portOf,
  startServer,
  type TestServer,
  type Upgrade,
} from '../support/api-server/https-server.ts';
import { beginForward, forwarding } from '../support/api-server/kubelet.ts';
import { openApi, timeUp } from '../support/api-server/open-api.ts';

const gateway = { namespace: 'istio-ingress', pod: 'gw-1' };

async function cluster(
  t: TestContext,
  upgrade: Upgrade,
  options: Partial<TransportOptions> = {},
): Promise<{ api: KubernetesApi; server: TestServer }> {
  const server = await startServer((request, response) => void answerVersion(request, response), { upgrade });
  t.after(() => server.close());
  return { api: await openApi(t, server, options), server };
}

async function listening(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
}

async function opened(api: KubernetesApi, port: number): Promise<PodStream> {
  const connection = await api.podStream(gateway, port);
  assert.equal(connection.outcome, 'open', JSON.stringify(connection));
  return connection.stream;
}

/** How a stream ends: with an error, or without. */
async function ending(stream: PodStream): Promise<PodStreamError | 'closed'> {
  const { promise, resolve } = Promise.withResolvers<PodStreamError | 'closed'>();
  stream.once('error', (error) => (error instanceof PodStreamError ? resolve(error) : assert.fail(String(error))));
  stream.once('close', () => resolve('closed'));
  stream.resume();
  return promise;
}

describe('a stream into a pod', () => {
  it('carries a TLS handshake with the pod’s own certificate', async (t) => {
    const served = mintCertificate({ subject: 'CN=shop', dnsNames: ['shop.example'] }, authority);
    const pod = tls.createServer({ cert: served.certificatePem, key: served.privateKeyPem }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('hello');
    });
    const { api } = await cluster(t, forwarding({ 8443: await listening(t, pod) }));
    const stream = await opened(api, 8443);
    const socket = tls.connect({ socket: stream, servername: 'shop.example', ca: authority.certificatePem });
    await once(socket, 'secureConnect');
    assert.equal(socket.authorized, true);
    assert.equal(socket.getPeerX509Certificate()?.subject, 'CN=shop');
    assert.equal(String(await socket.toArray()), 'hello');
    socket.destroy();
    if (!stream.closed) await once(stream, 'close');
  });

  it('shows a server that closes without an alert as an end, and one that resets as a reset', async (t) => {
    const closing = net.createServer((socket) => socket.once('data', () => socket.end()));
    const resetting = net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const { api } = await cluster(t, forwarding({ 1: await listening(t, closing), 2: await listening(t, resetting) }));
    for (const [port, says] of [
      [1, /disconnected before secure TLS connection was established/],
      [2, /ECONNRESET/],
    ] as const) {
      const socket = tls.connect({ socket: await opened(api, port), servername: 'shop.example' });
      const [error] = await once(socket, 'error').catch((reason: unknown) => [reason]);
      assert.equal(error.code, 'ECONNRESET');
      assert.match(error.message, says);
    }
  });

  it('carries HTTPS by undici', async (t) => {
    const { certificatePem, privateKeyPem } = mintCertificate(
      { subject: 'CN=shop', dnsNames: ['shop.example'] },
      authority,
    );
    const pod = https.createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
      response.end(`you asked ${request.headers.host} for ${request.url}`);
    });
    const { api } = await cluster(t, forwarding({ 8443: await listening(t, pod) }));
    const socket = tls.connect({
      socket: await opened(api, 8443),
      servername: 'shop.example',
      ca: authority.certificatePem,
    });
    await once(socket, 'secureConnect');
    const client = new Client('https://shop.example', { connect: (_, done) => setImmediate(done, null, socket) });
    const { body } = await client.request({ path: '/cart', method: 'GET' });
    assert.equal(await body.text(), 'you asked shop.example for /cart');
    await client.close();
  });

  it('carries HTTP by node:http, with keep-alive', async (t) => {
    const pod = http.createServer((request, response) => response.end(`you asked ${request.url}`));
    const { api, server } = await cluster(t, forwarding({ 15000: await listening(t, pod) }));
    const stream = await opened(api, 15000);
    const agent = new http.Agent({ keepAlive: true });
    agent.createConnection = () => stream;
    for (const path of ['/a', '/b']) {
      const [response] = await once(http.get({ agent, path }), 'response');
      assert.equal(String(await response.toArray()), `you asked ${path}`);
      await sleep(1);
    }
    agent.destroy();
    assert.equal(server.seen.filter(({ upgrade }) => upgrade).length, 1);
  });

  it('loses nothing that comes before the reader is there', async (t) => {
    const pod = net.createServer((socket) => socket.end('early'));
    const { api } = await cluster(t, forwarding({ 1: await listening(t, pod) }));
    const stream = await opened(api, 1);
    await sleep(50);
    assert.equal(String(await stream.toArray()), 'early');
  });

  it('loses nothing that comes in one packet with the handshake', async (t) => {
    const { api } = await cluster(t, (request, socket, head) => {
      socket.cork();
      const { ws } = beginForward(request, socket, head);
      ws.send(0, 'at once');
      ws.close();
      socket.uncork();
    });
    assert.equal(String(await (await opened(api, 1)).toArray()), 'at once');
  });

  it('goes on reading after its own end, as a TCP connection does', async (t) => {
    const pod = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.once('data', () => setTimeout(() => socket.end('late answer'), 100));
    });
    const { api } = await cluster(t, forwarding({ 1: await listening(t, pod) }));
    const stream = await opened(api, 1);
    stream.end('question');
    assert.equal(String(await stream.toArray()), 'late answer');
  });
});

describe('much data', () => {
  const megabytes = 24;
  const block = randomBytes(1024 * 1024);

  it('to a slow reader waits in the pod, not in memory', async (t) => {
    let sent = 0;
    const pod = net.createServer((socket) => {
      const more = () => {
        while (sent < megabytes && socket.write(block)) sent += 1;
        if (sent >= megabytes) socket.end();
        else sent += 1;
      };
      socket.on('drain', more);
      more();
    });
    const { api } = await cluster(t, forwarding({ 1: await listening(t, pod) }));
    const stream = await opened(api, 1);
    await once(stream, 'readable');
    await sleep(300);
    // What is under way sits in the buffers of sockets, a few megabytes at most.
    assert.ok(sent < megabytes - 4, `${sent} MB were sent to a reader that did not read`);
    assert.ok(stream.readableLength < 1024 * 1024, `${stream.readableLength} bytes wait in the stream`);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of stream) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    assert.equal(bytes % block.length, 0);
    assert.ok(bytes >= megabytes * block.length);
    const expected = createHash('sha256');
    for (let i = 0; i < bytes / block.length; i += 1) expected.update(block);
    assert.equal(hash.digest('hex'), expected.digest('hex'));
  });

  it('to a slow pod makes the writer wait', async (t) => {
    let reading: net.Socket | undefined;
    const pod = net.createServer((socket) => {
      reading = socket;
      socket.pause();
    });
    const { api } = await cluster(t, forwarding({ 1: await listening(t, pod) }));
    const stream = await opened(api, 1);
    let written = 0;
    while (written < megabytes && stream.write(block)) written += 1;
    const drained = once(stream, 'drain').then(() => true);
    assert.equal(stream.writableNeedDrain, true);
    for (let i = written; i < megabytes; i += 1) stream.write(block);
    assert.equal(await Promise.race([drained, sleep(300, false)]), false);
    const received = createHash('sha256');
    let bytes = 0;
    const all = Promise.withResolvers<void>();
    assert.ok(reading);
    reading.on('data', (chunk: Buffer) => {
      received.update(chunk);
      bytes += chunk.length;
      if (bytes >= (megabytes + 1) * block.length) all.resolve();
    });
    reading.resume();
    stream.write(block);
    await all.promise;
    assert.equal(await drained, true);
    stream.destroy();
  });
});

describe('a way into a pod that there is not', () => {
  const status = (code: number, reason: string, message: string) => {
    const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code });
    return `HTTP/1.1 ${code} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  };

  for (const [name, answer, outcome, gap] of [
    [
      'forbidden: the verb is the one that the server asked for',
      status(
        403,
        'Forbidden',
        'pods "gw-1" is forbidden: User "joe" cannot get resource "pods/portforward" in API group "" in the namespace "istio-ingress"',
      ),
      'forbidden',
      { reason: 'forbidden', permission: 'get pods/portforward in namespace istio-ingress' },
    ],
    ['no such pod', status(404, 'NotFound', 'pods "gw-1" not found'), 'no-such-pod', { reason: 'unreachable' }],
    [
      'a pod that is not scheduled yet',
      status(400, 'BadRequest', 'pod gw-1 does not have a host assigned'),
      'pod-not-running',
      { reason: 'unreachable' },
    ],
    [
      'a node that cannot be dialled',
      status(502, 'BadGateway', 'error dialing backend: dial tcp 10.0.0.4:10250: i/o timeout'),
      'upgrade-refused',
      { reason: 'unreachable' },
    ],
    [
      'a proxy without WebSockets',
      'HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\noops',
      'upgrade-refused',
      { reason: 'unreachable' },
    ],
    [
      'a redirect to a login page',
      'HTTP/1.1 302 Found\r\nLocation: https://sso.example/\r\nContent-Length: 0\r\n\r\n',
      'upgrade-refused',
      { reason: 'unreachable' },
    ],
    [
      'an upgrade to something else',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n',
      'unreachable',
      { reason: 'unreachable' },
    ],
    ['no answer to the upgrade', '', 'timeout', { reason: 'timeout' }],
  ] as const) {
    it(name, async (t) => {
      const { api } = await cluster(t, (_, socket) => socket.write(answer), { requestTimeoutMs: 1000 });
      const connection = await api.podStream(gateway, 15000);
      assert.equal(connection.outcome, outcome, JSON.stringify(connection));
      assert.partialDeepStrictEqual(connection.gap, gap);
      assert.doesNotMatch(JSON.stringify(connection), /sesame/);
    });
  }

  it('a name that is none is not asked for', async (t) => {
    const { api, server } = await cluster(t, () => assert.fail('asked'));
    assert.equal((await api.podStream({ namespace: 'ns', pod: '../x' }, 1)).outcome, 'no-such-pod');
    assert.equal(server.seen.length, 1);
  });

  it('the budget is over', async (t) => {
    const budget = new AbortController();
    const { api } = await cluster(t, () => budget.abort(timeUp), { signal: budget.signal });
    const connection = await api.podStream(gateway, 15000);
    assert.equal(connection.outcome, 'timeout');
  });
});

describe('a stream that fails', () => {
  it('because nothing listens in the pod: as the same TCP connection would', async (t) => {
    const { api } = await cluster(t, forwarding({}));
    const error = await ending(await opened(api, 8443));
    assert.ok(error instanceof PodStreamError);
    assert.equal(error.code, 'ECONNREFUSED');
    assert.match(error.message, /istio-ingress\/gw-1:8443: error forwarding port 8443 .*connection refused/);
    const socket = tls.connect({ socket: await opened(api, 8443), servername: 'shop.example' });
    const [seen] = await once(socket, 'error');
    assert.equal(seen.code, 'ECONNREFUSED');
  });

  it('because the connection breaks: what came before is delivered first', async (t) => {
    const { api } = await cluster(t, (request, socket, head) => {
      const { ws } = beginForward(request, socket, head);
      ws.send(0, 'partial');
      setTimeout(() => ws.raw.destroy(), 30);
    });
    const stream = await opened(api, 1);
    await sleep(100);
    const read: string[] = [];
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    stream.on('data', (chunk: Buffer) => read.push(String(chunk)));
    const error = await failed;
    assert.deepEqual(read, ['partial']);
    assert.ok(error instanceof PodStreamError);
    assert.equal(error.code, 'ECONNRESET');
    assert.match(error.message, /broke off \(WebSocket code 1006\)/);
    assert.equal(error.gap.reason, 'unreachable');
  });

  it('because the server sends what is no WebSocket', async (t) => {
    const { api } = await cluster(t, (request, socket, head) => {
      beginForward(request, socket, head).ws.raw.write(Buffer.from('ffffffffffff', 'hex'));
    });
    const error = await ending(await opened(api, 1));
    assert.ok(error instanceof PodStreamError && error.code === 'ECONNRESET');
  });

  it('because the budget ends while the pod hangs', async (t) => {
    const budget = new AbortController();
    const { api } = await cluster(t, (request, socket, head) => void beginForward(request, socket, head), {
      signal: budget.signal,
    });
    const stream = await opened(api, 1);
    setTimeout(() => budget.abort(timeUp), 20);
    const error = await ending(stream);
    assert.ok(error instanceof PodStreamError && error.code === 'ETIMEDOUT');
  });

  it('tells of silence by setTimeout, as a socket does', async (t) => {
    const { api } = await cluster(t, (request, socket, head) => {
      const { ws } = beginForward(request, socket, head);
      setTimeout(() => ws.send(0, 'tick'), 100);
    });
    const stream = await opened(api, 1);
    stream.resume();
    const started = Date.now();
    await new Promise<void>((resolve) => stream.setTimeout(700, resolve));
    assert.ok(Date.now() - started >= 780, 'traffic did not put the time limit off');
    stream.destroy();
  });
});

describe('the end of a stream', () => {
  it('says goodbye to the server, and leaves nothing open', async (t) => {
    const codes: Promise<number>[] = [];
    const { api } = await cluster(t, (request, socket, head) =>
      codes.push(beginForward(request, socket, head).ws.closed),
    );
    const stream = await opened(api, 1);
    stream.destroy();
    await once(stream, 'close');
    assert.deepEqual(await Promise.all(codes), [1000]);
    await new Promise<void>((resolve, reject) => {
      stream.write('x', (error) => (error ? resolve() : reject(new Error('it was written'))));
    });
  });

  it('does not wait for a server that does not answer it', async (t) => {
    const closed = Promise.withResolvers<void>();
    const { api } = await cluster(t, (request, socket, head) => {
      const { ws } = beginForward(request, socket, head);
      ws.raw.removeAllListeners('data');
      ws.raw.resume();
      ws.raw.once('close', () => closed.resolve());
    });
    (await opened(api, 1)).destroy();
    const late = sleep(3000, 'late', { ref: false });
    assert.equal(await Promise.race([closed.promise, late]), undefined);
  });
});
