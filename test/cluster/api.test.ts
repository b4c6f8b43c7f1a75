import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { KubernetesApi } from '../../src/sources/cluster/api.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { podKind, secretKind, type ApiKind } from '../../src/sources/cluster/api-kind.ts';
import type { AuditRecord } from '../../src/sources/cluster/audit.ts';
import { createTransport, type TransportOptions } from '../../src/sources/cluster/transport.ts';
import {
  answerVersion,
  json,
  refuse,
  startServer,
  type Respond,
  type TestServer,
} from '../support/api-server/https-server.ts';
import { openApi, timeUp } from '../support/api-server/open-api.ts';

const gateways: ApiKind = {
  group: 'networking.istio.io',
  version: 'v1',
  kind: 'Gateway',
  resource: 'gateways',
  namespaced: true,
};
const nodes: ApiKind = { group: '', version: 'v1', kind: 'Node', resource: 'nodes', namespaced: false };

async function cluster(
  t: TestContext,
  respond: Respond,
  options: Partial<TransportOptions> = {},
): Promise<{ api: KubernetesApi; server: TestServer }> {
  const server = await startServer((request, response) => {
    if (!answerVersion(request, response)) respond(request, response);
  });
  t.after(() => server.close());
  return { api: await openApi(t, server, options), server };
}

const pod = (name: string) => ({ metadata: { name, namespace: 'ns' } });
const list = (kind: string, items: readonly object[], metadata = {}) => ({ kind, apiVersion: 'v1', metadata, items });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const asked = (server: TestServer) =>
  server.seen.slice(1).map(({ method, path, query }) => `${method} ${path} ${query.toString()}`);

