import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesApi } from '../../src/sources/cluster/api.ts';
import { logLines, type LogLine } from '../../src/sources/cluster/log-lines.ts';
import {
  answerVersion,
  refuse,
  startServer,
  type Respond,
  type TestServer,
} from '../support/api-server/https-server.ts';
import { openApi } from '../support/api-server/open-api.ts';

const proxy = { namespace: 'istio-ingress', pod: 'gw-1', container: 'istio-proxy' };

async function cluster(
  t: TestContext,
  respond: Respond,
  requestTimeoutMs = 2000,
): Promise<{ api: KubernetesApi; server: TestServer }> {
  const server = await startServer((request, response) => {
    if (!answerVersion(request, response)) respond(request, response);
  });
  t.after(() => server.close());
  return { api: await openApi(t, server, { requestTimeoutMs }), server };
}

async function split(...chunks: readonly string[]): Promise<LogLine[]> {
  async function* bytes(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  return Readable.from(logLines(bytes())).toArray();
}

const whole = (...texts: readonly string[]) => texts.map((text) => ({ text, truncated: false }));

describe('lines of a log', () => {
  it('are put together over chunks, with either line end', async () => {
    assert.deepEqual(await split('a\nb', 'c\r', '\n', '\nlast'), whole('a', 'bc', '', 'last'));
    assert.deepEqual(await split('ü'.repeat(3), '\n'), whole('üüü'));
    assert.deepEqual(await split(), []);
    assert.deepEqual(await split('a\n'), whole('a'));
  });

  it('do not lose a letter that is cut between chunks', async () => {
    async function* bytes(): AsyncGenerator<Buffer> {
      const text = Buffer.from('größe\n');
      for (const byte of text) yield Buffer.from([byte]);
    }
    assert.deepEqual(await Readable.from(logLines(bytes())).toArray(), whole('größe'));
  });

  it('are cut at 64 kB, and the next line is whole again', async () => {
    const long = 'x'.repeat(40_000);
    const lines = await split(long, long, long, '\nnext\n');
    assert.deepEqual(
      lines.map(({ text, truncated }) => [text.length, truncated]),
      [
        [65_536, true],
        [4, false],
      ],
    );
  });
});

describe('the log of a container', () => {
  it('is asked for with its bounds, and read as it comes', async (t) => {
    let written = 0;
    const { api, server } = await cluster(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      const timer = setInterval(() => {
        written += 1;
        response.write(`line ${written}\n`);
      }, 5);
      response.on('close', () => clearInterval(timer));
    });
    const log = await api.logs(proxy, { sinceSeconds: 600, tailLines: 50, limitBytes: 5000, previous: true });
    assert.ok(log.state === 'found');
    const read: string[] = [];
    for await (const { text } of log.value) {
      read.push(text);
      if (read.length === 3) break;
    }
    assert.deepEqual(read, ['line 1', 'line 2', 'line 3']);
    const { path, query } = server.seen.at(-1) ?? {};
    assert.equal(path, '/api/v1/namespaces/istio-ingress/pods/gw-1/log');
    assert.equal(String(query), 'container=istio-proxy&limitBytes=5000&sinceSeconds=600&tailLines=50&previous=true');
    // The server is told to stop as soon as nobody reads.
    const atBreak = written;
    await sleep(400);
    assert.ok(written < atBreak + 40, `${written} lines were written`);
  });

  it('ends at its limit even if the server does not keep it', async (t) => {
    const { api } = await cluster(t, (_, response) => response.end('0123456789\n'.repeat(10_000)));
    const { log } = await api.collectLog(proxy, { limitBytes: 25 });
    assert.deepEqual(log?.lines, ['0123456789', '0123456789', '012']);
  });

  it('waits for a slow reader longer than for a slow server', async (t) => {
    const { api } = await cluster(
      t,
      (_, response) => {
        response.writeHead(200).write('a\n');
        setTimeout(() => response.end('b\n'), 2200);
      },
      1000,
    );
    const log = await api.logs(proxy);
    assert.ok(log.state === 'found');
    await sleep(1200);
    const read: string[] = [];
    for await (const { text } of log.value) {
      read.push(text);
      await sleep(1200);
    }
    assert.deepEqual(read, ['a', 'b']);
  });

  it('keeps what came before the server fell silent, and says so', async (t) => {
    const { api } = await cluster(t, (_, response) => response.writeHead(200).write('first\nhalf'), 1000);
    const { log, gap } = await api.collectLog(proxy);
    assert.deepEqual(log?.lines, ['first']);
    assert.deepEqual(gap, { reason: 'timeout', detail: 'no answer within 1 s' });
  });

  it('keeps what came before the connection broke', async (t) => {
    const { api } = await cluster(t, (_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('first\nsecond\n');
      setTimeout(() => response.destroy(), 30);
    });
    const { log, gap } = await api.collectLog(proxy);
    assert.deepEqual(log?.lines, ['first', 'second']);
    assert.equal(gap?.reason, 'unreachable');
  });

  it('many logs that nobody reads yet do not stop other requests', async (t) => {
    const { api } = await cluster(t, (_, response) => response.writeHead(200).write('x\n'));
    const logs = await Promise.all(Array.from({ length: 40 }, (_, i) => api.logs({ ...proxy, pod: `gw-${i}` })));
    assert.ok(logs.every(({ state }) => state === 'found'));
  });

  for (const [name, status, message] of [
    ['no such pod', 404, 'pods "gw-1" not found'],
    ['no such container', 400, 'container discovery is not valid for pod gw-1'],
    ['no earlier run', 400, 'previous terminated container "istio-proxy" in pod "gw-1" not found'],
  ] as const) {
    it(`is absent: ${name}`, async (t) => {
      const { api } = await cluster(t, (_, response) => refuse(response, status, 'x', message));
      assert.deepEqual(await api.logs(proxy), { state: 'absent' });
      assert.deepEqual(await api.collectLog(proxy), {});
    });
  }

  it('is unknown while the container waits to start', async (t) => {
    const waiting = 'container "istio-proxy" in pod "gw-1" is waiting to start: ContainerCreating';
    const { api } = await cluster(t, (_, response) => refuse(response, 400, 'BadRequest', waiting));
    const looked = await api.logs(proxy);
    assert.match(JSON.stringify(looked), /unknown.*400: container .*waiting to start/);
  });
});
