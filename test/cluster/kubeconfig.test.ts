import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { IstlsError } from '../../src/model/errors.ts';
import { loadKubeconfig } from '../../src/sources/cluster/kubeconfig.ts';
import { bareEnvironment, openAccess } from '../support/api-server/open-api.ts';
import { authority } from '../support/api-server/certificates.ts';
import { folderFor, trusted } from '../support/api-server/kubeconfig-file.ts';

function file(folder: string, name: string, document: object | string): string {
  const path = join(folder, name);
  writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document));
  return path;
}

const cluster = (name: string, server: string) => ({ name, cluster: { server, ...trusted } });
const user = (name: string, token: string) => ({ name, user: { token } });
const context = (name: string, of: string, by: string) => ({ name, context: { cluster: of, user: by } });

async function failure(t: TestContext, options: Parameters<typeof openAccess>[1]): Promise<IstlsError> {
  const error = await openAccess(t, options).then(
    () => assert.fail('it opened'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof IstlsError, String(error));
  return error;
}

describe('the files of a kubeconfig', () => {
  it('merges the list of $KUBECONFIG as kubectl does: the first file wins, missing ones are passed over', async (t) => {
    const folder = folderFor(t);
    const first = file(folder, 'first', {
      contexts: [context('shared', 'east', 'anna')],
      clusters: [cluster('east', 'https://east.example:6443')],
    });
    const second = file(folder, 'second', {
      'current-context': 'shared',
      contexts: [context('shared', 'west', 'berta'), context('other', 'west', 'berta')],
      clusters: [cluster('east', 'https://wrong.example'), cluster('west', 'https://west.example')],
      users: [user('anna', 'a'), user('berta', 'b')],
    });
    const third = file(folder, 'third', { 'current-context': 'other' });
    const list = [join(folder, 'missing'), first, second, third, ''].join(delimiter);
    const access = await openAccess(t, { env: { ...bareEnvironment, KUBECONFIG: list } });
    assert.equal(access.context, 'shared');
    assert.equal(access.server.href, 'https://east.example:6443/');
    assert.equal((await access.connection()).headers['Authorization'], 'Bearer a');
    const other = await openAccess(t, { env: { ...bareEnvironment, KUBECONFIG: list }, context: 'other' });
    assert.equal(other.server.hostname, 'west.example');
  });

  it('takes --kubeconfig alone, and refuses one that is not there', async (t) => {
    const folder = folderFor(t);
    const path = file(folder, 'config', {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      clusters: [cluster('c', 'https://flag.example')],
      users: [user('u', 't')],
    });
    const env = { ...bareEnvironment, KUBECONFIG: join(folder, 'elsewhere') };
    const access = await openAccess(t, { env, kubeconfig: path });
    assert.equal(access.server.hostname, 'flag.example');
    assert.equal(access.namespace, 'shop');
    const error = await failure(t, { env, kubeconfig: join(folder, 'elsewhere') });
    assert.equal(error.code, 'kubeconfig-unreadable');
    assert.match(error.message, /elsewhere: there is no such file/);
  });

  it('reads ~/.kube/config, with paths counted from the folder of the file', async (t) => {
    const home = folderFor(t);
    mkdirSync(join(home, '.kube', 'keys'), { recursive: true });
    file(join(home, '.kube', 'keys'), 'ca.crt', authority.certificatePem);
    file(join(home, '.kube', 'keys'), 'token', 'from-file\n');
    file(join(home, '.kube'), 'config', {
      'current-context': 'c',
      contexts: [context('c', 'c', 'u')],
      clusters: [{ name: 'c', cluster: { server: 'https://home.example', 'certificate-authority': 'keys/ca.crt' } }],
      // As in kubectl, the file is the newer word.
      users: [{ name: 'u', user: { tokenFile: 'keys/token', token: 'stale' } }],
    });
    const access = await openAccess(t, { env: { ...bareEnvironment, HOME: home } });
    assert.equal((await access.connection()).headers['Authorization'], 'Bearer from-file');
  });

  it('uses the service account of a pod when there is no kubeconfig', async (t) => {
    const root = folderFor(t);
    const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(folder, { recursive: true });
    file(folder, 'token', 'pod-token');
    file(folder, 'namespace', 'ops\n');
    file(folder, 'ca.crt', authority.certificatePem);
    const env = { ...bareEnvironment, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const access = await openAccess(t, { env, root });
    assert.equal(access.server.href, 'https://[fd00::1]/');
    assert.equal(access.namespace, 'ops');
    assert.equal(access.context, undefined);
    assert.equal((await access.connection()).headers['Authorization'], 'Bearer pod-token');
    assert.match((await failure(t, { env, root, context: 'prod' })).message, /so there is no context "prod"/);
  });
});

describe('what a kubeconfig can lack', () => {
  it('says that there is none, and what else could be used', async (t) => {
    const error = await failure(t, {});
    assert.equal(error.code, 'no-kubeconfig');
    assert.equal(error.exit, 3);
    assert.match(error.hint ?? '', /--kubeconfig.*--from/);
  });

  it('lists the contexts when the one asked for is not there', async (t) => {
    const path = file(folderFor(t), 'config', {
      'current-context': 'gone',
      contexts: [context('prod', 'c', 'u'), context('stage', 'c', 'u')],
      clusters: [cluster('c', 'https://x.example')],
    });
    const asked = await failure(t, { kubeconfig: path, context: 'pord' });
    assert.equal(asked.code, 'unknown-context');
    assert.match(asked.message, /"pord"/);
    assert.match(asked.hint ?? '', /prod, stage/);
    assert.match((await failure(t, { kubeconfig: path })).message, /"gone".*which current-context names/);
  });

  for (const [name, document, code, says] of [
    ['no current-context', { contexts: [context('a', 'c', 'u')] }, 'no-current-context', /sets no current-context/],
    [
      'a cluster that is missing',
      { 'current-context': 'a', contexts: [context('a', 'c', 'u')] },
      'kubeconfig-incomplete',
      /names the cluster "c", which is not there/,
    ],
    [
      'a user that is missing',
      { 'current-context': 'a', contexts: [context('a', 'c', 'u')], clusters: [cluster('c', 'https://x.example')] },
      'kubeconfig-incomplete',
      /names the user "u", which is not there/,
    ],
    [
      'a server that is no URL',
      {
        'current-context': 'a',
        contexts: [{ name: 'a', context: { cluster: 'c' } }],
        clusters: [cluster('c', 'ftp://x')],
      },
      'kubeconfig-incomplete',
      /"ftp:\/\/x", is no URL/,
    ],
    [
      'a key file that is missing',
      {
        'current-context': 'a',
        contexts: [context('a', 'c', 'u')],
        clusters: [cluster('c', 'https://x.example')],
        users: [{ name: 'u', user: { 'client-key': 'nowhere.key' } }],
      },
      'kubeconfig-incomplete',
      /client-key of user "u", .*nowhere\.key, does not exist/,
    ],
    [
      'an authority that is no certificate',
      {
        'current-context': 'a',
        contexts: [{ name: 'a', context: { cluster: 'c' } }],
        clusters: [{ name: 'c', cluster: { server: 'https://x.example', 'certificate-authority-data': 'bm9uZQ==' } }],
      },
      'kubeconfig-incomplete',
      /certificate-authority of cluster "c" holds no PEM certificate/,
    ],
    [
      'a client key that is no key',
      {
        'current-context': 'a',
        contexts: [context('a', 'c', 'u')],
        clusters: [cluster('c', 'https://x.example')],
        users: [
          {
            name: 'u',
            user: { 'client-certificate-data': trusted['certificate-authority-data'], 'client-key-data': 'bm9uZQ==' },
          },
        ],
      },
      'client-certificate-unusable',
      /client certificate and key of user "u" cannot be used/,
    ],
  ] as const) {
    it(`says which part is wrong: ${name}`, async (t) => {
      const error = await failure(t, { kubeconfig: file(folderFor(t), 'config', document) });
      assert.equal(error.code, code);
      assert.match(error.message, says);
    });
  }

  it('names the line of a YAML mistake and never quotes the file', async (t) => {
    const path = file(folderFor(t), 'config', 'users:\n- name: u\n  user:\n    token: "hunter2-secret\n  oops: [');
    const error = await failure(t, { kubeconfig: path });
    assert.equal(error.code, 'kubeconfig-unreadable');
    assert.match(error.message, /in line \d/);
    assert.doesNotMatch(`${error.message}${error.stack}${String(error.cause)}`, /hunter2/);
  });

  it('takes a server without a scheme as kubectl does, and never shows a password in it', async (t) => {
    const open = (server: string, more: object) =>
      openAccess(t, {
        kubeconfig: file(folderFor(t), 'config', {
          'current-context': 'a',
          contexts: [{ name: 'a', context: { cluster: 'c' } }],
          clusters: [{ name: 'c', cluster: { server, ...more } }],
        }),
      });
    assert.equal((await open('api.example:6443', trusted)).server.href, 'https://api.example:6443/');
    assert.equal((await open('localhost:8001', {})).server.href, 'http://localhost:8001/');
    assert.equal((await open('https://joe:hunter2@api.example', trusted)).server.href, 'https://api.example/');
  });

  it('refuses --as-group without --as, as wrong usage', async (t) => {
    const path = file(folderFor(t), 'config', {
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'c' } }],
      clusters: [cluster('c', 'https://x.example')],
    });
    const error = await failure(t, { kubeconfig: path, impersonation: { groups: ['ops'] } });
    assert.equal(error.code, 'as-group-without-as');
    assert.equal(error.exit, 2);
  });

  it('reads the process environment when no other is given', async () => {
    const before = process.env['KUBECONFIG'];
    process.env['KUBECONFIG'] = '/nonexistent/kubeconfig-of-this-test';
    try {
      await assert.rejects(loadKubeconfig({ root: '/nonexistent' }), /kubeconfig-of-this-test/);
    } finally {
      if (before === undefined) delete process.env['KUBECONFIG'];
      else process.env['KUBECONFIG'] = before;
    }
  });
});
