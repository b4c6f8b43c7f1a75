import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, suite, test } from 'node:test';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, fetch } from 'undici';
import { at, listAt, numberAt, objectsAt, textAt } from '../../src/kubernetes/read.ts';
import { startLab } from '../../src/lab/lab.ts';
import type { Lab } from '../../src/lab/lab.ts';
import type { Json } from '../../src/model/json.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly json: Json;
}

interface Ask {
  readonly method?: string;
  readonly body?: Json;
  readonly headers?: Readonly<Record<string, string>>;
}

const patchTypes = {
  json: { 'content-type': 'application/json-patch+json' },
  merge: { 'content-type': 'application/merge-patch+json' },
  strategic: { 'content-type': 'application/strategic-merge-patch+json' },
  apply: { 'content-type': 'application/apply-patch+yaml' },
};

suite('the API of a lab, met as plain HTTPS', () => {
  let lab: Lab;
  let agent: Agent;
  let server = '';
  let token = '';
  before(async () => {
    lab = await startLab('gateway-api-without-grant');
    const config = new KubeConfig();
    config.loadFromFile(lab.kubeconfigPath);
    const cluster = config.getCurrentCluster();
    agent = new Agent({ connect: { ca: Buffer.from(cluster?.caData ?? '', 'base64') } });
    server = cluster?.server ?? '';
    token = config.getCurrentUser()?.token ?? '';
  });
  after(async () => {
    await agent.close();
    await lab.close();
  });

  async function ask(path: string, { method = 'GET', body, headers = {} }: Ask = {}): Promise<Answer> {
    const response = await fetch(`${server}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      dispatcher: agent,
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, text, json: type.startsWith('application/json') ? JSON.parse(text) : null };
  }
  const words = ({ status, json }: Answer): readonly [number, string | undefined] => [status, textAt(json, 'message')];

  test('knows its callers by token', async () => {
    assert.deepEqual(words(await ask('/api/v1/pods', { headers: { authorization: 'Bearer nonsense' } })), [
      401,
      'Unauthorized',
    ]);
    const anonymous = await fetch(`${server}/api/v1/pods`, { dispatcher: agent });
    assert.equal(anonymous.status, 403);
    assert.match(await anonymous.text(), /User \\"system:anonymous\\" cannot list resource/);
  });

  test('lets those who may act as somebody else', async () => {
    const pods = '/api/v1/namespaces/castle/pods';
    const as = (user: string, group: string): Promise<Answer> =>
      ask(pods, { headers: { 'impersonate-user': user, 'impersonate-group': group } });
    assert.equal((await as('jane', 'nobody')).status, 403);
    assert.equal((await as('jane', 'system:masters')).status, 200);
    const last = lab.audit().at(-1);
    assert.deepEqual([last?.user, last?.impersonatedBy, last?.resource], ['jane', 'operator', 'pods']);
    const asJane = await ask('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      method: 'POST',
      body: { spec: { namespace: 'castle' } },
      headers: { 'impersonate-user': 'jane' },
    });
    const rules = objectsAt(asJane.json, 'status', 'resourceRules').flatMap(({ value }) => listAt(value, 'resources'));
    assert.deepEqual(rules, ['selfsubjectaccessreviews', 'selfsubjectrulesreviews', 'selfsubjectreviews']);
  });

  test('answers for a ServiceAccount by the Roles of its namespace', async () => {
    const review = async (user: string, namespace: string): Promise<Json> => {
      const resourceAttributes = { verb: 'list', resource: 'secrets', group: '', namespace };
      const body = { spec: { user, resourceAttributes } };
      const answer = await ask('/apis/authorization.k8s.io/v1/subjectaccessreviews', { method: 'POST', body });
      assert.equal(answer.status, 201);
      return answer.json;
    };
    const gateway = 'system:serviceaccount:istio-ingress:istio-ingressgateway';
    const allowed = await review(gateway, 'istio-ingress');
    assert.match(
      textAt(allowed, 'status', 'reason') ?? '',
      /RoleBinding "istio-ingressgateway\/istio-ingress" of Role "istio-ingressgateway"/,
    );
    assert.deepEqual(at(await review(gateway, 'castle'), 'status'), { allowed: false });
  });

  test('words what it does not have as kube-apiserver does', async () => {
    assert.deepEqual(words(await ask('/api/v1/namespaces/castle/secrets/none')), [404, 'secrets "none" not found']);
    assert.deepEqual(words(await ask('/api/v1/trolls')), [404, 'the server could not find the requested resource']);
    for (const path of ['/apis/cert-manager.io/v1/certificates', '/apis/networking.istio.io/v1/trolls', '/trolls']) {
      const answer = await ask(path);
      assert.deepEqual(
        [answer.status, answer.type, answer.text],
        [404, 'text/plain; charset=utf-8', '404 page not found\n'],
        path,
      );
    }
    const elsewhere = { metadata: { name: 'a' } };
    const answer = await ask('/api/v1/namespaces/nowhere/configmaps', { method: 'POST', body: elsewhere });
    assert.deepEqual(words(answer), [404, 'namespaces "nowhere" not found']);
  });

  test('serves what is installed, in both forms of discovery', async () => {
    const groups = await ask('/apis');
    const names = objectsAt(groups.json, 'groups').map(({ value }) => textAt(value, 'name'));
    assert.ok(names.includes('gateway.networking.k8s.io'));
    assert.ok(!names.includes('cert-manager.io'));
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const whole = await ask('/apis', { headers: { accept: `${aggregated},application/json` } });
    assert.equal(whole.type, aggregated);
    assert.deepEqual(
      objectsAt(whole.json, 'items').map(({ value }) => textAt(value, 'metadata', 'name')),
      names,
    );
    const istio = await ask('/apis/networking.istio.io/v1');
    const gateway = objectsAt(istio.json, 'resources').find(({ value }) => value['name'] === 'gateways')?.value;
    assert.deepEqual([gateway?.['kind'], gateway?.['shortNames']], ['Gateway', ['gw']]);
  });

  test('gives one object in every served version', async () => {
    for (const version of ['v1', 'v1beta1']) {
      const path = `/apis/gateway.networking.k8s.io/${version}/namespaces/istio-ingress/gateways/beach`;
      assert.equal(textAt((await ask(path)).json, 'apiVersion'), `gateway.networking.k8s.io/${version}`);
    }
  });

  test('gives names without data, and tables', async () => {
    const secrets = '/api/v1/namespaces/istio-ingress/secrets';
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const names = await ask(secrets, { headers: { accept } });
    assert.equal(textAt(names.json, 'kind'), 'PartialObjectMetadataList');
    assert.deepEqual(
      objectsAt(names.json, 'items').map(({ value }) => Object.keys(value)),
      [['kind', 'apiVersion', 'metadata']],
    );
    assert.equal(lab.audit().at(-1)?.metadataOnly, true);
    const table = await ask(secrets, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
    });
    assert.deepEqual(
      objectsAt(table.json, 'rows').map(({ value }) => listAt(value, 'cells')),
      [['towels-tls', 'kubernetes.io/tls', 2, '7d']],
    );
    assert.equal(table.text.includes('tls.key'), false);
  });

  test('patches by JSON patch, and leaves all as it was when a test fails', async () => {
    const path = '/apis/gateway.networking.k8s.io/v1/namespaces/istio-ingress/gateways/beach';
    const patch = (...body: readonly Json[]): Promise<Answer> =>
      ask(path, { method: 'PATCH', body, headers: patchTypes.json });
    const failed = await patch(
      { op: 'replace', path: '/spec/gatewayClassName', value: 'other' },
      { op: 'test', path: '/spec/listeners/0/name', value: 'towels' },
    );
    assert.equal(failed.status, 422);
    assert.equal(textAt((await ask(path)).json, 'spec', 'gatewayClassName'), 'istio');
    const done = await patch(
      { op: 'test', path: '/spec/listeners/0/name', value: 'kiosk' },
      { op: 'add', path: '/metadata/labels', value: { 'example.com/a': 'b' } },
      { op: 'copy', from: '/metadata/labels/example.com~1a', path: '/metadata/labels/c' },
      { op: 'move', from: '/metadata/labels/c', path: '/metadata/labels/d' },
      { op: 'remove', path: '/metadata/labels/example.com~1a' },
    );
    assert.deepEqual([done.status, textAt(done.json, 'metadata', 'labels', 'd')], [200, 'b']);
    assert.equal(numberAt(done.json, 'metadata', 'generation'), 1);
    assert.equal((await patch({ op: 'remove', path: '/spec/listeners/7' })).status, 422);
  });

  test('merges lists by their keys in strategic patches, for kinds that have them', async () => {
    const path = '/apis/apps/v1/namespaces/castle/deployments/kiosk';
    const containers = [
      { name: 'kiosk', image: 'registry.example/kiosk:2' },
      { name: 'helper', image: 'x' },
    ];
    const body = { spec: { template: { spec: { containers } } } };
    const merged = await ask(path, { method: 'PATCH', body, headers: patchTypes.strategic });
    const after = objectsAt(merged.json, 'spec', 'template', 'spec', 'containers').map(({ value }) => value);
    assert.deepEqual(
      after.map(({ name, image }) => [name, image]),
      [
        ['kiosk', 'registry.example/kiosk:2'],
        ['helper', 'x'],
      ],
    );
    assert.equal(listAt(after[0], 'ports').length, 1);
    const gone = { spec: { template: { spec: { containers: [{ name: 'helper', $patch: 'delete' }] } } } };
    const less = await ask(path, { method: 'PATCH', body: gone, headers: patchTypes.strategic });
    assert.equal(objectsAt(less.json, 'spec', 'template', 'spec', 'containers').length, 1);
    const custom = '/apis/gateway.networking.k8s.io/v1/namespaces/istio-ingress/gateways/beach';
    assert.equal((await ask(custom, { method: 'PATCH', body: {}, headers: patchTypes.strategic })).status, 415);
  });

  test('applies on the server: creates, merges, and takes back what a manager no longer sends', async () => {
    const path = '/api/v1/namespaces/castle/configmaps/applied?fieldManager=tester';
    const apply = (data: Json): Promise<Answer> =>
      ask(path, { method: 'PATCH', body: { apiVersion: 'v1', kind: 'ConfigMap', data }, headers: patchTypes.apply });
    assert.equal((await apply({ a: '1', b: '2' })).status, 201);
    const other = { data: { c: '3' } };
    await ask('/api/v1/namespaces/castle/configmaps/applied', {
      method: 'PATCH',
      body: other,
      headers: patchTypes.merge,
    });
    const again = await apply({ a: '4' });
    assert.deepEqual([again.status, at(again.json, 'data')], [200, { a: '4', c: '3' }]);
    const managers = objectsAt(again.json, 'metadata', 'managedFields').map(({ value }) => [
      value['manager'],
      value['operation'],
    ]);
    assert.deepEqual(managers, [
      ['undici', 'Update'],
      ['tester', 'Apply'],
    ]);
  });

  test('tries a write without doing it', async () => {
    const path = '/api/v1/namespaces/castle/secrets/kiosk-tls';
    const before = await ask(path);
    const dry = await ask(`${path}?dryRun=All`, { method: 'PATCH', body: { data: null }, headers: patchTypes.merge });
    assert.deepEqual(words(dry), [
      422,
      'Secret "kiosk-tls" is invalid: [data[tls.crt]: Required value, data[tls.key]: Required value]',
    ]);
    const labelled = await ask(`${path}?dryRun=All`, {
      method: 'PATCH',
      body: { metadata: { labels: { a: 'b' } } },
      headers: patchTypes.merge,
    });
    assert.equal(textAt(labelled.json, 'metadata', 'labels', 'a'), 'b');
    assert.equal((await ask(`${path}?dryRun=All`, { method: 'DELETE' })).status, 200);
    assert.equal((await ask(path)).text, before.text);
    assert.deepEqual(
      lab
        .audit()
        .slice(-3)
        .map(({ dryRun, verb }) => [dryRun, verb]),
      [
        [true, 'patch'],
        [true, 'delete'],
        [false, 'get'],
      ],
    );
  });

  test('refuses Secrets and Gateways that a real cluster refuses', async () => {
    const secret = (body: Record<string, Json>): Promise<Answer> =>
      ask('/api/v1/namespaces/castle/secrets', { method: 'POST', body: { metadata: { name: 'new' }, ...body } });
    assert.equal((await secret({ data: { 'tls.crt': 'not base64!' } })).status, 400);
    assert.equal((await secret({ type: 'kubernetes.io/tls', data: { 'tls.crt': '' } })).status, 422);
    const retyped = { type: 'Opaque' };
    const typed = await ask('/api/v1/namespaces/castle/secrets/kiosk-tls', {
      method: 'PATCH',
      body: retyped,
      headers: patchTypes.merge,
    });
    assert.deepEqual(words(typed), [
      422,
      'Secret "kiosk-tls" is invalid: type: Invalid value: "Opaque": field is immutable',
    ]);
    const gateway = (server: Json): Promise<Answer> =>
      ask('/apis/networking.istio.io/v1/namespaces/castle/gateways', {
        method: 'POST',
        body: { metadata: { name: 'new' }, spec: { servers: [server] } },
      });
    const port = { number: 8443, name: 'https', protocol: 'HTTPS' };
    const denied = 'admission webhook "rev.validation.istio.io" denied the request: configuration is invalid: ';
    assert.deepEqual(words(await gateway({ port, hosts: ['a.example'] })), [
      400,
      `${denied}server must have TLS settings for HTTPS/TLS protocols`,
    ]);
    assert.deepEqual(words(await gateway({ port, hosts: ['*foo.com'], tls: { mode: 'SIMPLE' } })), [
      400,
      `${denied}3 errors occurred:\n\t* partial wildcard "*foo.com" not allowed\n\t* SIMPLE TLS requires a server certificate\n\t* SIMPLE TLS requires a private key\n\n`,
    ]);
  });

  test('deletes collections by selector, and what an object owns with it', async () => {
    const path = '/api/v1/namespaces/castle/configmaps';
    for (const [name, tier] of [
      ['x', 'a'],
      ['y', 'a'],
      ['z', 'b'],
    ]) {
      await ask(path, { method: 'POST', body: { metadata: { name, labels: { tier } } } });
    }
    await ask(`${path}?labelSelector=tier%3Da`, { method: 'DELETE' });
    const left = objectsAt((await ask(`${path}?labelSelector=tier`)).json, 'items').map(({ value }) =>
      textAt(value, 'metadata', 'name'),
    );
    assert.deepEqual(left, ['z']);
    const owner = textAt((await ask(`${path}/z`)).json, 'metadata', 'uid') ?? '';
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'z', uid: owner }];
    await ask(path, { method: 'POST', body: { metadata: { name: 'owned', ownerReferences } } });
    await ask(`${path}/z`, { method: 'DELETE' });
    assert.equal((await ask(`${path}/owned`)).status, 404);
  });

  test('follows a log while it is written', async () => {
    const pods = await ask('/api/v1/namespaces/istio-ingress/pods?labelSelector=istio%3Dingressgateway');
    const name = textAt(pods.json, 'items', 0, 'metadata', 'name');
    const path = `/api/v1/namespaces/istio-ingress/pods/${name}/log?follow=true&tailLines=0`;
    const response = await fetch(`${server}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      dispatcher: agent,
    });
    const reader = response.body?.getReader();
    await fetch(`https://127.0.0.1:${lab.ports.https}/`).catch(() => undefined);
    const chunk: unknown = (await reader?.read())?.value;
    assert.ok(chunk instanceof Uint8Array);
    assert.match(Buffer.from(chunk).toString(), /"- - -" 0 NR filter_chain_not_found .* - -\n$/);
    await reader?.cancel();
  });

  test('bears with bodies that are none', async () => {
    const path = '/api/v1/namespaces/castle/configmaps';
    const post = async (body: string | Buffer, type = 'application/json'): Promise<number> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': type };
      return (await fetch(`${server}${path}`, { method: 'POST', body, headers, dispatcher: agent })).status;
    };
    assert.equal(await post('{'), 400);
    assert.equal(await post('[]'), 400);
    assert.equal(await post('{"kind":"Troll"}'), 400);
    assert.equal(
      await post(
        Buffer.from('k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1'),
        'application/vnd.kubernetes.protobuf',
      ),
      415,
    );
    assert.equal(await post(' '.repeat(4 * 1024 * 1024)), 413);
    assert.equal((await ask('/api/v1/pods?labelSelector=a%20b%20c')).status, 400);
    assert.equal((await ask('/api/v1/namespaces/%zz/pods')).status, 400);
    assert.equal(await rawStatus(server, '//', token), 404);
    assert.equal((await ask('/api/v1/pods?continue=xyz')).status, 400);
  });
});

/** The status of a request whose target an ordinary client would not send. */
function rawStatus(server: string, path: string, token: string): Promise<number | undefined> {
  const { hostname, port } = new URL(server);
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers, rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.once('error', reject).end();
  });
}
