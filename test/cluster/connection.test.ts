import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openKubernetesApi } from '../../src/sources/cluster/api.ts';
import type { KubeconfigOptions } from '../../src/sources/cluster/kubeconfig.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import type { Minted } from '../../src/pki/certificate-description.ts';
import { authority, clientCertificate, otherNameCertificate } from '../support/api-server/certificates.ts';
import { startServer, answerVersion, type SeenRequest, type TestServer } from '../support/api-server/https-server.ts';
import { folderFor, writeKubeconfig, writePlugin } from '../support/api-server/kubeconfig-file.ts';
import { bareEnvironment, openAccess } from '../support/api-server/open-api.ts';
import { startConnectProxy, startSocksProxy, type TestProxy } from '../support/api-server/proxies.ts';
import { acceptWebSocket } from '../support/api-server/web-socket.ts';

/** A server that greets on each port-forward, so that a test sees both ways work. */
async function cluster(t: TestContext, options: { certificate?: Minted; plain?: boolean } = {}): Promise<TestServer> {
  const server = await startServer(answerVersion, {
    ...options,
    upgrade: (request, socket, head) => {
      const ws = acceptWebSocket(request, socket, head);
      ws.send(0, Buffer.from([0x98, 0x3a]));
      ws.send(0, 'hello');
    },
  });
  t.after(() => server.close());
  return server;
}

/** Sends one plain request and opens one WebSocket with the same kubeconfig; gives what the server saw of each. */
async function both(t: TestContext, server: TestServer, options: KubeconfigOptions): Promise<readonly SeenRequest[]> {
  const access = await openAccess(t, options);
  const api = await openKubernetesApi(access, {
    signal: AbortSignal.timeout(20_000),
    userAgent: 'istls/test',
  });
  t.after(() => api.close());
  assert.deepEqual(api.version, { state: 'found', value: 'v1.35.3' });
  const connection = await api.podStream({ namespace: 'ns', pod: 'gw' }, 15000);
  assert.equal(connection.outcome, 'open', JSON.stringify(connection));
  const [greeting] = await connection.stream.take(1).toArray();
  assert.equal(String(greeting), 'hello');
  connection.stream.destroy();
  const seen = server.seen.slice(-2);
  assert.deepEqual(
    seen.map((request) => request.upgrade),
    [false, true],
  );
  return seen;
}

const values = (seen: readonly SeenRequest[], header: string) => seen.map((request) => request.headers[header]);