describe('reading one object', () => {
  it('finds it by name', async (t) => {
    const { api, server } = await cluster(t, (_, response) =>
      json(response, 200, {
        kind: 'Gateway',
        apiVersion: 'networking.istio.io/v1',
        metadata: { name: 'shop', namespace: 'ns' },
      }),
    );
    const found = await api.get(gateways, 'ns', 'shop');
    assert.equal(found.state === 'found' && found.value.name, 'shop');
    assert.deepEqual(asked(server), ['GET /apis/networking.istio.io/v1/namespaces/ns/gateways/shop ']);
    assert.equal(server.seen.at(-1)?.headers.authorization, 'Bearer sesame');
  });

  it('is absent when the object, the kind or the whole group is', async (t) => {
    const notThere = 'the server could not find the requested resource';
    for (const respond of [
      (response: ServerResponse) => refuse(response, 404, 'NotFound', 'pods "x" not found'),
      (response: ServerResponse) => refuse(response, 404, 'NotFound', notThere),
      (response: ServerResponse) => {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
      },
    ]) {
      const { api } = await cluster(t, (_, response) => respond(response));
      assert.deepEqual(await api.get(gateways, 'ns', 'x'), { state: 'absent' });
      assert.deepEqual(await api.list(gateways), { items: [], gaps: [] });
    }
  });

  it('is unknown, not absent, when the 404 comes from something that is no API server', async (t) => {
    const { api } = await cluster(t, (_, response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>nginx</h1>');
    });
    const looked = await api.get(gateways, 'ns', 'x');
    assert.equal(looked.state, 'unknown');
    assert.match(JSON.stringify(looked), /404.*not in the words of a Kubernetes API \(text\/html\)/);
  });

  it('names the permission that is missing, in the words of kubectl', async (t) => {
    const { api } = await cluster(t, (request, response) =>
      refuse(response, 403, 'Forbidden', `${request.path.split('/').at(-1)} is forbidden: User "joe" cannot do that`),
    );
    const permissions = [
      await api.secret('istio-ingress', 'shop-tls'),
      await api.get(gateways, 'shop', 'storefront'),
      await api.get(nodes, '', 'node-1'),
      await api.logs({ namespace: 'istio-ingress', pod: 'gw-1', container: 'istio-proxy' }),
      await api.accessReview(
        { verb: 'get', group: '', resource: 'secrets', namespace: 'a' },
        { user: 'joe', groups: [] },
      ),
    ].map((looked) => (looked.state === 'unknown' ? looked.gap.permission : looked.state));
    const lists = [
      await api.list(gateways, { namespace: 'shop' }),
      await api.list(podKind),
      await api.list(nodes),
      await api.listMetadata(secretKind, { namespace: 'istio-ingress' }),
    ].map((listing) => listing.gaps[0]?.permission);
    assert.deepEqual(permissions, [
      'get secrets/shop-tls in namespace istio-ingress',
      'get gateways.networking.istio.io/storefront in namespace shop',
      'get nodes/node-1',
      'get pods/log in namespace istio-ingress',
      'create subjectaccessreviews.authorization.k8s.io',
    ]);
    assert.deepEqual(lists, [
      'list gateways.networking.istio.io in namespace shop',
      'list pods in all namespaces',
      'list nodes',
      'list secrets in namespace istio-ingress',
    ]);
  });

  it('does not ask for a Role when a proxy refuses', async (t) => {
    const { api } = await cluster(t, (_, response) => {
      response.writeHead(403, { 'content-type': 'text/plain' }).end('blocked by policy');
    });
    assert.deepEqual(await api.get(podKind, 'ns', 'x'), {
      state: 'unknown',
      gap: { reason: 'forbidden', detail: '403: blocked by policy' },
    });
  });

  for (const [name, respond, gap] of [
    [
      'no JSON',
      (r: ServerResponse) => r.end('{"kind": "Pod", '),
      { reason: 'unreadable', detail: /200 without a Pod/ },
    ],
    [
      'another kind',
      (r: ServerResponse) => json(r, 200, { kind: 'Node' }),
      { reason: 'unreadable', detail: /200 without a Pod/ },
    ],
    [
      'a 500',
      (r: ServerResponse) => refuse(r, 500, 'InternalError', 'etcd'),
      { reason: 'unreachable', detail: /500: etcd/ },
    ],
    [
      'a 401 in the middle of a run',
      (r: ServerResponse) => refuse(r, 401, 'Unauthorized', 'Unauthorized'),
      { reason: 'forbidden', detail: /refused the credentials/ },
    ],
    ['a closed connection', (r: ServerResponse) => r.destroy(), { reason: 'unreachable', detail: /socket hang up/ }],
    [
      'a body that breaks off',
      (r: ServerResponse) => {
        r.writeHead(200, { 'content-length': '900' }).write('{"kind":');
        setTimeout(() => r.destroy(), 50);
      },
      { reason: 'unreachable', detail: /aborted/ },
    ],
    [
      'a compressed body that breaks off',
      (r: ServerResponse) => {
        r.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync('{"kind":"Pod"}'.repeat(999)).subarray(0, 40));
        setTimeout(() => r.destroy(), 50);
      },
      { reason: 'unreachable', detail: /broke off|aborted/ },
    ],
    [
      'a body that never ends',
      (r: ServerResponse) => r.writeHead(200).write('{"kind":'),
      { reason: 'timeout', detail: /no answer within 1 s/ },
    ],
    ['no answer', () => undefined, { reason: 'timeout', detail: /no answer within 1 s/ }],
    [
      'garbage for gzip',
      (r: ServerResponse) => r.writeHead(200, { 'content-encoding': 'gzip' }).end('nope'),
      { reason: 'unreachable', detail: /header check/ },
    ],
  ] as const) {
    it(`leaves a gap for ${name}`, async (t) => {
      const { api } = await cluster(t, (_, response) => void respond(response), { requestTimeoutMs: 1000 });
      const looked = await api.get(podKind, 'ns', 'x');
      assert.equal(looked.state, 'unknown');
      if (looked.state !== 'unknown') return;
      assert.equal(looked.gap.reason, gap.reason);
      assert.match(looked.gap.detail, gap.detail);
    });
  }

  it('reads compressed answers', async (t) => {
    const { api, server } = await cluster(t, (_, response) => {
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync(JSON.stringify({ kind: 'Pod', ...pod('x') })));
    });
    assert.equal((await api.get(podKind, 'ns', 'x')).state, 'found');
    assert.equal(server.seen.at(-1)?.headers['accept-encoding'], 'gzip');
  });
});

