import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lookup } from '../../src/model/coverage.ts';
import type { EnvoyPage } from '../../src/sources/cluster/envoy-admin.ts';
import { envoyAdminPath } from '../../src/sources/cluster/envoy-admin-path.ts';
import type { KubernetesApi } from '../../src/sources/cluster/api.ts';
import type { TransportOptions } from '../../src/sources/cluster/transport.ts';
import {
  answerVersion,
  portOf,
  startServer,
  type SeenRequest,
  type TestServer,
  type Upgrade,
} from '../support/api-server/https-server.ts';
import { forwarding } from '../support/api-server/kubelet.ts';
import { openApi } from '../support/api-server/open-api.ts';
import { acceptWebSocket, type ServerSocket } from '../support/api-server/web-socket.ts';

const gateway = { namespace: 'istio-ingress', pod: 'gw-1' };

async function cluster(
  t: TestContext,
  upgrade: Upgrade,
  options: Partial<TransportOptions> = {},
): Promise<{ api: KubernetesApi; server: TestServer; upgrades: () => readonly SeenRequest[] }> {
  const server = await startServer((request, response) => void answerVersion(request, response), { upgrade });
  t.after(() => server.close());
  return { api: await openApi(t, server, options), server, upgrades: () => server.seen.filter((one) => one.upgrade) };
}

/** An Envoy's admin interface on loopback, as far as the tests read it. */
async function envoy(t: TestContext, listener: http.RequestListener): Promise<number> {
  const server = http.createServer(listener);
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return portOf(server);
}

