import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { PassThrough } from 'node:stream';
import {
  ApiException,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  PortForward,
  RbacAuthorizationV1Api,
  Watch,
} from '@kubernetes/client-node';
import { textAt } from '../../src/kubernetes/read.ts';
import { startLab } from '../../src/lab/lab.ts';
import type { Lab } from '../../src/lab/lab.ts';
import type { Json } from '../../src/model/json.ts';

const istio = { group: 'networking.istio.io', version: 'v1', plural: 'gateways' };

suite('the API of a lab, met by the client of Kubernetes', () => {
  let lab: Lab;
  let config: KubeConfig;
  let core: CoreV1Api;
  let custom: CustomObjectsApi;
  before(async () => {
    lab = await startLab('healthy-simple');
    config = new KubeConfig();
    config.loadFromFile(lab.kubeconfigPath);
    core = config.makeApiClient(CoreV1Api);
    custom = config.makeApiClient(CustomObjectsApi);
  });
  after(() => lab.close());

  test('lists in pages, and by labels and fields', async () => {
    const all = await core.listPodForAllNamespaces();
    assert.ok(all.items.length >= 3);
    const names: (string | undefined)[] = [];
    let next: string | undefined;
    do {
      const page = await core.listPodForAllNamespaces({ limit: 1, ...(next !== undefined && { _continue: next }) });
      assert.equal(page.items.length, 1);
      names.push(page.items[0]?.metadata?.name);
      // oxlint-disable-next-line no-underscore-dangle -- `continue` is a word of the language
      next = page.metadata?._continue;
    } while (next !== undefined && next !== '');
    assert.deepEqual(
      names,
      all.items.map(({ metadata }) => metadata?.name),
    );

    const gateways = await core.listPodForAllNamespaces({ labelSelector: 'istio in (ingressgateway,other),!absent' });
    assert.deepEqual(
      gateways.items.map(({ spec }) => spec?.serviceAccountName),
      ['istio-ingressgateway'],
    );
    const named = await core.listPodForAllNamespaces({
      fieldSelector: `metadata.name=${gateways.items[0]?.metadata?.name},status.phase=Running,spec.nodeName!=elsewhere`,
    });
    assert.equal(named.items.length, 1);
    assert.equal((await core.listPodForAllNamespaces({ fieldSelector: 'status.phase=Pending' })).items.length, 0);
  });

  test('keeps uid, generation and resource version as Kubernetes does', async () => {
    const at = { ...istio, namespace: 'tearoom', name: 'second' };
    const body = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'second', namespace: 'tearoom' },
      spec: {
        servers: [
          { port: { number: 9443, name: 'tls', protocol: 'TLS' }, hosts: ['a.example'], tls: { mode: 'PASSTHROUGH' } },
        ],
      },
    };
    const created = await custom.createNamespacedCustomObject({ ...istio, namespace: 'tearoom', body });
    const { uid, resourceVersion, generation, creationTimestamp } = created.metadata;
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.equal(generation, 1);
    assert.match(creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

    const labelled = { ...created, metadata: { ...created.metadata, labels: { a: 'b' } } };
    const second = await custom.replaceNamespacedCustomObject({ ...at, body: labelled });
    assert.deepEqual([second.metadata.uid, second.metadata.generation], [uid, 1]);
    assert.notEqual(second.metadata.resourceVersion, resourceVersion);
    await rejects(custom.replaceNamespacedCustomObject({ ...at, body: labelled }), 409, /the object has been modified/);

    const changed = { ...second, spec: { ...second.spec, selector: { istio: 'x' } }, status: { made: 'up' } };
    const third = await custom.replaceNamespacedCustomObject({ ...at, body: changed });
    assert.equal(third.metadata.generation, 2);
    assert.equal(third.status, undefined);
    await rejects(
      custom.createNamespacedCustomObject({ ...istio, namespace: 'tearoom', body }),
      409,
      /"second" already exists/,
    );
    await custom.deleteNamespacedCustomObject(at);
    await rejects(custom.getNamespacedCustomObject(at), 404, /gateways.networking.istio.io "second" not found/);
  });

  test('watches from a resource version, one that the selector begins and ceases to cover too', async () => {
    const { metadata } = await core.listNamespacedConfigMap({ namespace: 'tearoom' });
    const seen: string[] = [];
    const done = Promise.withResolvers<void>();
    const controller = await new Watch(config).watch(
      '/api/v1/namespaces/tearoom/configmaps',
      { resourceVersion: metadata?.resourceVersion, labelSelector: 'watched=yes' },
      (type: string, object: { metadata: { name: string } }) => {
        seen.push(`${type} ${object.metadata.name}`);
        if (seen.length === 4) done.resolve();
      },
      () => done.resolve(),
    );
    const put = (name: string, labels: Record<string, string>) =>
      core.createNamespacedConfigMap({ namespace: 'tearoom', body: { metadata: { name, labels } } });
    await put('one', { watched: 'yes' });
    await put('two', {});
    const objects = KubernetesObjectApi.makeApiClient(config);
    const two = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'two', namespace: 'tearoom' } };
    await objects.patch({ ...two, metadata: { ...two.metadata, labels: { watched: 'yes' } } });
    await objects.patch({ ...two, metadata: { ...two.metadata, labels: { watched: 'no' } } });
    await core.deleteNamespacedConfigMap({ namespace: 'tearoom', name: 'one' });
    await done.promise;
    controller.abort();
    assert.deepEqual(seen, ['ADDED one', 'ADDED two', 'DELETED two', 'DELETED one']);
    await core.deleteNamespacedConfigMap({ namespace: 'tearoom', name: 'two' });
  });

  test('reads logs by their last lines, by age and by size', async () => {
    const pods = await core.listNamespacedPod({ namespace: 'istio-system', labelSelector: 'app=istiod' });
    const name = pods.items[0]?.metadata?.name ?? '';
    const at = { namespace: 'istio-system', name };
    const all = await core.readNamespacedPodLog(at);
    const lines = all.trimEnd().split('\n');
    assert.ok(lines.some((line) => line.includes('\tinfo\tdelta\tSDS: PUSH request for node:istio-ingressgateway-')));
    assert.equal(await core.readNamespacedPodLog({ ...at, tailLines: 1 }), `${lines.at(-1)}\n`);
    assert.equal(await core.readNamespacedPodLog({ ...at, limitBytes: 12 }), all.slice(0, 12));
    assert.equal(await core.readNamespacedPodLog({ ...at, sinceSeconds: 3600 }), all);
    await rejects(core.readNamespacedPodLog({ ...at, container: 'none' }), 400, /container none is not valid for pod/);
    await rejects(core.readNamespacedPodLog({ ...at, previous: true }), 400, /previous terminated container/);
  });

  test('answers what the caller may do, and judges the viewer by the Roles that are stored', async () => {
    const viewer = new KubeConfig();
    viewer.loadFromFile(lab.kubeconfigPath);
    viewer.setCurrentContext('lab-viewer');
    const may = async (verb: string, resource: string, name?: string): Promise<boolean | undefined> => {
      const resourceAttributes = {
        verb,
        resource,
        namespace: 'istio-system',
        group: '',
        ...(name !== undefined && { name }),
      };
      const body = { spec: { resourceAttributes } };
      const review = await viewer.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body });
      return review.status?.allowed;
    };
    const secret = { namespace: 'istio-system', name: 'teapot-credential' };
    assert.equal(await may('get', 'secrets', secret.name), false);
    await rejects(
      viewer.makeApiClient(CoreV1Api).readNamespacedSecret(secret),
      403,
      /secrets "teapot-credential" is forbidden: User "viewer" cannot get resource "secrets" in API group "" in the namespace "istio-system"/,
    );
    await rejects(
      viewer.makeApiClient(CustomObjectsApi).listClusterCustomObject(istio),
      403,
      /gateways.networking.istio.io is forbidden: User "viewer" cannot list resource "gateways" in API group "networking.istio.io" at the cluster scope/,
    );
    const roles = config.makeApiClient(RbacAuthorizationV1Api);
    const apiGroup = 'rbac.authorization.k8s.io';
    const metadata = { name: 'look', namespace: 'istio-system' };
    const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: [secret.name], verbs: ['get'] }];
    await roles.createNamespacedRole({ namespace: 'istio-system', body: { metadata, rules } });
    const roleRef = { apiGroup, kind: 'Role', name: 'look' };
    const subjects = [{ kind: 'User', name: 'viewer', apiGroup }];
    await roles.createNamespacedRoleBinding({ namespace: 'istio-system', body: { metadata, roleRef, subjects } });
    assert.equal(await may('get', 'secrets', secret.name), true);
    assert.equal(await may('get', 'secrets', 'another'), false);
    assert.equal(await may('list', 'secrets'), false);
    assert.equal((await viewer.makeApiClient(CoreV1Api).readNamespacedSecret(secret)).metadata?.name, secret.name);
  });

  test('forwards a port to the listener of a gateway, and has no Envoy admin port', async () => {
    const pods = await core.listNamespacedPod({ namespace: 'istio-system', labelSelector: 'istio=ingressgateway' });
    const name = pods.items[0]?.metadata?.name ?? '';
    const plaintext = await forward(config, name, lab.ports.https, 'GET / HTTP/1.1\r\n\r\n');
    assert.deepEqual(plaintext, { output: '', error: '' });
    const admin = await forward(config, name, 15000, 'GET /certs HTTP/1.1\r\nhost: localhost\r\n\r\n');
    assert.equal(admin.output, '');
    assert.match(
      admin.error,
      /error forwarding port 15000 to pod .* dial tcp4 127\.0\.0\.1:15000: connect: connection refused/,
    );
    const teapot = await core.listNamespacedPod({ namespace: 'tearoom' });
    const answer = await forwardTo(
      'tearoom',
      teapot.items[0]?.metadata?.name ?? '',
      config,
      8000,
      'GET /status/418 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    );
    assert.match(answer.output, /^HTTP\/1\.1 418 /);
  });

  test('refuses exec with a Status', async () => {
    const pods = await core.listNamespacedPod({ namespace: 'tearoom' });
    const name = pods.items[0]?.metadata?.name ?? '';
    const exec = new Exec(config).exec('tearoom', name, 'teapot', ['ls'], null, null, null, false);
    await assert.rejects(exec, ({ message }) => /400/.test(String(message)));
    assert.equal(lab.audit().at(-1)?.resource, 'pods/exec');
  });

  test('says what it was asked, so that a test can prove that a tool only reads', () => {
    const records = lab.audit();
    assert.ok(records.some(({ verb, resource }) => verb === 'delete' && resource === 'configmaps'));
    assert.ok(
      records.some(({ user, status, resource }) => user === 'viewer' && status === 403 && resource === 'secrets'),
    );
    assert.equal(JSON.stringify(records).includes(config.getCurrentUser()?.token ?? 'no token'), false);
  });
});