describe('Secrets', () => {
  it('are never listed with their data', async (t) => {
    const { api, server } = await cluster(t, (_, response) => json(response, 200, list('SecretList', [])));
    await assert.rejects(api.list(secretKind), TypeError);
    await assert.rejects(api.list({ ...secretKind, kind: 'Other', resource: 'Secrets' }), TypeError);
    assert.throws(() => api.get(secretKind, 'ns', 'x'), TypeError);
    const transport = createTransport(api.access, { signal: AbortSignal.timeout(5000) });
    for (const path of ['/api/v1/secrets', '/api/v1/namespaces/ns/secrets/', '/api/v1/namespaces/ns/Secrets']) {
      await assert.rejects(transport.send({ do: 'read', path }), TypeError, path);
    }
    assert.deepEqual(asked(server), []);
  });

  it('are not read under a name that would be a list, or another path', async (t) => {
    const { api, server } = await cluster(t, (_, response) => json(response, 200, list('SecretList', [])));
    for (const [namespace, name] of [
      ['ns', ''],
      ['ns', '..'],
      ['ns', '.'],
      ['ns', 'a/../..'],
      ['ns', '%2e%2e'],
      ['', 'x'],
      ['..', 'x'],
      ['ns', 'x'.repeat(300)],
    ] as const) {
      assert.deepEqual(await api.secret(namespace, name), { state: 'absent' }, `${namespace}/${name}`);
    }
    assert.deepEqual(asked(server), []);
    await api.secret('ns', 'a?b#c d');
    assert.equal(server.seen.at(-1)?.path, '/api/v1/namespaces/ns/secrets/a%3Fb%23c%20d');
  });

  it('are read without their private values', async (t) => {
    const { certificatePem, privateKeyPem } = mintCertificate({ subject: 'CN=shop', dnsNames: ['shop.example'] });
    const data = {
      'tls.crt': base64(certificatePem),
      'tls.key': base64(privateKeyPem),
      password: base64('hunter2-hunter2'),
    };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data }) };
    const { api } = await cluster(t, (_, response) =>
      json(response, 200, {
        kind: 'Secret',
        apiVersion: 'v1',
        metadata: { name: 'shop-tls', namespace: 'ns', annotations },
        type: 'kubernetes.io/tls',
        data,
      }),
    );
    const found = await api.secret('ns', 'shop-tls');
    assert.ok(found.state === 'found');
    assert.equal(found.value.values['tls.crt']?.certificates[0]?.subject, 'CN=shop');
    assert.equal(found.value.values['tls.key']?.privateKey?.publicKey?.algorithm, 'ec');
    const kept = JSON.stringify(found);
    const key = privateKeyPem.split('\n')[1] ?? '';
    for (const secret of [key, base64(privateKeyPem).slice(60, 120), 'hunter2', base64('hunter2-hunter2')]) {
      assert.ok(secret.length > 5 && !kept.includes(secret), secret);
    }
  });

  it('are listed by metadata alone, without the copy of their data that kubectl apply leaves', async (t) => {
    const applied = {
      'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"tls.key":"aHVudGVyMg=="}}',
      team: 'shop',
    };
    const { api, server } = await cluster(t, (_, response) =>
      json(
        response,
        200,
        list('PartialObjectMetadataList', [
          {
            kind: 'PartialObjectMetadata',
            metadata: { name: 'shop-tls', namespace: 'ns', annotations: applied },
            data: { 'tls.key': 'aHVudGVyMg==' },
          },
        ]),
      ),
    );
    const { items, gaps } = await api.listMetadata(secretKind, { namespace: 'ns' });
    assert.deepEqual(gaps, []);
    assert.deepEqual(
      items.map(({ kind, name, annotations }) => ({ kind, name, annotations })),
      [{ kind: 'Secret', name: 'shop-tls', annotations: { team: 'shop' } }],
    );
    assert.doesNotMatch(JSON.stringify(items), /aHVudGVyMg/);
    assert.equal(
      server.seen.at(-1)?.headers.accept,
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    );
  });

  it('are not taken from a server that answers a list of metadata with whole objects', async (t) => {
    const { api } = await cluster(t, (_, response) => json(response, 200, list('SecretList', [pod('x')])));
    const { items, gaps } = await api.listMetadata(secretKind);
    assert.deepEqual(items, []);
    assert.equal(gaps[0]?.reason, 'unreadable');
  });
});

