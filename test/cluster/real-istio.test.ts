import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import tls from 'node:tls';
import { openKubernetesApi, type KubernetesApi } from '../../src/sources/cluster/api.ts';
import { podKind, secretKind } from '../../src/sources/cluster/api-kind.ts';
import { kindIn } from '../../src/sources/cluster/discovery.ts';
import type { Gap } from '../../src/model/coverage.ts';
import type { PodRef } from '../../src/sources/cluster/pod-socket.ts';
import { bareEnvironment, openAccess } from '../support/api-server/open-api.ts';

/**
 * Against the kit with a real istiod and Envoy: this file starts it, and is run by it again inside the cluster's network,
 * where $RUN is set.
 */
const kit = process.env['REAL_ISTIO_KIT'] ?? '';
const run = process.env['RUN'];
const noKit = existsSync(join(kit, 'real-istio'))
  ? false
  : 'no $REAL_ISTIO_KIT: the folder of the kit with a real Istio';
const denied = process.env['APISERVER_FLAGS']?.includes('-deny-portforward') ?? false;

async function open(t: TestContext, user: 'operator' | 'viewer'): Promise<KubernetesApi> {
  const access = await openAccess(t, { kubeconfig: join(run ?? '', `${user}.kubeconfig`), env: bareEnvironment });
  const api = await openKubernetesApi(access, { signal: AbortSignal.timeout(60_000) });
  t.after(() => api.close());
  return api;
}

async function gatewayPod(api: KubernetesApi): Promise<PodRef> {
  const { items } = await api.list(podKind, { namespace: 'istio-ingress', labelSelector: 'istio=ingressgateway' });
  assert.ok(items[0]);
  return { namespace: items[0].namespace, pod: items[0].name };
}

