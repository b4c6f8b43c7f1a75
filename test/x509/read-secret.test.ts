import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import type { SecretValue } from '../../src/model/secret.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { mintRevocationList } from '../../src/pki/mint-revocation-list.ts';
import { privateKeyText, sharedKey } from '../../src/pki/private-key.ts';
import { judgePem } from '../../src/x509/judge-pem.ts';
import { readSecretValue } from '../../src/x509/read-secret-value.ts';
import { readSecret } from '../../src/x509/read-secret.ts';

const root = mintCertificate({ subject: 'CN=root', ca: true });
const leaf = mintCertificate({ subject: 'CN=leaf', privateKeyPem: sharedKey('rsa-2048') }, root);
const chain = leaf.certificatePem + root.certificatePem;
const crl = mintRevocationList(root);
const key = leaf.privateKeyPem;
const value = (name: string, content: string | Buffer): SecretValue => readSecretValue(name, Buffer.from(content));
const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');

test('a Secret is read as the API stores it', () => {
  const secret = readSecret(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'shop-tls', namespace: 'istio-ingress', labels: { app: 'shop' } },
      type: 'kubernetes.io/tls',
      data: {
        'tls.crt': base64(chain),
        'tls.key': base64(key),
        'ca.crt': null,
        replaced: base64('old'),
        broken: 'no base64!',
        number: 7,
        wrapped: base64('wrapped').replace(/^.{4}/, '$&\r\n'),
      },
      stringData: { replaced: 'new value' },
    },
    { file: 'shop.yaml', line: 3 },
  );
  assert.deepEqual(
    [secret.namespace, secret.name, secret.type, secret.labels, secret.origin],
    ['istio-ingress', 'shop-tls', 'kubernetes.io/tls', { app: 'shop' }, { file: 'shop.yaml', line: 3 }],
  );
  assert.deepEqual(
    Object.entries(secret.values).map(([name, { kind, bytes }]) => [name, kind, bytes]),
    [
      ['tls.crt', 'certificates', Buffer.byteLength(chain)],
      ['tls.key', 'private-key', Buffer.byteLength(key)],
      ['ca.crt', 'empty', 0],
      ['replaced', 'opaque', 9],
      ['wrapped', 'opaque', 7],
    ],
  );
  assert.deepEqual(secret.invalidBase64, ['broken', 'number']);
  assert.deepEqual(secret.values['ca.crt']?.pemProblems, ['empty']);
  assert.equal(
    secret.values['tls.key']?.privateKey?.publicKey?.sha256,
    secret.values['tls.crt']?.certificates[0]?.publicKey.sha256,
  );
});

test('a Secret of nonsense is one without values', () => {
  assert.deepEqual(readSecret({ data: ['x'], stringData: 'x', type: 7, metadata: 'x' }).values, {});
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      (document) => void readSecret(JSON.parse(JSON.stringify(document))),
    ),
  );
});

suite('the kind of a value', () => {
  const cases: Readonly<Record<string, readonly [string, string | Buffer, SecretValue['kind'], readonly string[]]>> = {
    'a chain': ['tls.crt', chain, 'certificates', []],
    'a chain under a name of no meaning': ['server', chain, 'certificates', []],
    'a CA with its list': ['ca.crt', root.certificatePem + crl, 'certificates', []],
    'a list': ['ca.crl', crl, 'crl', []],
    'a key': ['key', key, 'private-key', []],
    'a key under a name of no meaning': ['server', key, 'private-key', []],
    'a key for a certificate': ['tls.crt', key, 'private-key', ['key-among-certificates', 'other-blocks-only']],
    'a certificate for a key': ['tls.key', chain, 'certificates', ['other-blocks-only']],
    'a certificate with its key': ['tls.crt', chain + key, 'certificates', ['key-among-certificates']],
    'a key with its certificate': ['tls.key', key + chain, 'private-key', []],
    'a key in base64 twice': ['tls.key', base64(key), 'private-key', ['base64-twice']],
    'a broken chain': ['tls.crt', '-----BEGIN CERTIFICATE-----\n', 'certificates', ['begin-without-end']],
    'no key': ['tls.key', 'hello', 'private-key', ['no-pem-block']],
    'a password': ['password', 'hunter2', 'opaque', []],
    'an API key': ['apikey', 'hunter2', 'opaque', []],
    nothing: ['password', '', 'empty', []],
  };
  for (const [name, [field, content, kind, problems]] of Object.entries(cases)) {
    test(`of ${name} is ${kind}`, () => {
      const read = value(field, content);
      assert.deepEqual([read.kind, read.pemProblems], [kind, problems]);
    });
  }

  test('does not keep certificates from being read', () => {
    for (const content of [chain, chain + key, key + chain, base64(chain)]) {
      for (const field of ['tls.crt', 'tls.key', 'ca.crt', 'whatever']) {
        const names = value(field, content).certificates.map(({ commonName }) => commonName);
        assert.deepEqual(names, ['leaf', 'root'], field);
      }
    }
  });
});

