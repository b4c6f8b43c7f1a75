import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { objectAt } from '../../src/kubernetes/read.ts';
import { withMetadata } from '../../src/lab/api-server/object.ts';
import type { KubernetesObject } from '../../src/lab/api-server/object.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { meet, say } from './client.ts';
import {
  gateway,
  httpsServer,
  inWorld,
  object,
  pair,
  serialOf,
  simple,
  tlsSecret,
  virtualService,
} from './gateway-world.ts';

suite('what comes after the handshake', () => {
  const secrets = [tlsSecret('edge/a-tls', pair('a.example'))];
  const server = httpsServer(['a.example', '*.w.example'], simple('a-tls'));

  test('404 of the gateway without a route, of the application without a page', async () => {
    const routes = virtualService('shop/a', ['a.example'], ['a'], {
      http: [
        { match: [{ uri: { exact: '/old' } }], redirect: { uri: '/new', authority: 'b.example', redirectCode: 308 } },
        {
          match: [{ uri: { prefix: '/api/' }, method: { exact: 'GET' } }],
          rewrite: { uri: '/' },
          route: [{ destination: { host: 'app' } }],
        },
        { match: [{ uri: { regex: '/only/[0-9]+' } }], directResponse: { status: 204 } },
        { match: [{ port: 80 }], route: [{ destination: { host: 'app' } }] },
      ],
    });
    await inWorld([...secrets, gateway('shop/a', [server]), routes], async (world) => {
      const ask = (path: string, more = {}) => meet(world, 'a.example', { path, ...more });
      assert.equal((await ask('/')).status, 'HTTP/1.1 404 Not Found');
      assert.match((await ask('/old')).text ?? '', /^HTTP\/1\.1 308 .*\r\nlocation: https:\/\/b\.example\/new\r\n/s);
      assert.match((await ask('/api/')).text ?? '', /^HTTP\/1\.1 200 .*x-envoy-upstream-service-time.*"path":"\/"/s);
      assert.match((await ask('/api/none')).text ?? '', /^HTTP\/1\.1 404 .*x-envoy-upstream-service-time/s);
      assert.equal((await ask('/only/7')).status, 'HTTP/1.1 204 No Content');
      assert.equal((await ask('/api/', { authority: 'x.w.example' })).status, 'HTTP/1.1 404 Not Found');
      const flags = world.log('gateway').map((line) => line.split('"')[2]?.trim());
      assert.deepEqual(flags.slice(0, 2), ['404 NR route_not_found -', '308 - direct_response -']);
    });
  });

  test('routes are bound by Gateway, namespace, host, and exportTo', async () => {
    const bound = (place: string, more: JsonObject): KubernetesObject => {
      const service = virtualService(place, ['a.example'], ['shop/a']);
      return { ...service, spec: { ...objectAt(service, 'spec'), ...more } };
    };
    const status = async (...objects: readonly KubernetesObject[]): Promise<string | undefined> => {
      let seen: string | undefined;
      await inWorld([...secrets, ...objects], async (world) => {
        seen = (await meet(world, 'a.example')).status;
      });
      return seen;
    };
    const open = gateway('shop/a', [server]);
    assert.equal(await status(open, bound('other/a', {})), 'HTTP/1.1 200 OK');
    assert.equal(await status(open, bound('other/a', { gateways: ['a'] })), 'HTTP/1.1 404 Not Found');
    assert.equal(await status(open, bound('other/a', { gateways: ['a.shop.svc.cluster.local'] })), 'HTTP/1.1 200 OK');
    assert.equal(await status(open, bound('other/a', { hosts: ['b.example'] })), 'HTTP/1.1 404 Not Found');
    assert.equal(await status(open, bound('other/a', { hosts: ['*.example'] })), 'HTTP/1.1 200 OK');
    assert.equal(await status(open, bound('other/a', { exportTo: ['.'] })), 'HTTP/1.1 404 Not Found');
    assert.equal(await status(open, bound('other/a', { exportTo: ['edge'] })), 'HTTP/1.1 200 OK');
    const own = gateway('shop/a', [httpsServer(['./a.example'], simple('a-tls'))]);
    assert.equal(await status(own, bound('other/a', {})), 'HTTP/1.1 404 Not Found');
    assert.equal(await status(own, bound('shop/a', {})), 'HTTP/1.1 200 OK');
  });

  test('plain HTTP is redirected per host, and a host with a prefix meets nothing', async () => {
    const plain = (hosts: readonly string[], name: string) => ({
      port: { number: 80, name, protocol: 'HTTP' },
      hosts,
      tls: { httpsRedirect: true },
    });
    await inWorld([gateway('shop/a', [plain(['a.example'], 'a'), plain(['./b.example'], 'b')])], async (world) => {
      const ask = (host: string) => say(world, 80, `GET /x HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      assert.match(await ask('a.example'), /^HTTP\/1\.1 301 .*\r\nlocation: https:\/\/a\.example\/x\r\n/s);
      assert.match(await ask('b.example'), /^HTTP\/1\.1 404 /);
    });
  });

  test('passthrough takes the names of the route, not those of the Gateway', async () => {
    const backend = pair('a.example');
    const mounted = {
      volumes: [{ name: 'c', secret: { secretName: 'own' } }],
      containers: [{ name: 'app', ports: [{ name: 'https', containerPort: 8443 }] }],
    };
    const pod = object('v1', 'Pod', 'shop/secure-1', {
      spec: mounted,
      status: { phase: 'Running', podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'True' }] },
    });
    const objects = [
      withMetadata(pod, { labels: { app: 'secure' } }),
      object('v1', 'Service', 'shop/secure', {
        spec: { selector: { app: 'secure' }, ports: [{ name: 'https', port: 443, targetPort: 8443 }] },
      }),
      tlsSecret('shop/own', backend),
      gateway('shop/a', [
        { port: { number: 443, name: 'tls', protocol: 'TLS' }, hosts: ['a.example'], tls: { mode: 'PASSTHROUGH' } },
      ]),
      virtualService('shop/a', ['*.example'], ['a'], {
        tls: [
          {
            match: [{ sniHosts: ['a.example', 'b.example'] }],
            route: [{ destination: { host: 'secure', port: { number: 443 } } }],
          },
        ],
      }),
    ];
    await inWorld(objects, async (world) => {
      for (const name of ['a.example', 'b.example']) {
        const met = await meet(world, name);
        assert.deepEqual([met.serialNumber, met.status], [serialOf(backend), 'HTTP/1.1 200 OK']);
      }
      assert.equal((await meet(world, 'c.example')).outcome, 'ECONNRESET');
      assert.ok(
        world
          .log('gateway')
          .some((line) => / outbound\|443\|\|secure\.shop\.svc\.cluster\.local .* a\.example -$/.test(line)),
      );
    });
  });
});