async function page(api: KubernetesApi, pod: PodRef, path: string): Promise<{ via: string; text: string }> {
  const found = await api.envoyAdmin(pod).get(path);
  assert.equal(found.state, 'found', `${path}: ${JSON.stringify(found)}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of found.value.body) chunks.push(chunk);
  return { via: found.value.via, text: Buffer.concat(chunks).toString() };
}

if (run === undefined) {
  describe('a real Istio', () => {
    for (const flags of ['', '-deny-portforward']) {
      it(
        `is read ${flags === '' ? 'by port-forward' : 'by exec, where port-forward is refused'}`,
        { skip: noKit },
        async () => {
          const { SLOT = '7', ...env } = process.env;
          delete env['NODE_TEST_CONTEXT'];
          const child = spawn(
            join(kit, 'real-istio'),
            ['with', 'p03', '--', process.execPath, '--test', '--test-reporter=spec', import.meta.filename],
            { cwd: kit, env: { ...env, SLOT, APISERVER_FLAGS: flags }, stdio: ['ignore', 'pipe', 'pipe'] },
          );
          let output = '';
          for (const stream of [child.stdout, child.stderr])
            stream.on('data', (chunk: Buffer) => (output += String(chunk)));
          const [code] = await once(child, 'close');
          assert.equal(code, 0, output);
          assert.match(output, /ℹ pass [1-9]/);
        },
      );
    }
  });
} else {
  describe('the operator', () => {
    it('reads kinds, objects and names of Secrets', async (t) => {
      const api = await open(t, 'operator');
      assert.equal(api.version.state, 'found');
      const discovery = await api.discover();
      assert.ok(discovery.state === 'found');
      assert.deepEqual(discovery.value.dead, []);
      const gateway = kindIn(discovery.value, 'networking.istio.io', 'Gateway');
      assert.ok(gateway.state === 'found');
      assert.ok((await api.list(gateway.value)).items.length > 0);
      assert.equal(kindIn(discovery.value, 'networking.istio.io', 'Nonesuch').state, 'absent');
      const secrets = await api.listMetadata(secretKind, { namespace: 'istio-ingress' });
      assert.ok(secrets.items.length > 0);
      const secret = await api.secret('istio-ingress', secrets.items[0]?.name ?? '');
      assert.equal(secret.state, 'found');
      assert.deepEqual(await api.secret('istio-ingress', 'nonesuch'), { state: 'absent' });
    });

    it(`reads Envoy by ${denied ? 'exec' : 'port-forward'}`, async (t) => {
      const api = await open(t, 'operator');
      const pod = await gatewayPod(api);
      for (const path of [
        '/certs',
        '/server_info',
        '/init_dump',
        '/listeners?format=json',
        '/config_dump?resource=dynamic_active_secrets',
      ]) {
        const { via, text } = await page(api, pod, path);
        assert.equal(via, denied ? 'exec' : 'port-forward');
        assert.ok(JSON.parse(text), path);
      }
      assert.match((await page(api, pod, '/ready')).text, /^LIVE\n/);
      assert.match((await page(api, pod, '/stats?filter=^server.live')).text, /server\.live: 1/);
    });

    it('is served the same certificate through a port-forward as over the network', { skip: denied }, async (t) => {
      const api = await open(t, 'operator');
      const pod = await gatewayPod(api);
      const port = await tlsPort(api, pod);
      const found = await api.get(podKind, pod.namespace, pod.pod);
      assert.ok(found.state === 'found');
      const address = JSON.parse(JSON.stringify(found.value.body)).status.podIP;
      const host = await someHost(api);
      const connection = await api.podStream(pod, port);
      assert.ok(connection.outcome === 'open');
      const forwarded = await served(
        tls.connect({ socket: connection.stream, servername: host, rejectUnauthorized: false }),
      );
      const direct = await served(tls.connect({ host: address, port, servername: host, rejectUnauthorized: false }));
      assert.equal(forwarded, direct);
      const unknown = await api.podStream(pod, port);
      assert.ok(unknown.outcome === 'open');
      const refused = served(tls.connect({ socket: unknown.stream, servername: 'unknown.invalid' }));
      await assert.rejects(refused, /disconnected before secure TLS connection/);
    });

    it('sees a port on which nothing listens as refused', { skip: denied }, async (t) => {
      const api = await open(t, 'operator');
      const connection = await api.podStream(await gatewayPod(api), 9);
      assert.ok(connection.outcome === 'open');
      const [error] = await once(connection.stream, 'error');
      assert.equal(error.code, 'ECONNREFUSED');
    });

    it('reads a log', async (t) => {
      const api = await open(t, 'operator');
      const { log, gap } = await api.collectLog(
        { ...(await gatewayPod(api)), container: 'istio-proxy' },
        { tailLines: 5 },
      );
      assert.equal(gap, undefined);
      assert.equal(log?.lines.length, 5);
      assert.deepEqual(await api.logs({ ...(await gatewayPod(api)), container: 'nonesuch' }), { state: 'absent' });
    });
  });

  describe('a user without rights', () => {
    it('is told the next permission each time, and it is enough', async (t) => {
      const pod = await gatewayPod(await open(t, 'operator'));
      const api = await open(t, 'viewer');
      const discovery = await api.discover();
      assert.ok(discovery.state === 'found');
      const gateway = kindIn(discovery.value, 'networking.istio.io', 'Gateway');
      assert.ok(gateway.state === 'found');
      const steps: readonly (readonly [string, () => Promise<Gap | undefined>])[] = [
        ['list gateways.networking.istio.io in all namespaces', async () => (await api.list(gateway.value)).gaps[0]],
        [
          'list pods in namespace istio-ingress',
          async () => (await api.list(podKind, { namespace: pod.namespace })).gaps[0],
        ],
        [
          'get secrets/docs-site-tls in namespace istio-ingress',
          async () => gapIn(await api.secret(pod.namespace, 'docs-site-tls')),
        ],
        [
          'list secrets in namespace istio-ingress',
          async () => (await api.listMetadata(secretKind, { namespace: pod.namespace })).gaps[0],
        ],
        [
          'get pods/log in namespace istio-ingress',
          async () => gapIn(await api.logs({ ...pod, container: 'istio-proxy' }, { tailLines: 1 })),
        ],
        [
          'get pods/portforward in namespace istio-ingress',
          async () => gapIn(await (await open(t, 'viewer')).envoyAdmin(pod).get('/ready')),
        ],
        ...(denied
          ? ([
              [
                'get pods/exec in namespace istio-ingress',
                async () => gapIn(await (await open(t, 'viewer')).envoyAdmin(pod).get('/ready')),
              ],
            ] as const)
          : []),
        [
          'create subjectaccessreviews.authorization.k8s.io',
          async () =>
            gapIn(
              await api.accessReview(
                { verb: 'get', group: '', resource: 'secrets', namespace: 'x' },
                { user: 'viewer', groups: [] },
              ),
            ),
        ],
      ];
      for (const [index, [permission, look]] of steps.entries()) {
        const gap = await look();
        assert.equal(gap?.reason, 'forbidden', `${permission}: ${JSON.stringify(gap)}`);
        assert.equal(gap.permission, permission);
        grant(`step-${index}`, permission);
        const after = await look();
        // Port-forward may be refused by a proxy even to those who have the right to it.
        if (denied && permission.includes('portforward'))
          assert.match(after?.detail ?? '', /proxy refused the upgrade/);
        else assert.equal(after, undefined, permission);
      }
    });
  });

  describe('the audit log of the API server', () => {
    it('shows nothing but reads and access reviews, and no list of Secrets with data', () => {
      const lines = readFileSync(join(run, 'audit.log'), 'utf8').split('\n');
      const ours = lines.filter((line) => /^\S+ (viewer|lab-operator|operator)\b/.test(line));
      assert.ok(ours.length > 20, lines.slice(-5).join('\n'));
      for (const line of ours) {
        assert.match(line, / GET | POST \/apis\/authorization\.k8s\.io\/v1\/\w+reviews/);
        if (/\/secrets(\?|$| )/.test(line)) assert.match(line, / metadata-only$/);
      }
    });
  });
}

function gapIn(looked: { readonly state: string; readonly gap?: Gap }): Gap | undefined {
  return looked.gap;
}

async function tlsPort(api: KubernetesApi, pod: PodRef): Promise<number> {
  const { text } = await page(api, pod, '/listeners?format=json');
  const ports: number[] = JSON.parse(text).listener_statuses.map(
    (status: { local_address: { socket_address: { port_value: number } } }) =>
      status.local_address.socket_address.port_value,
  );
  const port = ports.find((candidate) => candidate === 443 || candidate === 8443);
  assert.ok(port, `no TLS listener among ${ports.join(', ')}`);
  return port;
}

/** A host that this scenario serves. */
async function someHost(api: KubernetesApi): Promise<string> {
  const discovery = await api.discover(['networking.istio.io']);
  assert.ok(discovery.state === 'found');
  const kind = kindIn(discovery.value, 'networking.istio.io', 'Gateway');
  const gateway = kind.state === 'found' ? await api.get(kind.value, 'default', 'docs-site') : kind;
  assert.ok(gateway.state === 'found');
  return JSON.parse(JSON.stringify(gateway.value.body)).spec.servers[0].hosts[0];
}

async function served(socket: tls.TLSSocket): Promise<string | undefined> {
  await once(socket, 'secureConnect');
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  return fingerprint;
}

/** Gives the user `viewer` exactly what the text says. */
function grant(name: string, permission: string): void {
  const words = /^(\w+) ([^ /]+)(?:\/(\S+))?(?: in (?:namespace (\S+)|all namespaces))?$/.exec(permission);
  assert.ok(words, permission);
  const [, verb = '', resource = '', part, namespace] = words;
  const subresource = part !== undefined && ['log', 'portforward', 'exec'].includes(part);
  const role = namespace === undefined ? ['clusterrole'] : ['role', `--namespace=${namespace}`];
  const binding = namespace === undefined ? ['clusterrolebinding'] : ['rolebinding', `--namespace=${namespace}`];
  kubectl(
    'create',
    ...role,
    name,
    `--verb=${verb}`,
    `--resource=${subresource ? `${resource}/${part}` : resource}`,
    ...(part !== undefined && !subresource ? [`--resource-name=${part}`] : []),
  );
  kubectl(
    'create',
    ...binding,
    name,
    '--user=viewer',
    namespace === undefined ? `--clusterrole=${name}` : `--role=${name}`,
  );
}

function kubectl(...args: readonly string[]): void {
  execFileSync('kubectl', [`--kubeconfig=${join(run ?? '', 'admin.kubeconfig')}`, ...args], { stdio: 'pipe' });
}
