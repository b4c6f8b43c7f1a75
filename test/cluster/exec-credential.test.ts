import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { IstlsError } from '../../src/model/errors.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { openKubernetesApi } from '../../src/sources/cluster/api.ts';
import { podKind } from '../../src/sources/cluster/api-kind.ts';
import { runExecPlugin, type ExecSurroundings } from '../../src/sources/cluster/exec-credential.ts';
import type { KubeContext } from '../../src/sources/cluster/kube-context.ts';
import { readKubeconfigFiles } from '../../src/sources/cluster/kubeconfig-files.ts';
import { answerVersion, json, refuse, startServer } from '../support/api-server/https-server.ts';
import { folderFor, writeKubeconfig, writePlugin } from '../support/api-server/kubeconfig-file.ts';
import { bareEnvironment, openAccess } from '../support/api-server/open-api.ts';

const noTerminal: ExecSurroundings = { env: bareEnvironment, stdinIsTerminal: false, stderrIsTerminal: false };

function contextWith(exec: object, cluster: JsonObject = { server: 'https://api.example:6443' }): KubeContext {
  return { name: 'prod', clusterName: 'c', userName: 'joe', cluster, user: JSON.parse(JSON.stringify({ exec })) };
}

async function failure(exec: object, surroundings = noTerminal): Promise<IstlsError> {
  const error = await runExecPlugin(contextWith(exec), surroundings).then(
    () => assert.fail('it gave a credential'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof IstlsError, String(error));
  assert.equal(error.code, 'exec-plugin-failed');
  assert.equal(error.exit, 3);
  assert.match(error.message, /of user "joe"/);
  return error;
}

describe('a credential plugin', () => {
  it('is told its version, whether it may ask, and the cluster if it wants to know', async (t) => {
    const folder = folderFor(t);
    const record = join(folder, 'info');
    const write = `import { writeFileSync } from 'node:fs';
      writeFileSync(process.env.RECORD, process.env.KUBERNETES_EXEC_INFO);`;
    const plugin = { ...writePlugin(folder, { token: 't' }, write), env: [{ name: 'RECORD', value: record }] };
    const cluster = {
      server: 'https://api.example:6443',
      'tls-server-name': 'inner',
      extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'prod' } }],
    };
    await runExecPlugin(contextWith(plugin, cluster), noTerminal);
    const told = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
    assert.deepEqual(JSON.parse(readFileSync(record, 'utf8')), { ...told, spec: { interactive: false } });
    await runExecPlugin(contextWith({ ...plugin, provideClusterInfo: true }, cluster), noTerminal);
    assert.deepEqual(JSON.parse(readFileSync(record, 'utf8')), {
      ...told,
      spec: {
        interactive: false,
        cluster: { server: 'https://api.example:6443', 'tls-server-name': 'inner', config: { audience: 'prod' } },
      },
    });
  });

  it('is found beside the kubeconfig when its command is a relative path', async (t) => {
    const folder = folderFor(t);
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'rel' },
    };
    writeFileSync(join(folder, 'login.sh'), `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
    chmodSync(join(folder, 'login.sh'), 0o700);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './login.sh', interactiveMode: 'Never' };
    const kubeconfig = writeKubeconfig(folder, { server: 'https://api.example' }, { exec });
    const access = await openAccess(t, { kubeconfig });
    assert.equal((await access.connection()).headers['Authorization'], 'Bearer rel');
  });

  it('runs once for many requests, and again when its credential has ended', async (t) => {
    const folder = folderFor(t);
    const count = join(folder, 'count');
    const append = `import { appendFileSync } from 'node:fs'; appendFileSync(process.env.COUNT, 'x');`;
    const runs = () => (existsSync(count) ? readFileSync(count, 'utf8').length : 0);
    const open = (status: object) => {
      const exec = { ...writePlugin(folder, status, append), env: [{ name: 'COUNT', value: count }] };
      return openAccess(t, { kubeconfig: writeKubeconfig(folder, { server: 'https://api.example' }, { exec }) });
    };
    const lasting = await open({ token: 't', expirationTimestamp: '2999-01-01T00:00:00Z' });
    await Promise.all([lasting.connection(), lasting.connection(), lasting.connection()]);
    assert.equal(runs(), 1);
    const ended = await open({ token: 't', expirationTimestamp: '2020-01-01T00:00:00Z' });
    await Promise.all([ended.connection(), ended.connection()]);
    assert.equal(runs(), 3);
  });

  for (const [name, exec, says] of [
    [
      'is not installed',
      { command: 'no-such-login-plugin' },
      /"no-such-login-plugin".*not installed, or not on the PATH/,
    ],
    ['has no command', {}, /has no command/],
    ['wants an old version', { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' }, /v1alpha1/],
    ['must ask and cannot', { command: 'x', interactiveMode: 'Always' }, /standard input is no terminal/],
  ] as const) {
    it(`says that it ${name}`, async () => {
      assert.match((await failure({ apiVersion: 'client.authentication.k8s.io/v1', ...exec })).message, says);
    });
  }

  it('is asked once more for all requests that are refused together, and not for each one after', async (t) => {
    const folder = folderFor(t);
    const count = join(folder, 'count');
    const append = `import { appendFileSync } from 'node:fs'; appendFileSync(process.env.COUNT, 'x');`;
    const exec = { ...writePlugin(folder, { token: 't' }, append), env: [{ name: 'COUNT', value: count }] };
    const server = await startServer((request, response) => {
      if (!answerVersion(request, response)) refuse(response, 401, 'Unauthorized', 'Unauthorized');
    });
    t.after(() => server.close());
    const access = await openAccess(t, { kubeconfig: writeKubeconfig(folder, { server: server.url }, { exec }) });
    const api = await openKubernetesApi(access, { signal: AbortSignal.timeout(10_000) });
    await Promise.all(Array.from({ length: 12 }, (_, index) => api.get(podKind, 'ns', `p${index}`)));
    await api.get(podKind, 'ns', 'later');
    await api.podStream({ namespace: 'ns', pod: 'gw' }, 1);
    assert.equal(readFileSync(count, 'utf8').length, 2);
  });

  it('gives new credentials to all requests that the old ones failed', async (t) => {
    const folder = folderFor(t);
    const next = `
      import { existsSync, writeFileSync } from 'node:fs';
      const token = existsSync(process.env.MARK) ? 'new' : 'old';
      writeFileSync(process.env.MARK, '');
      const { apiVersion } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
      process.stdout.write(JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token } }));`;
    const exec = { ...writePlugin(folder, '', next), env: [{ name: 'MARK', value: join(folder, 'mark') }] };
    const server = await startServer((request, response) => {
      if (answerVersion(request, response)) return;
      if (request.headers.authorization === 'Bearer new') json(response, 200, { kind: 'Pod', metadata: { name: 'x' } });
      else refuse(response, 401, 'Unauthorized', 'Unauthorized');
    });
    t.after(() => server.close());
    const access = await openAccess(t, { kubeconfig: writeKubeconfig(folder, { server: server.url }, { exec }) });
    const api = await openKubernetesApi(access, { signal: AbortSignal.timeout(10_000) });
    const looked = await Promise.all(Array.from({ length: 12 }, (_, index) => api.get(podKind, 'ns', `p${index}`)));
    assert.deepEqual(
      looked.map(({ state }) => state),
      Array.from({ length: 12 }, () => 'found'),
    );
  });

  it('names its install hint when it cannot be started', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'no-such',
      installHint: 'brew install login',
    };
    assert.equal((await failure(exec)).hint, 'brew install login');
  });

  it('fails with what it printed to standard error, in one line and without tokens', async (t) => {
    const say = `console.error('session expired\\nrun: login eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2UifQ.c2ln'); process.exit(7);`;
    const { message } = await failure(writePlugin(folderFor(t), {}, say));
    assert.match(message, /failed with exit code 7: session expired run: login \[token\]/);
  });

  for (const [name, output, says] of [
    ['no JSON', 'hunter2-token', /printed no JSON/],
    ['another object', JSON.stringify({ kind: 'Secret', data: 'hunter2' }), /something else than an ExecCredential/],
    [
      'another version',
      { kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1beta1' },
      /answered in .*v1beta1/,
    ],
    ['nothing in it', {}, /neither a token nor a client certificate/],
    ['half a pair', { clientCertificateData: 'hunter2' }, /one half/],
  ] as const) {
    it(`refuses an answer that is ${name}, without quoting it`, async (t) => {
      const whole = typeof output === 'object' && 'kind' in output ? JSON.stringify(output) : output;
      const { message } = await failure(writePlugin(folderFor(t), whole));
      assert.match(message, says);
      assert.doesNotMatch(message, /hunter2/);
    });
  }

  it('is ended when the run is interrupted', async (t) => {
    const plugin = writePlugin(folderFor(t), { token: 't' }, 'await new Promise((done) => setTimeout(done, 60_000));');
    const { message } = await failure(plugin, { ...noTerminal, signal: AbortSignal.timeout(300) });
    assert.match(message, /was interrupted/);
  });

  it('does not write to our standard output, and may ask on the terminal', { skip: noScript() }, (t: TestContext) => {
    const folder = folderFor(t);
    const ask = `
      import { createInterface } from 'node:readline/promises';
      const answer = await createInterface({ input: process.stdin, output: process.stderr }).question('Password: ');
      if (answer !== 'open') process.exit(9);`;
    const kubeconfig = writeKubeconfig(
      folder,
      { server: 'https://api.example' },
      { exec: writePlugin(folder, { token: 'asked' }, ask) },
    );
    const main = join(folder, 'main.ts');
    const source = new URL('../../src/sources/cluster/kubeconfig.ts', import.meta.url).href;
    writeFileSync(
      main,
      `import { writeFileSync } from 'node:fs';
       import { loadKubeconfig } from ${JSON.stringify(source)};
       const access = await loadKubeconfig({ kubeconfig: ${JSON.stringify(kubeconfig)} });
       writeFileSync(${JSON.stringify(join(folder, 'header'))}, String((await access.connection()).headers['Authorization']));`,
    );
    // `script` gives the program a terminal; standard output of the program itself goes to a file.
    const command = `${process.execPath} ${main} > ${join(folder, 'stdout')}`;
    const ran = spawnSync('script', ['-qec', command, join(folder, 'typescript')], {
      input: 'open\n',
      timeout: 30_000,
    });
    assert.equal(ran.status, 0, String(ran.stdout));
    assert.equal(readFileSync(join(folder, 'header'), 'utf8'), 'Bearer asked');
    assert.equal(readFileSync(join(folder, 'stdout'), 'utf8'), '');
    assert.match(readFileSync(join(folder, 'typescript'), 'utf8'), /Password: /);
  });
});

function noScript(): string | false {
  const version = spawnSync('script', ['--version']);
  return version.status === 0 ? false : 'no util-linux `script` to make a terminal with';
}

describe('the entries of a kubeconfig', () => {
  it('leave a command alone that is a name', async (t) => {
    const exec = { command: 'aws', apiVersion: 'client.authentication.k8s.io/v1' };
    const path = writeKubeconfig(folderFor(t), { server: 'https://api.example' }, { exec });
    const entries = await readKubeconfigFiles(path, {});
    assert.deepEqual(entries.users.get('u'), { exec });
  });
});
