import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { readClientIdentity } from '../../src/sources/probe/client-identity.ts';
import type { ClientMaterial } from '../../src/sources/probe/client-identity.ts';
import { readTrust } from '../../src/sources/probe/trust-files.ts';
import { noOpenssl, openssl } from '../pki/openssl.ts';
import { otherRoot, root } from './peers.ts';

const issuer = mintCertificate({ subject: 'CN=Issuing CA', ca: true }, root);
const client = mintCertificate({ subject: 'CN=client,O=Example' }, issuer);
const stranger = mintCertificate({ subject: 'CN=stranger' }, root);

function files(t: TestContext, contents: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'istls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content, { mode: 0o600 });
  return folder;
}

function encrypted(type: 'pkcs8' | 'pkcs1' | 'sec1'): string {
  const key = createPrivateKey(client.privateKeyPem);
  const options = { format: 'pem', cipher: 'aes-128-cbc', passphrase: 'open sesame' } as const;
  return key.export(type === 'pkcs8' ? { ...options, type } : { ...options, type: 'sec1' }).toString();
}

suite('a client pair', () => {
  const chain = client.certificatePem + issuer.certificatePem;

  async function read(t: TestContext, cert: string | Buffer, key?: string | Buffer): Promise<ClientMaterial> {
    const folder = files(t, { 'c.crt': cert, ...(key !== undefined && { 'c.key': key }) });
    const certFile = join(folder, 'c.crt');
    return readClientIdentity({ certFile, ...(key !== undefined && { keyFile: join(folder, 'c.key') }) });
  }

  test('is read with its chain, and tells nothing of its key', async (t) => {
    const material = await read(t, chain, client.privateKeyPem);
    assert.deepEqual(material.client?.chain, [client.certificatePem, issuer.certificatePem]);
    assert.equal(material.client.subject, 'CN=client,O=Example');
    assert.deepEqual([material.identity.keyGiven, material.identity.chain.length], [true, 2]);
    assert.equal(material.identity.publicKey?.sha256, material.identity.chain[0]?.publicKey.sha256);
    const secret = client.privateKeyPem.split('\n')[1] ?? '?';
    for (const text of [JSON.stringify(material), inspect(material, { depth: 9, showHidden: true })]) {
      assert.ok(!text.includes(secret) && !text.includes('PRIVATE KEY---'));
    }
  });

  test('may stand in one file', async (t) => {
    for (const both of [chain + client.privateKeyPem, client.privateKeyPem + chain]) {
      const material = await read(t, both);
      assert.deepEqual(material.client?.chain, [client.certificatePem, issuer.certificatePem]);
    }
  });

  test('may be a certificate alone, which is for judging only', async (t) => {
    const material = await read(t, chain);
    assert.deepEqual([material.client, material.identity.keyGiven], [undefined, false]);
    assert.equal(material.identity.chain[0]?.subject, 'CN=client,O=Example');
  });

  const wrong: Readonly<Record<string, readonly [string | Buffer, string | Buffer | undefined, RegExp]>> = {
    'another key': [
      chain,
      stranger.privateKeyPem,
      /^The key in .*c\.key is not that of the first certificate in .*c\.crt\.$/,
    ],
    'an encrypted key': [chain, encrypted('pkcs8'), /c\.key cannot be used: the key is encrypted/],
    'a key encrypted in the old way': [chain, encrypted('sec1'), /c\.key cannot be used: the key is encrypted/],
    'an encrypted key in one file': [
      chain + encrypted('pkcs8'),
      undefined,
      /c\.crt cannot be used: the key is encrypted/,
    ],
    'a certificate for the key': [chain, chain, /c\.key cannot be used: no private key can be read/],
    'nothing for the key': [chain, '', /c\.key cannot be used: no private key can be read \(empty\)/],
    'a key for the certificate': [client.privateKeyPem, client.privateKeyPem, /c\.crt cannot be used: .*certificate/],
    'nothing for the certificate': ['', undefined, /c\.crt cannot be used: no certificate can be read \(empty\)/],
    'bytes for the certificate': [Buffer.from([1, 2, 3]), undefined, /c\.crt cannot be used/],
  };
  for (const [name, [cert, key, message]] of Object.entries(wrong)) {
    test(`with ${name} is wrong usage, and the file is named`, async (t) => {
      await assert.rejects(read(t, cert, key), { name: 'IstlsError', exit: 2, message });
    });
  }

  test('in the wrong order is told what stands first', async (t) => {
    await assert.rejects(read(t, issuer.certificatePem + client.certificatePem, client.privateKeyPem), {
      code: 'client-key-mismatch',
      hint: "It is that of certificate 2 (CN=client,O=Example): the client's own must stand first.",
    });
  });

  test('as PKCS#12 is told how to become PEM', { skip: noOpenssl }, async (t) => {
    const folder = files(t, { c: chain, k: client.privateKeyPem });
    const p12 = join(folder, 'client.p12');
    const paths = ['-in', join(folder, 'c'), '-inkey', join(folder, 'k'), '-out', p12];
    assert.equal(openssl(['pkcs12', '-export', '-passout', 'pass:', ...paths]).status, 0);
    await assert.rejects(readClientIdentity({ certFile: p12 }), {
      exit: 2,
      message: /PKCS#12/,
      hint: /openssl pkcs12/,
    });
  });

  test('that is not there is named', async (t) => {
    const folder = files(t, {});
    const missing = readClientIdentity({ certFile: join(folder, 'no.crt') });
    await assert.rejects(missing, { exit: 2, message: /no\.crt cannot be read: there is no such file\.$/ });
    await assert.rejects(readClientIdentity({ certFile: folder }), { exit: 2, message: /it is a directory\.$/ });
  });
});

suite('a trust', () => {
  const both = [root.certificatePem, otherRoot.certificatePem];

  test('is read from a file, a list and a directory', async (t) => {
    const folder = files(t, {
      'a.crt': root.certificatePem,
      'b.pem': `text before\n${otherRoot.certificatePem}${root.certificatePem}`,
      'c.der': otherRoot.certificateDer,
      'with,comma.crt': root.certificatePem,
      README: 'no certificate',
      'own.key': client.privateKeyPem,
    });
    const path = (name: string): string => join(folder, name);
    const read = async (source: string): Promise<readonly string[]> => (await readTrust(source)).certificates;
    assert.deepEqual(await read(path('a.crt')), [root.certificatePem]);
    assert.deepEqual(await read(path('c.der')), [otherRoot.certificatePem]);
    assert.deepEqual(await read(path('with,comma.crt')), [root.certificatePem]);
    assert.deepEqual(await read(`${path('a.crt')},${path('b.pem')}`), both);
    assert.deepEqual(await read(folder), both);
    assert.deepEqual(await readTrust(path('a.crt')), {
      kind: 'certificates',
      certificates: [root.certificatePem],
      source: path('a.crt'),
    });
  });

  test('without a certificate is wrong usage, and the file is named', async (t) => {
    const folder = files(t, { 'empty.crt': '', 'key.pem': client.privateKeyPem });
    for (const name of ['empty.crt', 'key.pem', '.']) {
      await assert.rejects(readTrust(join(folder, name)), { exit: 2, message: /holds no certificate to trust\.$/ });
    }
    await assert.rejects(readTrust(join(folder, 'no.crt')), { exit: 2, message: /there is no such file\.$/ });
  });
});