suite('the public text of a value', () => {
  test('is the text itself where it holds nothing else', () => {
    for (const text of [
      chain,
      chain.replaceAll('\n', '\r\n'),
      chain.trimEnd(),
      crl,
      `\uFEFF${chain}`,
      chain.trimEnd() + chain,
    ]) {
      assert.equal(value('tls.crt', text).publicText, text);
    }
  });

  test('masks what stands around the blocks', () => {
    assert.equal(value('tls.crt', `a: b\n${crl}tökén\n`).publicText, `xx x\n${crl}xxxxxxx\n`);
  });

  test('is left out where anything private is or could be', () => {
    const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
    const withTail = Buffer.concat([leaf.certificateDer, Buffer.from('secret')]).toString('base64');
    for (const content of [
      key,
      chain + key,
      key + chain,
      chain + privateKeyText(key, 'encrypted-traditional'),
      chain + key.replaceAll('\n', '\\n'),
      chain + key.replace('-----END', '----END'),
      base64(key),
      base64(chain + key),
      utf16(key),
      `-----BEGIN CERTIFICATE-----\n${withTail}\n-----END CERTIFICATE-----\n`,
      chain.replace('\n-----END', '==\nc2VjcmV0\n-----END'),
      `-----BEGIN CERTIFICATE-----\n${base64('secret')}\n-----END CERTIFICATE-----\n`,
      'hunter2',
    ]) {
      for (const field of ['tls.crt', 'tls.key', 'ca.crt', 'ca.crl', 'whatever']) {
        assert.equal(value(field, content).publicText, undefined, content.toString().slice(0, 80));
      }
    }
  });

  const secret = fc.stringMatching(/^[\w./+=-]{8,40}$/);
  const piece = fc.oneof(
    fc.constantFrom(
      leaf.certificatePem,
      root.certificatePem,
      crl,
      '\n',
      ' ',
      '-----BEGIN ',
      '\uFEFF',
      '\r\n',
      '\f',
      '\u00A0',
    ),
    fc.string(),
  );

  test('never holds a secret that was written between the blocks, and is judged like the value', () => {
    let shown = 0;
    fc.assert(
      fc.property(fc.array(piece), secret, fc.array(piece), (before, hidden, after) => {
        const content = [leaf.certificatePem, ...before, `\n${hidden}\n`, ...after].join('');
        const { publicText } = value('tls.crt', content);
        if (publicText === undefined) return;
        shown++;
        assert.ok(!publicText.includes(hidden));
        assert.deepEqual(judgePem(publicText, 'certificates'), judgePem(content, 'certificates'));
      }),
    );
    assert.ok(shown > 10, `only ${shown} texts were shown at all`);
  });
});

test('no fact of a private key is the key', () => {
  const bodies = key.split('\n').slice(1, -2);
  for (const form of ['pkcs8', 'traditional', 'encrypted-pkcs8', 'encrypted-traditional'] as const) {
    const text = privateKeyText(key, form);
    for (const content of [text, chain + text, base64(text), `\uFEFF${text}`, text.replaceAll('\n', ' ')]) {
      const facts = JSON.stringify(['tls.key', 'tls.crt', 'other'].map((field) => value(field, content)));
      for (const body of [...bodies, ...text.split('\n').filter((line) => line.length > 40)]) {
        assert.ok(!facts.includes(body));
        assert.ok(!facts.includes(base64(body).slice(4, 40)));
      }
    }
  }
});
