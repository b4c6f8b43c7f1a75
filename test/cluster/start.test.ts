import assert from 'node:assert/strict';
import net from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { IstlsError } from '../../src/model/errors.ts';
import { openKubernetesApi } from '../../src/sources/cluster/api.ts';
import type { TransportOptions } from '../../src/sources/cluster/transport.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { authority, clientCertificate } from '../support/api-server/certificates.ts';
import { answerVersion, portOf, refuse, startServer, type Respond } from '../support/api-server/https-server.ts';
import { folderFor, writeKubeconfig, writePlugin } from '../support/api-server/kubeconfig-file.ts';
import { openAccess } from '../support/api-server/open-api.ts';

interface Start {
  readonly cluster: object;
  readonly user?: object;
  readonly options?: Partial<TransportOptions>;
}

/** Why opening the cluster fails. */
async function failure(t: TestContext, { cluster, user = { token: 'sesame' }, options }: Start): Promise<IstlsError> {
  const access = await openAccess(t, { kubeconfig: writeKubeconfig(folderFor(t), cluster, user) });
  const opened = openKubernetesApi(access, { signal: new AbortController().signal, ...options });
  const error = await opened.then(
    () => assert.fail('it opened'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof IstlsError, String(error));
  assert.equal(error.exit, 3);
  assert.doesNotMatch(JSON.stringify(error) + error.message + error.stack + String(error.cause), /sesame|Bearer/);
  return error;
}

async function serve(
  t: TestContext,
  respond: Respond,
  options = {},
): Promise<{ server: string; seen: readonly unknown[] }> {
  const server = await startServer(respond, options);
  t.after(() => server.close());
  return { server: server.url, seen: server.seen };
}

const unauthorized: Respond = (_, response) => refuse(response, 401, 'Unauthorized', 'Unauthorized');

describe('a cluster that cannot be opened', () => {
  it('nothing listens: the address and the error', async (t) => {
    const listener = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const port = portOf(listener);
    await new Promise((resolve) => listener.close(resolve));
    const error = await failure(t, { cluster: { server: `https://127.0.0.1:${port}` } });
    assert.equal(error.code, 'api-unreachable');
    assert.match(error.message, new RegExp(`https://127\\.0\\.0\\.1:${port} cannot be reached: connect ECONNREFUSED`));
  });

  it('the name does not resolve', async (t) => {
    const error = await failure(t, { cluster: { server: 'https://no-such-host.invalid:6443' } });
    assert.equal(error.code, 'api-unreachable');
    assert.match(error.message, /no-such-host\.invalid.*\b(ENOTFOUND|EAI_AGAIN)\b/);
  });

  it('the server accepts the connection and says nothing', async (t) => {
    const sockets: net.Socket[] = [];
    const silent = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    await new Promise((resolve) => silent.once('listening', resolve));
    const cluster = { server: `https://127.0.0.1:${portOf(silent)}` };
    const error = await failure(t, { cluster, options: { requestTimeoutMs: 300 } });
    assert.equal(error.code, 'api-unreachable');
    assert.match(error.message, /gave no answer within 0\.3 s/);
    const budget = await failure(t, { cluster, options: { signal: AbortSignal.timeout(200) } });
    assert.match(budget.message, /the time of the run was over/);
  });

  it('the port speaks plain HTTP', async (t) => {
    const { server } = await serve(t, answerVersion, { plain: true });
    const error = await failure(t, { cluster: { server: server.replace('http:', 'https:') } });
    assert.equal(error.code, 'api-tls-failed');
    assert.match(error.message, /does not speak TLS/);
  });

  it('the certificate is of another authority, or has expired', async (t) => {
    const stranger = mintCertificate({ subject: 'CN=x', ipAddresses: ['127.0.0.1'] });
    const foreign = await serve(t, answerVersion, { certificate: stranger });
    const error = await failure(t, { cluster: { server: foreign.server } });
    assert.equal(error.code, 'api-tls-failed');
    assert.match(error.message, /not the one that the kubeconfig trusts|authority that the kubeconfig does not trust/);
    assert.match(error.hint ?? '', /certificate-authority-data/);
    const yesterday = new Date(Date.now() - 86_400_000);
    const old = mintCertificate(
      { subject: 'CN=x', ipAddresses: ['127.0.0.1'], notBefore: new Date(0), notAfter: yesterday },
      authority,
    );
    const expired = await serve(t, answerVersion, { certificate: old });
    assert.match((await failure(t, { cluster: { server: expired.server } })).message, /its certificate has expired/);
  });

  it('the token has expired: says when', async (t) => {
    const { server } = await serve(t, unauthorized);
    const claims = Buffer.from(JSON.stringify({ exp: 1_700_000_000, sub: 'joe' })).toString('base64url');
    const error = await failure(t, { cluster: { server }, user: { token: `eyJhbGciOiJSUzI1NiJ9.${claims}.c2ln` } });
    assert.equal(error.code, 'unauthorized');
    assert.match(error.message, /user "u" \(401\): its token expired at 2023-11-14T22:13:20\.000Z/);
    assert.doesNotMatch(error.message, /eyJ/);
  });

  it('the client certificate has expired: the server says only 401, we say when', async (t) => {
    const { server } = await serve(t, unauthorized);
    const old = clientCertificate('anna', new Date('2024-05-01T00:00:00Z'));
    const error = await failure(t, {
      cluster: { server },
      user: {
        'client-certificate-data': Buffer.from(old.certificatePem).toString('base64'),
        'client-key-data': Buffer.from(old.privateKeyPem).toString('base64'),
      },
    });
    assert.match(error.message, /its client certificate expired at 2024-05-01T00:00:00\.000Z/);
  });

  it('the credentials are refused: a plugin is asked once more, a fixed token is not', async (t) => {
    const { server, seen } = await serve(t, unauthorized);
    assert.equal((await failure(t, { cluster: { server } })).code, 'unauthorized');
    assert.equal(seen.length, 1);
    const exec = writePlugin(folderFor(t), { token: 'sesame' });
    assert.equal((await failure(t, { cluster: { server }, user: { exec } })).code, 'unauthorized');
    assert.equal(seen.length, 3);
  });

  it('what answers is no Kubernetes API: a login page, a redirect', async (t) => {
    const page = await serve(t, (_, response) =>
      response.setHeader('content-type', 'text/html').end('<h1>Log in</h1>'),
    );
    const error = await failure(t, { cluster: { server: page.server } });
    assert.equal(error.code, 'not-kubernetes');
    assert.match(`${error.message} ${error.hint}`, /200 to \/version.*text\/html/);
    const away = await serve(t, (_, response) =>
      response.writeHead(302, { location: 'https://sso.example/?t=1' }).end(),
    );
    assert.match(
      (await failure(t, { cluster: { server: away.server } })).hint ?? '',
      /redirect to https:\/\/sso\.example/,
    );
  });

  it('the server is overloaded for longer than the budget: it is not waited for', async (t) => {
    const { server, seen } = await serve(t, (_, response) =>
      refuse(response, 503, 'ServiceUnavailable', 'etcd is down', { details: {} }),
    );
    const error = await failure(t, { cluster: { server } });
    assert.equal(error.code, 'api-unreachable');
    assert.match(error.message, /answered 503: etcd is down/);
    assert.equal(seen.length, 1);
  });

  it('a version that may not be read is no obstacle', async (t) => {
    const server = await startServer((_, response) => refuse(response, 403, 'Forbidden', 'no'));
    t.after(() => server.close());
    const access = await openAccess(t, { kubeconfig: writeKubeconfig(folderFor(t), { server: server.url }, {}) });
    const api = await openKubernetesApi(access, { signal: AbortSignal.timeout(5000) });
    assert.deepEqual(api.version, {
      state: 'unknown',
      gap: { reason: 'forbidden', detail: 'no', permission: 'get /version' },
    });
  });
});
