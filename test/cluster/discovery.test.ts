import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { kindIn, type Discovery } from '../../src/sources/cluster/discovery.ts';
import {
  answerVersion,
  json,
  refuse,
  startServer,
  type Respond,
  type TestServer,
} from '../support/api-server/https-server.ts';
import { openApi } from '../support/api-server/open-api.ts';

async function discovered(
  t: TestContext,
  respond: Respond,
  groups?: readonly string[],
): Promise<{ discovery: Discovery; server: TestServer }> {
  const server = await startServer((request, response) => {
    if (!answerVersion(request, response)) respond(request, response);
  });
  t.after(() => server.close());
  const found = await (await openApi(t, server)).discover(groups);
  assert.equal(found.state, 'found', JSON.stringify(found));
  return { discovery: found.value, server };
}

const resource = (name: string, kind: string, scope = 'Namespaced') => ({
  resource: name,
  responseKind: { group: '', version: '', kind },
  scope,
  verbs: ['get', 'list'],
});
const group = (name: string, versions: readonly object[]) => ({ metadata: { name }, versions });

const aggregated: Respond = ({ path }, response) =>
  json(response, 200, {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    items:
      path === '/api'
        ? [
            group('', [
              {
                version: 'v1',
                freshness: 'Current',
                resources: [resource('pods', 'Pod'), resource('nodes', 'Node', 'Cluster')],
              },
            ]),
          ]
        : [
            group('networking.istio.io', [
              { version: 'v1', freshness: 'Current', resources: [resource('gateways', 'Gateway')] },
              { version: 'v1beta1', freshness: 'Current', resources: [resource('gateways', 'Gateway')] },
            ]),
            group('gateway.networking.k8s.io', [
              { version: 'v1', freshness: 'Current', resources: [resource('gateways', 'Gateway')] },
            ]),
            group('metrics.k8s.io', [{ version: 'v1beta1', freshness: 'Stale', resources: [] }]),
          ],
  });

describe('discovery', () => {
  it('takes two requests from a server that aggregates it', async (t) => {
    const { discovery, server } = await discovered(t, aggregated);
    assert.deepEqual(
      server.seen
        .slice(1)
        .map(({ path }) => path)
        .sort(),
      ['/api', '/apis'],
    );
    assert.match(
      server.seen.at(-1)?.headers.accept ?? '',
      /v=v2;as=APIGroupDiscoveryList,.*v=v2beta1;.*,application\/json$/,
    );
    assert.deepEqual(kindIn(discovery, 'networking.istio.io', 'Gateway'), {
      state: 'found',
      value: { group: 'networking.istio.io', version: 'v1', kind: 'Gateway', resource: 'gateways', namespaced: true },
    });
    const node = kindIn(discovery, '', 'Node');
    assert.equal(node.state === 'found' && node.value.namespaced, false);
    assert.deepEqual(kindIn(discovery, 'networking.istio.io', 'Sidecar'), { state: 'absent' });
    const dead = kindIn(discovery, 'metrics.k8s.io', 'PodMetrics');
    assert.equal(dead.state, 'unknown');
    assert.match(JSON.stringify(dead), /metrics\.k8s\.io\/v1beta1.*does not answer/);
  });

  const old: Respond = ({ path }, response) => {
    const resources = (list: readonly object[]) => json(response, 200, { kind: 'APIResourceList', resources: list });
    if (path === '/api') json(response, 200, { kind: 'APIVersions', versions: ['v1'] });
    else if (path === '/apis') {
      const of = (name: string, versions: readonly string[], preferred: string) => ({
        name,
        versions: versions.map((version) => ({ groupVersion: `${name}/${version}`, version })),
        preferredVersion: { version: preferred },
      });
      json(response, 200, {
        kind: 'APIGroupList',
        groups: [
          of('networking.istio.io', ['v1beta1', 'v1'], 'v1'),
          of('metrics.k8s.io', ['v1beta1'], 'v1beta1'),
          of('gone.example', ['v1'], 'v1'),
        ],
      });
    } else if (path === '/api/v1') {
      resources([
        { name: 'pods', kind: 'Pod', namespaced: true },
        { name: 'pods/log', kind: 'Pod', namespaced: true },
        { name: 'nodes', kind: 'Node', namespaced: false },
      ]);
    } else if (path.startsWith('/apis/networking.istio.io'))
      resources([{ name: 'gateways', kind: 'Gateway', namespaced: true }]);
    else if (path.startsWith('/apis/metrics.k8s.io'))
      refuse(response, 503, 'ServiceUnavailable', 'the server is currently unable to handle the request');
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
  };

  it('asks an old server for each version; one dead group is a gap and no more', async (t) => {
    const { discovery } = await discovered(t, old);
    const gateway = kindIn(discovery, 'networking.istio.io', 'Gateway');
    assert.equal(gateway.state === 'found' && gateway.value.version, 'v1');
    assert.equal(kindIn(discovery, '', 'Pod').state, 'found');
    assert.ok(!discovery.kinds.some(({ resource: name }) => name.includes('/')));
    assert.deepEqual(
      discovery.dead.map((dead) => dead.group),
      ['metrics.k8s.io'],
    );
    assert.match(discovery.dead[0]?.gap.detail ?? '', /503: the server is currently unable/);
    assert.equal(kindIn(discovery, 'metrics.k8s.io', 'PodMetrics').state, 'unknown');
    assert.equal(kindIn(discovery, 'gone.example', 'Thing').state, 'absent');
  });

  it('asks an old server only for the groups that are wanted', async (t) => {
    const { server } = await discovered(t, old, ['', 'networking.istio.io']);
    assert.deepEqual(
      server.seen
        .slice(1)
        .map(({ path }) => path)
        .sort(),
      ['/api', '/api/v1', '/apis', '/apis/networking.istio.io/v1', '/apis/networking.istio.io/v1beta1'],
    );
  });

  it('is unknown when it is refused', async (t) => {
    const server = await startServer((request, response) => {
      if (!answerVersion(request, response)) refuse(response, 403, 'Forbidden', 'no discovery for you');
    });
    t.after(() => server.close());
    const looked = await (await openApi(t, server)).discover();
    assert.deepEqual(looked, {
      state: 'unknown',
      gap: { reason: 'forbidden', detail: 'no discovery for you', permission: 'get /apis' },
    });
  });
});
