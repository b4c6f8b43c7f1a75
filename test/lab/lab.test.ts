import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { defaultScenario, listScenarios, startLab } from '../../src/lab/lab.ts';
import { labLimits } from '../../src/lab/limits.ts';
import { probe } from './probe.ts';

const noIpv6 = await withoutIpv6();

suite('a lab', () => {
  test('is up within a second and a half, certificates included', async () => {
    const milliseconds: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      const start = performance.now();
      const lab = await startLab(defaultScenario);
      milliseconds.push(performance.now() - start);
      await lab.close();
    }
    // The best of three: what else the machine does is not the lab's cost.
    assert.ok(Math.min(...milliseconds) < 1500, `it took ${milliseconds.map(Math.round).join(', ')} ms`);
  });

  test('writes a kubeconfig that nobody else can read, and leaves nothing behind', async () => {
    const lab = await startLab('healthy-mutual-one-secret');
    const folder = dirname(lab.kubeconfigPath);
    const files = [lab.kubeconfigPath, ...Object.values(lab.clientFiles)];
    assert.deepEqual(
      files.map((path) => (statSync(path).mode & 0o777).toString(8)),
      files.map(() => '600'),
    );
    assert.equal((statSync(folder).mode & 0o777).toString(8), '700');
    assert.deepEqual(Object.keys(lab.clientFiles), [
      'ca.crt',
      'partner.crt',
      'partner.key',
      'stranger.crt',
      'stranger.key',
    ]);
    await lab.close();
    assert.equal(existsSync(folder), false);
    assert.equal(await isOpen(lab.ports.https), false);
    assert.equal(await isOpen(lab.ports.http), false);
  });

  test('lets the process end once it is closed, whatever is still connected', async () => {
    const program = `
      import { startLab } from ${JSON.stringify(join(import.meta.dirname, '../../src/lab/lab.ts'))};
      import { connect } from 'node:net';
      const lab = await startLab('healthy-simple');
      const idle = connect(lab.ports.https, '127.0.0.1').on('error', () => {});
      await new Promise((resolve) => idle.once('connect', resolve));
      await lab.close();
    `;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { timeout: 8000 });
    await assert.doesNotReject(run);
  });

  test('takes other ports when its own are taken, and says so when it must have them', async () => {
    const [first, second] = await Promise.all([startLab(), startLab()]);
    const { https, http } = first.ports;
    assert.equal(new Set([https, http, second.ports.https, second.ports.http]).size, 4);
    await assert.rejects(startLab(defaultScenario, { ports: { https } }), {
      message: `Port ${https} on 127.0.0.1 is not free: choose another one, or leave the choice to the lab.`,
    });
    await Promise.all([first.close(), second.close()]);
    assert.equal(await isOpen(http), false);
  });

  test('uses the ports that it is given', async () => {
    const [https, http] = [await freePort(), await freePort()];
    const lab = await startLab('healthy-simple', { ports: { https, http } });
    const [expectation] = lab.scenario.expect;
    assert.ok(expectation);
    assert.equal((await probe(lab, expectation)).status, 200);
    assert.deepEqual(lab.ports, { https, http });
    await lab.close();
  });

  test('listens on ::1 too when asked', { skip: noIpv6 }, async () => {
    const lab = await startLab('healthy-simple', { ipv6: true });
    assert.equal(await isOpen(lab.ports.https, '::1'), true);
    assert.deepEqual([...new Set(lab.hosts.map(({ address }) => address))], ['127.0.0.1', '::1']);
    await lab.close();
    const plain = await startLab('healthy-simple');
    assert.equal(await isOpen(plain.ports.https, '::1'), false);
    await plain.close();
  });

  test('tells a person all that a second shell needs, and what it is not', async () => {
    const lab = await startLab('healthy-simple');
    const banner = lab.banner();
    const { host, port } = lab.hosts[0] ?? assert.fail('no hosts');
    await lab.close();
    assert.ok(banner.includes(`export KUBECONFIG=${lab.kubeconfigPath}\n`));
    assert.ok(
      banner.includes(
        `curl -v --resolve ${host}:${port}:127.0.0.1 --cacert $LAB_DIR/ca.crt https://${host}:${port}/\n`,
      ),
    );
    for (const line of labLimits) assert.ok(banner.includes(line));
  });

  test('names the scenario that it does not have', async () => {
    await assert.rejects(startLab('no-such-scenario'), /There is no scenario "no-such-scenario"/);
    await assert.rejects(startLab('../scenarios/healthy-simple'), /There is no scenario/);
  });
});

suite('the scenarios', () => {
  const scenarios = listScenarios();

  test('play every working setup of the guides, and their documented mistakes', () => {
    const healthy = new Set(scenarios.filter(({ cause }) => cause === 'healthy').flatMap(({ runbook }) => runbook));
    for (const id of ['A3', 'B2', 'C5', 'C6', 'C8', 'C9', 'C12', 'D2']) assert.ok(healthy.has(id), id);
    const causes = new Set(scenarios.map(({ cause }) => cause));
    for (const cause of [
      'secret-missing', 'secret-wrong-namespace', 'secret-wrong-keys', 'key-cert-mismatch', 'cert-chain-malformed-pem',
      'private-key-encrypted', 'cert-expired', 'cert-san-mismatch', 'cert-chain-incomplete', 'mtls-ca-missing',
      'mtls-ca-wrong', 'vs-gateway-namespace', 'vs-host-mismatch', 'gateway-selector-mismatch',
      'gateway-port-protocol-conflict', 'gateway-host-conflict', 'passthrough-route-mismatch', 'tls-mode-wrong',
      'ingress-class-unclaimed', 'referencegrant-missing', 'route-not-attached',
    ]) assert.ok(causes.has(cause), cause); // prettier-ignore
  });

  test('each name a subject and commands that mend it, unless nothing is wrong or the client is', () => {
    for (const { name, cause, subject, fix, runbook, expect } of scenarios) {
      assert.ok(runbook.length > 0 && runbook.every((id) => /^[A-E]\d+$/.test(id)), name);
      assert.ok(expect.length > 0, name);
      assert.equal(subject === undefined, cause === 'healthy', name);
      assert.equal(fix === undefined, cause === 'healthy' || cause.startsWith('mtls-client-'), name);
    }
  });

  test('differ in their hosts', () => {
    const domains = scenarios.map(({ expect }) => expect[0]?.host.split('.').slice(-2).join('.'));
    assert.equal(new Set(domains).size, scenarios.length);
  });

  test('hold no key: everything private is minted when a lab starts', () => {
    const folder = join(import.meta.dirname, '../../fixtures');
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const text = readFileSync(join(file.parentPath, file.name), 'utf8');
      // `LS0tLS1CRUdJTi` is `-----BEGIN ` in base64.
      assert.doesNotMatch(text, /-----BEGIN|LS0tLS1CRUdJTi/, file.name);
    }
  });
});

function isOpen(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function withoutIpv6(): Promise<string | false> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve('needs ::1, which this machine does not have'));
    server.listen(0, '::1', () => server.close(() => resolve(false)));
  });
}