describe('credentials reach the server in plain requests and in WebSockets', () => {
  it('a token, beside the User-Agent', async (t) => {
    const server = await cluster(t);
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, { token: 'sesame' });
    const seen = await both(t, server, { kubeconfig });
    assert.deepEqual(values(seen, 'authorization'), ['Bearer sesame', 'Bearer sesame']);
    assert.deepEqual(values(seen, 'user-agent'), ['istls/test', 'istls/test']);
  });

  it('a client certificate, from data before files', async (t) => {
    const server = await cluster(t);
    const folder = folderFor(t);
    const anna = clientCertificate('anna');
    const berta = clientCertificate('berta');
    writeFileSync(join(folder, 'tls.crt'), berta.certificatePem);
    writeFileSync(join(folder, 'tls.key'), berta.privateKeyPem);
    const files = { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' };
    const data = {
      'client-certificate-data': Buffer.from(anna.certificatePem).toString('base64'),
      'client-key-data': Buffer.from(anna.privateKeyPem).toString('base64'),
    };
    const byData = await both(t, server, {
      kubeconfig: writeKubeconfig(folder, { server: server.url }, { ...files, ...data }),
    });
    assert.deepEqual(
      byData.map((request) => request.client),
      ['anna', 'anna'],
    );
    const byFiles = await both(t, server, { kubeconfig: writeKubeconfig(folder, { server: server.url }, files) });
    assert.deepEqual(
      byFiles.map((request) => request.client),
      ['berta', 'berta'],
    );
  });

  it('a user name and a password', async (t) => {
    const server = await cluster(t);
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, { username: 'joe', password: 'p:w' });
    const expected = `Basic ${Buffer.from('joe:p:w').toString('base64')}`;
    assert.deepEqual(values(await both(t, server, { kubeconfig }), 'authorization'), [expected, expected]);
  });

  it('a plugin’s token, and its client certificate', async (t) => {
    const server = await cluster(t);
    const folder = folderFor(t);
    const anna = clientCertificate('anna');
    const exec = writePlugin(folder, {
      token: 'from-plugin',
      clientCertificateData: anna.certificatePem,
      clientKeyData: anna.privateKeyPem,
    });
    const seen = await both(t, server, { kubeconfig: writeKubeconfig(folder, { server: server.url }, { exec }) });
    assert.deepEqual(values(seen, 'authorization'), ['Bearer from-plugin', 'Bearer from-plugin']);
    assert.deepEqual(
      seen.map((request) => request.client),
      ['anna', 'anna'],
    );
  });

  it('an auth-provider’s token, or why it gave none', async (t) => {
    const server = await cluster(t);
    const folder = folderFor(t);
    const token = (exp: number) =>
      ['{}', JSON.stringify({ exp }), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
    const oidc = (idToken: string) => ({
      'auth-provider': {
        name: 'oidc',
        config: {
          'id-token': idToken,
          'refresh-token': 'hunter2',
          'client-id': 'x',
          'idp-issuer-url': 'https://127.0.0.1:1',
        },
      },
    });
    const valid = token(32_503_680_000);
    const seen = await both(t, server, { kubeconfig: writeKubeconfig(folder, { server: server.url }, oidc(valid)) });
    assert.deepEqual(values(seen, 'authorization'), [`Bearer ${valid}`, `Bearer ${valid}`]);
    const kubeconfig = writeKubeconfig(folder, { server: server.url }, oidc(token(1)));
    await assert.rejects(both(t, server, { kubeconfig }), (error: Error & { code: string }) => {
      assert.equal(error.code, 'auth-provider-failed');
      assert.match(error.message, /auth-provider "oidc" of user "u"/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });

  it('impersonation from the kubeconfig, and from the flags instead of it', async (t) => {
    const server = await cluster(t);
    const kubeconfig = writeKubeconfig(
      folderFor(t),
      { server: server.url },
      {
        token: 'sesame',
        as: 'clara',
        'as-uid': '7',
        'as-groups': ['dev', 'ops'],
        'as-user-extra': { 'example.com/team': ['shop', 'web'] },
      },
    );
    for (const request of await both(t, server, { kubeconfig })) {
      assert.equal(request.headers['impersonate-user'], 'clara');
      assert.equal(request.headers['impersonate-uid'], '7');
      assert.deepEqual(request.all['impersonate-group'], ['dev', 'ops']);
      assert.deepEqual(request.all['impersonate-extra-example.com%2fteam'], ['shop', 'web']);
    }
    const impersonation = { user: 'doris', groups: ['audit'] };
    for (const request of await both(t, server, { kubeconfig, impersonation })) {
      assert.equal(request.headers['impersonate-user'], 'doris');
      assert.deepEqual(request.all['impersonate-group'], ['audit']);
      assert.equal(request.headers['authorization'], 'Bearer sesame');
    }
  });

  it('no user at all, with the authority still applied', async (t) => {
    const server = await cluster(t);
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, {}, { user: '' });
    assert.deepEqual(values(await both(t, server, { kubeconfig }), 'authorization'), [undefined, undefined]);
  });
});

describe('the way to the server', () => {
  it('verifies tls-server-name instead of the address', async (t) => {
    const server = await cluster(t, { certificate: otherNameCertificate });
    const named = { server: server.url, 'tls-server-name': 'inner.cluster.example' };
    await both(t, server, { kubeconfig: writeKubeconfig(folderFor(t), named, {}) });
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, {});
    await assert.rejects(both(t, server, { kubeconfig }), { code: 'api-tls-failed', message: /altnames/ });
  });

  it('verifies nothing with insecure-skip-tls-verify', async (t) => {
    const server = await cluster(t, { certificate: otherNameCertificate });
    const insecure = { server: server.url, 'insecure-skip-tls-verify': true, 'certificate-authority-data': '' };
    await both(t, server, { kubeconfig: writeKubeconfig(folderFor(t), insecure, {}) });
  });

  it('does not let NODE_TLS_REJECT_UNAUTHORIZED turn verification off', async (t) => {
    const server = await cluster(t, { certificate: otherNameCertificate });
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, {});
    await assert.rejects(both(t, server, { kubeconfig }), { code: 'api-tls-failed' });
  });

  it('speaks plain HTTP to what `kubectl proxy` serves, and keeps a path before the API’s', async (t) => {
    const server = await startServer(
      (request, response) => {
        assert.equal(request.path, '/k8s/clusters/c-1/version');
        answerVersion({ ...request, path: '/version' }, response);
      },
      { plain: true },
    );
    t.after(() => server.close());
    const kubeconfig = writeKubeconfig(folderFor(t), { server: `${server.url}/k8s/clusters/c-1/` }, {});
    const api = await openKubernetesApi(await openAccess(t, { kubeconfig }), {
      signal: AbortSignal.timeout(5000),
    });
    assert.equal(api.version.state, 'found');
    await api.podStream({ namespace: 'ns', pod: 'gw' }, 15000);
    assert.equal(server.seen.at(-1)?.path, '/k8s/clusters/c-1/api/v1/namespaces/ns/pods/gw/portforward');
  });

  it('uses one connection for requests that follow one another', async (t) => {
    const server = await cluster(t);
    const kubeconfig = writeKubeconfig(folderFor(t), { server: server.url }, { token: 'sesame' });
    const access = await openAccess(t, { kubeconfig });
    for (let i = 0; i < 5; i += 1) {
      await openKubernetesApi(access, { signal: AbortSignal.timeout(5000) });
    }
    assert.equal(server.connections(), 1);
  });
});

