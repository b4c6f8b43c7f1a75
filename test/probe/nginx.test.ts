import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import { clientOf, keyPair, noSignal, otherRoot, planFor, portOf, root } from './peers.ts';

const program = 'nginx';
const noNginx = spawnSync(program, ['-v']).status === 0 ? false : 'there is no nginx here';

/** Starts nginx with one https server in a folder of its own, and gives the port. */
async function nginxServer(t: TestContext, directives: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'istls-nginx-'));
  const port = await freePort();
  const files = {
    'tls.crt': keyPair.cert,
    'tls.key': keyPair.key,
    'ca.crt': root.certificatePem,
    'nginx.conf': `
      daemon off; master_process off; pid ${folder}/pid; error_log /dev/null;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join('\n')}
        server {
          listen 127.0.0.1:${port} ssl http2;
          ssl_certificate tls.crt; ssl_certificate_key tls.key;
          ${directives}
          location / { return 418 "teapot"; }
        }
      }`,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
  const nginx = spawn(program, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', '/dev/null'], {
    stdio: 'ignore',
  });
  const exited = new Promise((resolve) => nginx.once('exit', resolve));
  t.after(async () => {
    nginx.kill();
    await exited;
    rmSync(folder, { recursive: true });
  });
  for (let tries = 0; tries < 50; tries += 1) {
    if (await accepts(port)) return port;
    await sleep(50);
  }
  throw new Error('nginx does not listen.');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (found: boolean): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}

suite('nginx', { skip: noNginx }, () => {
  test('answers by HTTP/2 and HTTP/1.1', async (t) => {
    const port = await nginxServer(t, '');
    for (const alpn of ['h2', 'http/1.1']) {
      const record = await probe(planFor(port, { alpn: [alpn] }), noSignal);
      assert.deepEqual([record.outcome, record.alpn, record.http?.status], ['ok', alpn, 418]);
      assert.match(record.http?.server ?? '', /^nginx/);
    }
  });

  test('demands a certificate in its answer, not in the handshake', async (t) => {
    const port = await nginxServer(t, 'ssl_client_certificate ca.crt; ssl_verify_client on;');
    const none = await probe(planFor(port), noSignal);
    assert.deepEqual([none.outcome, none.clientCertificateRequested, none.http?.status], ['ok', 'optional', 400]);
    assert.match(none.http?.bodyStart ?? '', /No required SSL certificate was sent/);
    const wrong = clientOf(mintCertificate({ subject: 'CN=client' }, otherRoot));
    const refused = await probe(planFor(port, { client: wrong }), noSignal);
    assert.deepEqual([refused.outcome, refused.http?.status], ['ok', 400]);
    const right = clientOf(mintCertificate({ subject: 'CN=client' }, root));
    const admitted = await probe(planFor(port, { client: right }), noSignal);
    assert.deepEqual(
      [admitted.outcome, admitted.http?.status, admitted.acceptableCas],
      ['ok', 418, ['CN=Test Root,O=Example']],
    );
  });

  test('answers a request in clear on its TLS port with 400', async (t) => {
    const port = await nginxServer(t, '');
    const record = await probe(planFor(port, { scheme: 'http' }), noSignal);
    assert.deepEqual([record.outcome, record.http?.status], ['ok', 400]);
    assert.match(record.http?.bodyStart ?? '', /plain HTTP request was sent to HTTPS port/);
  });

  test('rejects a handshake for a name that it does not want, by an alert', async (t) => {
    const port = await nginxServer(t, 'ssl_reject_handshake on;');
    const record = await probe(planFor(port), noSignal);
    assert.deepEqual([record.outcome, record.alert], ['alert', { number: 112, name: 'unrecognized_name' }]);
  });
});