async function text(page: Lookup<EnvoyPage>): Promise<string> {
  assert.equal(page.state, 'found', JSON.stringify(page));
  const chunks: Uint8Array[] = [];
  for await (const chunk of page.value.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const refuse = (socket: { end(text: string): void }, code: number, message: string) => {
  const body = JSON.stringify({ kind: 'Status', message, code });
  socket.end(
    `HTTP/1.1 ${code} No\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
};
const forbidden = (verb: string, subresource: string) =>
  `pods "gw-1" is forbidden: User "joe" cannot ${verb} resource "pods/${subresource}" in API group "" in the namespace "istio-ingress"`;

/** Refuses port-forward with a 403 and runs `exec` for the rest. */
function execOnly(exec: (ws: ServerSocket, request: SeenRequest) => void): Upgrade {
  return (request, socket, head) => {
    if (request.path.endsWith('/portforward')) refuse(socket, 403, forbidden('create', 'portforward'));
    else exec(acceptWebSocket(request, socket, head), request);
  };
}

const success = JSON.stringify({ metadata: {}, status: 'Success' });
const failed = (code: number) =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: ${code}`,
  });

describe('the pages of Envoy that may be read', () => {
  for (const path of [
    '/certs',
    '/clusters?format=json',
    '/config_dump?resource=dynamic_active_secrets',
    '/config_dump?mask=configs.dynamic_listeners&resource=dynamic_listeners',
    '/listeners?format=json',
    '/stats?filter=ssl%7Csds&format=json&usedonly',
    '/server_info',
    '/init_dump',
    '/ready',
  ]) {
    it(path, () => assert.equal(envoyAdminPath(path), path));
  }

  for (const path of [
    '/quitquitquit',
    '/logging?level=debug',
    '/reset_counters',
    '/drain_listeners',
    '/config_dump',
    '/config_dump?include_eds',
    '/stats?filter=x&reset',
    '/certs/../quitquitquit',
    '/certs#x',
    '//evil.example/certs',
    'http://evil.example/certs',
    'certs',
    '/constructor',
    '/certs?x',
    '/certs HTTP/1.1\r\nX: y',
    '',
  ]) {
    it(`not ${JSON.stringify(path)}`, async (t) => {
      const { api, upgrades } = await cluster(t, () => assert.fail('asked'));
      await assert.rejects(api.envoyAdmin(gateway).get(path), TypeError);
      assert.deepEqual(upgrades(), []);
    });
  }
});

describe('Envoy by port-forward', () => {
  it('uses one port-forward for pages read one after another', async (t) => {
    const asked: string[] = [];
    const port = await envoy(t, (request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.end(`page ${request.url ?? ''}`);
    });
    const { api, upgrades } = await cluster(t, forwarding({ 15000: port }));
    const admin = api.envoyAdmin(gateway);
    assert.equal(await text(await admin.get('/certs')), 'page /certs');
    assert.equal(await text(await admin.get('/server_info')), 'page /server_info');
    assert.equal(await text(await api.envoyAdmin({ ...gateway }).get('/ready')), 'page /ready');
    assert.deepEqual(asked, ['GET /certs', 'GET /server_info', 'GET /ready']);
    assert.deepEqual(
      upgrades().map(({ path, query }) => `${path}?${query.toString()}`),
      ['/api/v1/namespaces/istio-ingress/pods/gw-1/portforward?ports=15000'],
    );
  });

  it('gives several pages at once to a caller who reads them later', async (t) => {
    const port = await envoy(t, (request, response) => response.end(`${request.url ?? ''} ${'x'.repeat(3_000_000)}`));
    const { api } = await cluster(t, forwarding({ 15000: port }));
    const admin = api.envoyAdmin(gateway);
    const pages = await Promise.all(['/certs', '/stats', '/clusters', '/listeners'].map((path) => admin.get(path)));
    for (const page of pages.reverse()) assert.equal((await text(page)).length > 3_000_000, true);
  });

  it('asks again when Envoy closed the kept connection', async (t) => {
    const port = await envoy(t, (_, response) => {
      const { socket } = response;
      response.end('x');
      setTimeout(() => socket?.destroy(), 20);
    });
    const { api, upgrades } = await cluster(t, forwarding({ 15000: port }));
    assert.equal(await text(await api.envoyAdmin(gateway).get('/certs')), 'x');
    await sleep(100);
    assert.equal(await text(await api.envoyAdmin(gateway).get('/certs')), 'x');
    assert.equal(upgrades().length, 2);
  });

  it('is absent where this Envoy has no such page', async (t) => {
    const port = await envoy(t, (_, response) => response.writeHead(404).end('invalid path'));
    const { api } = await cluster(t, forwarding({ 15000: port }));
    assert.deepEqual(await api.envoyAdmin(gateway).get('/init_dump'), { state: 'absent' });
  });

  it('is a gap, without trying exec, where nothing listens', async (t) => {
    const { api, upgrades } = await cluster(t, forwarding({}));
    const page = await api.envoyAdmin(gateway).get('/certs');
    assert.match(JSON.stringify(page), /unknown.*unreachable.*nothing listens on port 15000 of the pod/);
    assert.equal(upgrades().length, 1);
  });

  it('is a gap where the pod is gone', async (t) => {
    const { api, upgrades } = await cluster(t, (_, socket) => refuse(socket, 404, 'pods "gw-1" not found'));
    assert.match(JSON.stringify(await api.envoyAdmin(gateway).get('/certs')), /unknown.*404: pods .*not found/);
    assert.equal(upgrades().length, 1);
  });

  it('gives up on an Envoy that hangs, before and within its answer', async (t) => {
    const port = await envoy(t, (request, response) => {
      if (request.url === '/stats') response.write('half');
    });
    const { api } = await cluster(t, forwarding({ 15000: port }), { requestTimeoutMs: 1000 });
    const admin = api.envoyAdmin(gateway);
    assert.deepEqual(await admin.get('/certs'), {
      state: 'unknown',
      gap: { reason: 'timeout', detail: 'no answer within 1 s' },
    });
    const page = await admin.get('/stats');
    await assert.rejects(text(page), { gap: { reason: 'timeout', detail: 'no answer within 1 s' } });
  });

  it('waits for a slow reader of a large page', async (t) => {
    const port = await envoy(t, (_, response) => response.end('y'.repeat(8_000_000)));
    const { api } = await cluster(t, forwarding({ 15000: port }), { requestTimeoutMs: 1000 });
    const page = await api.envoyAdmin(gateway).get('/config_dump?mask=configs');
    assert.ok(page.state === 'found');
    let bytes = 0;
    for await (const chunk of page.value.body) {
      if (bytes === 0) await sleep(1500);
      bytes += chunk.length;
    }
    assert.equal(bytes, 8_000_000);
  });
});

describe('Envoy by exec', () => {
  it('runs pilot-agent where port-forward is forbidden, and does not try port-forward again', async (t) => {
    const { api, upgrades } = await cluster(
      t,
      execOnly((ws) => {
        ws.send(1, '');
        ws.send(1, '{"certificates":');
        ws.send(1, ' []}\n');
        ws.send(3, success);
        ws.close();
      }),
    );
    const admin = api.envoyAdmin(gateway);
    const page = await admin.get('/certs');
    assert.equal(page.state === 'found' && page.value.via, 'exec');
    assert.equal(await text(page), '{"certificates": []}\n');
    await text(await admin.get('/stats?filter=ssl&format=json'));
    assert.deepEqual(
      upgrades().map(({ path }) => path.split('/').at(-1)),
      ['portforward', 'exec', 'exec'],
    );
    assert.deepEqual(
      [...(upgrades()[1]?.query ?? [])],
      [
        ['container', 'istio-proxy'],
        ['stdout', 'true'],
        ['stderr', 'true'],
        ['command', 'pilot-agent'],
        ['command', 'request'],
        ['command', 'GET'],
        ['command', 'certs'],
      ],
    );
    assert.deepEqual(upgrades()[2]?.query.getAll('command').at(-1), 'stats?filter=ssl&format=json');
  });

  it('decides once for pages that are asked for together', async (t) => {
    const { api, upgrades } = await cluster(
      t,
      execOnly((ws) => {
        ws.send(1, 'x');
        ws.send(3, success);
      }),
    );
    const pages = await Promise.all(['/certs', '/ready', '/stats'].map((path) => api.envoyAdmin(gateway).get(path)));
    assert.deepEqual(
      pages.map((page) => page.state === 'found' && page.value.via),
      ['exec', 'exec', 'exec'],
    );
    assert.equal(upgrades().filter(({ path }) => path.endsWith('portforward')).length, 1);
  });

  it('names the permission that is missing where both are refused', async (t) => {
    const { api } = await cluster(t, (request, socket) =>
      refuse(socket, 403, forbidden('create', request.path.split('/').at(-1) ?? '')),
    );
    const page = await api.envoyAdmin(gateway).get('/certs');
    assert.ok(page.state === 'unknown');
    assert.equal(page.gap.reason, 'forbidden');
    assert.equal(page.gap.permission, 'create pods/portforward in namespace istio-ingress');
    assert.match(page.gap.detail, /port-forward: .*pods\/portforward.*; exec: .*pods\/exec/);
    const proxied = await cluster(t, (request, socket) => {
      if (request.path.endsWith('exec')) refuse(socket, 403, forbidden('create', 'exec'));
      else refuse(socket, 502, 'error dialing backend: proxy refused the upgrade');
    });
    const other = await proxied.api.envoyAdmin(gateway).get('/certs');
    assert.equal(other.state === 'unknown' && other.gap.permission, 'create pods/exec in namespace istio-ingress');
  });

  for (const [name, exec, says] of [
    [
      'pilot-agent fails',
      (ws: ServerSocket) => {
        ws.send(
          2,
          'Error: failed to execute command on Envoy: dial tcp 127.0.0.1:15000: connect: connection refused\n',
        );
        ws.send(3, failed(255));
        ws.close();
      },
      /unknown.*pilot-agent request: Error: failed to execute command on Envoy.*connection refused/,
    ],
    [
      'there is no pilot-agent',
      (ws: ServerSocket) => {
        ws.send(
          3,
          JSON.stringify({ status: 'Failure', message: 'exec: "pilot-agent": executable file not found in $PATH' }),
        );
        ws.close();
      },
      /unknown.*executable file not found/,
    ],
    [
      'the page does not exist',
      (ws: ServerSocket) => {
        ws.send(2, 'Error: received unsuccessful status code 404: invalid path');
        ws.send(3, failed(1));
      },
      /^\{"state":"absent"\}$/,
    ],
    ['it breaks off', (ws: ServerSocket) => ws.raw.destroy(), /unknown.*exec broke off \(WebSocket code 1006\)/],
    ['it hangs', () => undefined, /unknown.*timeout.*pilot-agent gave no answer within 1 s/],
    ['its status is garbage', (ws: ServerSocket) => ws.send(3, '{'), /unknown.*the command failed/],
  ] as const) {
    it(`is a gap where ${name}`, async (t) => {
      const { api } = await cluster(
        t,
        execOnly((ws) => void exec(ws)),
        { requestTimeoutMs: 1000 },
      );
      assert.match(JSON.stringify(await api.envoyAdmin(gateway).get('/certs')), says);
    });
  }

  it('fails in the middle of a page that breaks off', async (t) => {
    const { api } = await cluster(
      t,
      execOnly((ws) => {
        ws.send(1, 'half');
        setTimeout(() => ws.raw.destroy(), 50);
      }),
    );
    await assert.rejects(text(await api.envoyAdmin(gateway).get('/certs')), {
      gap: { reason: 'unreachable', detail: 'exec broke off (WebSocket code 1006)' },
    });
  });

  it('holds a large page back from a slow reader', async (t) => {
    let sent = 0;
    const block = Buffer.alloc(32 * 1024, 'z');
    const total = 1000;
    const { api } = await cluster(
      t,
      execOnly((ws) => {
        const more = () => {
          while (sent < total) {
            sent += 1;
            if (!ws.send(1, block)) {
              ws.raw.once('drain', more);
              return;
            }
          }
          ws.send(3, success);
        };
        more();
      }),
    );
    const page = await api.envoyAdmin(gateway).get('/config_dump?mask=configs');
    await sleep(300);
    assert.ok(sent < total - 100, `${sent} of ${total} blocks were sent to a reader that did not read`);
    assert.equal((await text(page)).length, total * block.length);
  });
});