describe('lists', () => {
  it('come in pages of 500, and carry the kind that items lack', async (t) => {
    const all = Array.from({ length: 1200 }, (_, index) => pod(`p${index}`));
    const { api, server } = await cluster(t, ({ query }, response) => {
      const from = Number(query.get('continue') ?? 0);
      const to = from + Number(query.get('limit'));
      json(response, 200, list('PodList', all.slice(from, to), { continue: to < all.length ? String(to) : '' }));
    });
    const { items, gaps } = await api.list(podKind, { labelSelector: 'app=gw', fieldSelector: 'status.phase=Running' });
    assert.equal(items.length, 1200);
    assert.deepEqual(gaps, []);
    assert.deepEqual([items[0]?.kind, items[0]?.apiVersion, items[1199]?.name], ['Pod', 'v1', 'p1199']);
    const selectors = 'labelSelector=app%3Dgw&fieldSelector=status.phase%3DRunning';
    assert.deepEqual(asked(server), [
      `GET /api/v1/pods limit=500&${selectors}`,
      `GET /api/v1/pods limit=500&${selectors}&continue=500`,
      `GET /api/v1/pods limit=500&${selectors}&continue=1000`,
    ]);
  });

  it('stop at their limit and say so', async (t) => {
    const { api, server } = await cluster(t, ({ query }, response) => {
      const limit = Number(query.get('limit'));
      json(
        response,
        200,
        list(
          'PodList',
          Array.from({ length: limit }, (_, i) => pod(`p${i}`)),
          { continue: 'more' },
        ),
      );
    });
    const { items, gaps } = await api.list(podKind, { limit: 700 });
    assert.equal(items.length, 700);
    assert.deepEqual(gaps, [{ reason: 'not-collected', detail: 'more than 700 pods: only the first were read' }]);
    assert.equal(asked(server).length, 2);
  });

  it('keep what was read when a page fails', async (t) => {
    const { api } = await cluster(t, ({ query }, response) => {
      if (query.has('continue')) refuse(response, 500, 'InternalError', 'etcd leader changed');
      else json(response, 200, list('PodList', [pod('a'), pod('b')], { continue: 'next' }));
    });
    const { items, gaps } = await api.list(podKind);
    assert.deepEqual(
      items.map((item) => item.name),
      ['a', 'b'],
    );
    assert.match(gaps[0]?.detail ?? '', /500: etcd leader changed/);
  });

  it('go on with the token that a 410 offers, and begin anew once when it offers none', async (t) => {
    const expired = (response: ServerResponse, next?: string) =>
      refuse(response, 410, 'Expired', 'the provided continue parameter is too old', {
        metadata: next ? { continue: next } : {},
      });
    const inconsistent = await cluster(t, ({ query }, response) => {
      const from = query.get('continue');
      if (from === null) json(response, 200, list('PodList', [pod('a')], { continue: 'old' }));
      else if (from === 'old') expired(response, 'fresh');
      else json(response, 200, list('PodList', [pod('b')]));
    });
    assert.deepEqual(
      (await inconsistent.api.list(podKind)).items.map((item) => item.name),
      ['a', 'b'],
    );
    const always = await cluster(t, ({ query }, response) => {
      if (query.has('continue')) expired(response);
      else json(response, 200, list('PodList', [pod('a')], { continue: 'old' }));
    });
    const { items, gaps } = await always.api.list(podKind);
    assert.deepEqual(
      items.map((item) => item.name),
      ['a'],
    );
    assert.match(gaps[0]?.detail ?? '', /410/);
    assert.equal(asked(always.server).length, 4);
  });

  it('skip what is no object, and say how many', async (t) => {
    const { api } = await cluster(t, (_, response) =>
      json(response, 200, { kind: 'PodList', items: [pod('a'), { metadata: 7 }, 'x', null] }),
    );
    const { items, gaps } = await api.list(podKind);
    assert.deepEqual(
      items.map((item) => item.name),
      ['a'],
    );
    assert.match(gaps[0]?.detail ?? '', /3 items of the list are no objects/);
  });
});

describe('many requests', () => {
  it('run at once up to the bound, and never more', async (t) => {
    const waiting: ServerResponse[] = [];
    let most = 0;
    let arrived = 0;
    const { api } = await cluster(t, (_, response) => {
      waiting.push(response);
      arrived += 1;
      most = Math.max(most, waiting.length);
      // A full house, or the last of the sixty: long enough for one too many to show itself, then all are answered.
      if (waiting.length !== 16 && arrived !== 60) return;
      setTimeout(() => {
        for (const one of waiting.splice(0)) json(one, 200, { kind: 'Pod', ...pod('x') });
      }, 50);
    });
    const looked = await Promise.all(Array.from({ length: 60 }, (_, i) => api.get(podKind, 'ns', `p${i}`)));
    assert.ok(looked.every(({ state }) => state === 'found'));
    assert.equal(most, 16);
  });

  it('all end with the budget, those that wait included', async (t) => {
    const budget = new AbortController();
    const { api } = await cluster(t, () => undefined, { concurrency: 2, signal: budget.signal });
    setTimeout(() => budget.abort(timeUp), 100);
    const looked = await Promise.all(Array.from({ length: 9 }, (_, i) => api.get(podKind, 'ns', `p${i}`)));
    for (const one of looked) {
      assert.deepEqual(one, {
        state: 'unknown',
        gap: { reason: 'timeout', detail: 'the time of the run was over before an answer came' },
      });
    }
  });

  it('are not a timeout when somebody interrupts them', async (t) => {
    const interrupt = new AbortController();
    const { api } = await cluster(t, () => interrupt.abort(), { signal: interrupt.signal });
    const looked = await api.get(podKind, 'ns', 'x');
    assert.equal(looked.state === 'unknown' && looked.gap.reason, 'not-collected');
  });

  it('are repeated when the server closed a kept connection', async (t) => {
    let answered = 0;
    const { api, server } = await cluster(t, (_, response) => {
      answered += 1;
      if (answered === 2) response.socket?.destroy();
      else json(response, 200, { kind: 'Pod', ...pod('x') });
    });
    assert.equal((await api.get(podKind, 'ns', 'a')).state, 'found');
    assert.equal((await api.get(podKind, 'ns', 'b')).state, 'found');
    assert.equal(asked(server).length, 3);
  });
});