type ForwardResult = { readonly output: string; readonly error: string };

function forward(config: KubeConfig, pod: string, port: number, text: string): Promise<ForwardResult> {
  return forwardTo('istio-system', pod, config, port, text);
}

async function forwardTo(
  namespace: string,
  pod: string,
  config: KubeConfig,
  port: number,
  text: string,
): Promise<ForwardResult> {
  const [input, output, error] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const texts = { output: '', error: '' };
  output.on('data', (chunk: Buffer) => (texts.output += chunk.toString()));
  error.on('data', (chunk: Buffer) => (texts.error += chunk.toString()));
  const socket = await new PortForward(config).portForward(namespace, pod, [port], output, error, input);
  input.write(text);
  const closed = new Promise<void>((resolve) => {
    if (typeof socket === 'function') throw new TypeError('no retries were asked for');
    socket.addEventListener('close', () => resolve());
  });
  const spoken = new Promise<void>((resolve) => error.on('data', () => texts.error !== '' && resolve()));
  await Promise.race([closed, spoken]);
  input.destroy();
  return texts;
}

async function rejects(promise: Promise<unknown>, code: number, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof ApiException, String(error));
    assert.equal(error.code, code);
    const status: Json = typeof error.body === 'string' ? JSON.parse(error.body) : null;
    assert.match(textAt(status, 'message') ?? '', message);
    return true;
  });
}