describe('a proxy on the way', () => {
  const target = 'https://api.cluster.example:6443';

  async function proxied(t: TestContext, start: Promise<TestProxy>): Promise<TestProxy> {
    const proxy = await start;
    t.after(() => proxy.close());
    return proxy;
  }

  it('proxy-url, with a user and a password, for a name that only the proxy resolves', async (t) => {
    const server = await cluster(t);
    const proxy = await proxied(t, startConnectProxy({ to: server.port }));
    const cluster1 = { server: target, 'proxy-url': `http://joe:p%40ss@127.0.0.1:${proxy.port}` };
    await both(t, server, { kubeconfig: writeKubeconfig(folderFor(t), cluster1, { token: 'sesame' }) });
    // The WebSocket takes the connection that the request before it left.
    assert.deepEqual(proxy.asked, ['api.cluster.example:6443']);
    assert.deepEqual(proxy.authorizations, [`Basic ${Buffer.from('joe:p@ss').toString('base64')}`]);
  });

  it('HTTPS_PROXY, unless NO_PROXY excepts the server', async (t) => {
    const server = await cluster(t);
    const proxy = await proxied(t, startConnectProxy({ to: server.port }));
    const kubeconfig = writeKubeconfig(folderFor(t), { server: target }, { token: 'sesame' });
    const env = { ...bareEnvironment, HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const seen = await both(t, server, { kubeconfig, env });
    assert.equal(proxy.asked.length, 1);
    assert.deepEqual(values(seen, 'authorization'), ['Bearer sesame', 'Bearer sesame']);
    const excepted = { ...env, NO_PROXY: 'cluster.example' };
    await assert.rejects(both(t, server, { kubeconfig, env: excepted }), {
      code: 'api-unreachable',
      message: /api\.cluster\.example/,
    });
    assert.equal(proxy.asked.length, 1);
  });

  it('tls-server-name and client certificates hold through the proxy, too', async (t) => {
    const server = await cluster(t, { certificate: otherNameCertificate });
    const proxy = await proxied(t, startConnectProxy({ to: server.port }));
    const anna = clientCertificate('anna');
    const kubeconfig = writeKubeconfig(
      folderFor(t),
      {
        server: 'https://10.9.8.7',
        'tls-server-name': 'inner.cluster.example',
        'proxy-url': `http://127.0.0.1:${proxy.port}`,
      },
      {
        'client-certificate-data': Buffer.from(anna.certificatePem).toString('base64'),
        'client-key-data': Buffer.from(anna.privateKeyPem).toString('base64'),
      },
    );
    const seen = await both(t, server, { kubeconfig });
    assert.deepEqual(
      seen.map((request) => request.client),
      ['anna', 'anna'],
    );
    assert.equal(proxy.asked[0], '10.9.8.7:443');
  });

  it('a SOCKS proxy, which resolves the name itself, for names and for addresses', async (t) => {
    const ofAddress = mintCertificate(
      { subject: 'CN=api', ipAddresses: ['10.9.8.7'], dnsNames: ['api.cluster.example'] },
      authority,
    );
    const server = await cluster(t, { certificate: ofAddress });
    const proxy = await proxied(t, startSocksProxy({ to: server.port }));
    const by = (url: string) =>
      writeKubeconfig(
        folderFor(t),
        { server: url, 'proxy-url': `socks5://127.0.0.1:${proxy.port}` },
        { token: 'sesame' },
      );
    await both(t, server, { kubeconfig: by(target) });
    assert.equal(proxy.asked[0], 'api.cluster.example:6443');
    await both(t, server, { kubeconfig: by('https://10.9.8.7:6443') });
    assert.equal(proxy.asked.at(-1), '10.9.8.7:6443');
    await assert.rejects(both(t, server, { kubeconfig: by('https://localhost:6443') }), { code: 'api-tls-failed' });
  });

  it('is named when it refuses or is not there, without its password', async (t) => {
    const server = await cluster(t);
    const refusing = await proxied(t, startConnectProxy({ to: server.port, refuseWith: 407 }));
    const gone = await startConnectProxy({ to: server.port });
    await gone.close();
    for (const [port, says, hint] of [
      [
        refusing.port,
        /the proxy http:\/\/127\.0\.0\.1:\d+ answered 407 to CONNECT api\.cluster\.example:6443/,
        /USER:PASSWORD/,
      ],
      [gone.port, /the proxy http:\/\/127\.0\.0\.1:\d+ cannot be used: connect ECONNREFUSED/, /NO_PROXY/],
    ] as const) {
      const cluster1 = { server: target, 'proxy-url': `http://joe:hunter2@127.0.0.1:${port}` };
      const kubeconfig = writeKubeconfig(folderFor(t), cluster1, { token: 'sesame' });
      await assert.rejects(both(t, server, { kubeconfig }), (error: Error & { code: string; hint: string }) => {
        assert.equal(error.code, 'proxy-failed');
        assert.match(error.message, says);
        assert.match(error.hint, hint);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      });
    }
  });
});