describe('a server that asks to wait', () => {
  const busy = (response: ServerResponse, after: string, status = 429) =>
    json(response, status, { kind: 'Status', message: 'too many requests' }, { 'retry-after': after });

  it('is waited for, for 429 and 503 with Retry-After in seconds or as a date', async (t) => {
    for (const [status, after] of [
      [429, '0'],
      [503, new Date(Date.now() - 1000).toUTCString()],
    ] as const) {
      let times = 0;
      const { api, server } = await cluster(t, (_, response) => {
        times += 1;
        if (times < 3) busy(response, after, status);
        else json(response, 200, { kind: 'Pod', ...pod('x') });
      });
      assert.equal((await api.get(podKind, 'ns', 'x')).state, 'found');
      assert.equal(asked(server).length, 3);
    }
  });

  it('is really waited for', async (t) => {
    const times: number[] = [];
    const { api } = await cluster(t, (_, response) => {
      times.push(Date.now());
      if (times.length === 1) busy(response, '1');
      else json(response, 200, { kind: 'Pod', ...pod('x') });
    });
    await api.get(podKind, 'ns', 'x');
    assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 950);
  });

  it('is not waited for longer than the budget has left, nor for ever', async (t) => {
    const long = await cluster(t, (_, response) => busy(response, '5'), { remainingMs: () => 2000 });
    const started = Date.now();
    assert.match(JSON.stringify(await long.api.get(podKind, 'ns', 'x')), /429: too many requests/);
    assert.ok(Date.now() - started < 4500);
    const endless = await cluster(t, (_, response) => busy(response, '0'));
    assert.equal((await endless.api.get(podKind, 'ns', 'x')).state, 'unknown');
    assert.equal(asked(endless.server).length, 5);
  });
});

describe('credentials', () => {
  it('are in nothing that can be printed', async (t) => {
    const { api } = await cluster(t, (_, response) => response.destroy());
    const failed = await api.get(podKind, 'ns', 'x');
    const stream = await api.podStream({ namespace: 'ns', pod: 'gw' }, 1);
    for (const value of [api, api.access, failed, stream]) {
      assert.doesNotMatch(inspect(value, { depth: 12, showHidden: true }), /sesame/);
    }
  });
});

describe('the audit', () => {
  it('holds every request, with its outcome and without any header', async (t) => {
    const records: AuditRecord[] = [];
    const { api, server } = await cluster(
      t,
      ({ path }, response) => {
        if (path.endsWith('/gone')) response.destroy();
        else if (path.includes('reviews')) json(response, 201, { status: { allowed: true } });
        else refuse(response, 403, 'Forbidden', 'no');
      },
      { audit: (record) => records.push(record) },
    );
    await api.list(podKind, { namespace: 'ns' });
    await api.get(podKind, 'ns', 'gone');
    await api.accessReview({ verb: 'get', group: '', resource: 'secrets', namespace: 'ns', name: 'x' });
    await api.podStream({ namespace: 'ns', pod: 'gw' }, 15000);
    assert.deepEqual(
      records.map(({ method, path, query, status, upgrade }) => [method, path, query, status, upgrade]),
      [
        ['GET', '/version', '', 200, undefined],
        ['GET', '/api/v1/namespaces/ns/pods', 'limit=500', 403, undefined],
        ...server.seen
          .filter(({ path }) => path.endsWith('/gone'))
          .map(() => ['GET', '/api/v1/namespaces/ns/pods/gone', '', null, undefined]),
        ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', '', 201, undefined],
        ['GET', '/api/v1/namespaces/ns/pods/gw/portforward', 'ports=15000', 400, 'websocket'],
      ],
    );
    assert.ok(records.every(({ time, ms }) => time === new Date(time).toISOString() && ms >= 0 && ms < 5000));
    assert.equal(records.find(({ status }) => status === null)?.error, 'ECONNRESET');
    assert.doesNotMatch(JSON.stringify(records), /sesame|authorization"|Bearer/i);
  });
});
