import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import type { TlsVersion } from '../../src/tls/versions.ts';
import { noOpenssl } from '../pki/openssl.ts';
import { clientOf, host, keyPair, noSignal, otherRoot, planFor, root } from './peers.ts';

const program = 'openssl';
const day = 24 * 3600_000;
const clientAuth = { subject: 'CN=client', extendedKeyUsage: ['clientAuth'] } as const;

/** Starts `openssl s_server` in its HTTP mode on a free port, and gives that. */
async function opensslServer(t: TestContext, args: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'istls-'));
  const files = { 'tls.crt': keyPair.cert, 'tls.key': keyPair.key, 'ca.crt': root.certificatePem };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
  const server = spawn(
    program,
    ['s_server', '-accept', '127.0.0.1:0', '-cert', 'tls.crt', '-key', 'tls.key', '-CAfile', 'ca.crt', '-www', ...args],
    { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  t.after(async () => {
    server.kill();
    await new Promise((resolve) => (server.exitCode === null ? server.once('exit', resolve) : resolve(undefined)));
    rmSync(folder, { recursive: true });
  });
  let output = '';
  for await (const chunk of server.stdout) {
    output += String(chunk);
    const port = /^ACCEPT .*:(\d+)$/m.exec(output)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`openssl s_server does not listen: ${output}`);
}

suite('openssl s_server', { skip: noOpenssl }, () => {
  test('answers', async (t) => {
    const record = await probe(planFor(await opensslServer(t, [])), noSignal);
    assert.deepEqual([record.outcome, record.http?.status, record.verify], ['ok', 200, { ok: true }]);
  });

  test('says unrecognized_name to a name that it does not serve', async (t) => {
    const args = ['-servername', host, '-servername_fatal', '-cert2', 'tls.crt', '-key2', 'tls.key'];
    const port = await opensslServer(t, args);
    const record = await probe(planFor(port, { sni: 'other.example.com' }), noSignal);
    assert.deepEqual([record.outcome, record.alert], ['alert', { number: 112, name: 'unrecognized_name' }]);
  });

  test('asks again for a group that the client has not guessed', async (t) => {
    const port = await opensslServer(t, ['-groups', 'P-521', '-verify', '1']);
    const record = await probe(planFor(port), noSignal);
    assert.deepEqual([record.outcome, record.acceptableCas], ['ok', ['CN=Test Root,O=Example']]);
  });

  const refused = {
    'another CA': [clientOf(mintCertificate(clientAuth, otherRoot)), 48],
    'an expired certificate': [
      clientOf(
        mintCertificate(
          { ...clientAuth, notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - day) },
          root,
        ),
      ),
      45,
    ],
    'a certificate for servers': [
      clientOf(mintCertificate({ ...clientAuth, extendedKeyUsage: ['serverAuth'] }, root)),
      43,
    ],
  } as const;
  for (const [name, [client, number]] of Object.entries(refused)) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] satisfies TlsVersion[]) {
      test(`refuses ${name} by ${version}`, async (t) => {
        const port = await opensslServer(t, ['-Verify', '1', '-verify_return_error']);
        const record = await probe(planFor(port, { client, max: version, min: version }), noSignal);
        const late = version === 'TLSv1.3';
        assert.deepEqual([record.outcome, record.alert?.number], ['alert', number]);
        assert.deepEqual(
          [record.phase, record.refusedAfterHandshake],
          late ? ['request', true] : ['handshake', undefined],
        );
        assert.equal(record.clientCertificateRequested, 'required');
      });
    }
  }
});
