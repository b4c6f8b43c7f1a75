import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { privateKeyText } from '../../src/pki/private-key.ts';
import { meet } from './client.ts';
import {
  gateway,
  httpsServer,
  inWorld,
  object,
  pair,
  root,
  secret,
  serialOf,
  simple,
  tlsSecret,
  virtualService,
} from './gateway-world.ts';

suite('a secret on its way to Envoy', () => {
  const [first, second] = [pair('a.example'), pair('a.example')];
  const objects = [
    gateway('shop/a', [httpsServer(['a.example'], simple('a-tls'))]),
    virtualService('shop/a', ['a.example'], ['a']),
  ];
  const nack = (text: string): string => `warn\tdelta\tADS:SDS: ACK ERROR gateway-1.edge-1 Internal:${text}`;

  test('is missed without a word in the access log, and served as soon as it is there', async () => {
    await inWorld(objects, async (world) => {
      assert.deepEqual(await meet(world, 'a.example'), { outcome: 'ECONNRESET' });
      assert.deepEqual(world.log('gateway'), []);
      assert.ok(
        world
          .log('istiod')
          .includes(
            'warn\tads\tfailed to fetch key and certificate for kubernetes://a-tls: secret edge/a-tls not found',
          ),
      );
      await world.put(tlsSecret('edge/a-tls', first));
      assert.equal((await meet(world, 'a.example')).status, 'HTTP/1.1 200 OK');
    });
  });

  test('is rotated, and outlives its deletion', async () => {
    await inWorld([...objects, tlsSecret('edge/a-tls', first)], async (world) => {
      await world.put(tlsSecret('edge/a-tls', second));
      assert.equal((await meet(world, 'a.example')).serialNumber, serialOf(second));
      await world.remove(tlsSecret('edge/a-tls', second));
      assert.equal((await meet(world, 'a.example')).serialNumber, serialOf(second));
    });
  });

  test('leaves the old one in service when Envoy refuses the new one', async () => {
    await inWorld([...objects, tlsSecret('edge/a-tls', first)], async (world) => {
      await world.put(secret('edge/a-tls', { 'tls.crt': second.certificatePem, 'tls.key': first.privateKeyPem }));
      assert.equal((await meet(world, 'a.example')).serialNumber, serialOf(first));
      assert.ok(
        world
          .log('istiod')
          .includes(
            nack(
              'Failed to load private key from <inline>, Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH',
            ),
          ),
      );
    });
  });

  const chain = first.certificatePem + root.certificatePem;
  const key = first.privateKeyPem;
  const rsa = mintCertificate({ dnsNames: ['a.example'], key: 'rsa-1024' }, root);
  const p224 = mintCertificate({ dnsNames: ['a.example'], key: 'ec-p224' }, root);
  const cause = (code: string): string => `Failed to load private key from <inline>, Cause: error:${code}`;
  const badChain = 'Failed to load certificate chain from <inline>';
  for (const [what, texts, text] of [
    ['blocks on one line', { 'tls.crt': chain.replaceAll('-----\n-----', '----------'), 'tls.key': key }, badChain],
    ['base64 twice', { 'tls.crt': Buffer.from(chain).toString('base64'), 'tls.key': key }, badChain],
    [
      'a key of base64 twice',
      { 'tls.crt': chain, 'tls.key': Buffer.from(key).toString('base64') },
      cause('0900006e:PEM routines:OPENSSL_internal:NO_START_LINE'),
    ],
    [
      'an encrypted key',
      { 'tls.crt': chain, 'tls.key': privateKeyText(key, 'encrypted-pkcs8') },
      cause('09000068:PEM routines:OPENSSL_internal:BAD_PASSWORD_READ'),
    ],
    [
      'an encrypted key of the old form',
      { 'tls.crt': chain, 'tls.key': privateKeyText(key, 'encrypted-traditional') },
      cause('09000068:PEM routines:OPENSSL_internal:BAD_PASSWORD_READ'),
    ],
    [
      'a key of another type',
      { 'tls.crt': chain, 'tls.key': rsa.privateKeyPem },
      cause('0b000073:X.509 certificate routines:OPENSSL_internal:KEY_TYPE_MISMATCH'),
    ],
    [
      'the leaf not first',
      { 'tls.crt': root.certificatePem + first.certificatePem, 'tls.key': key },
      cause('0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH'),
    ],
    [
      'RSA with 1024 bits',
      { 'tls.crt': rsa.certificatePem, 'tls.key': rsa.privateKeyPem },
      `${badChain}, only RSA certificates with 2048-bit or larger keys are supported`,
    ],
    ['curve P-224', { 'tls.crt': p224.certificatePem, 'tls.key': p224.privateKeyPem }, badChain],
  ] as const) {
    test(`is refused for ${what}`, async () => {
      await inWorld([...objects, secret('edge/a-tls', texts)], async (world) => {
        assert.deepEqual(await meet(world, 'a.example'), { outcome: 'ECONNRESET' });
        assert.ok(world.log('istiod').includes(nack(text)), world.log('istiod').join('\n'));
        const refused = `rejected: ${text}`;
        assert.equal(world.log('gateway').filter((line) => line.endsWith(refused)).length, 2);
      });
    });
  }

  for (const [what, texts] of [
    [
      'text between the blocks',
      { 'tls.crt': `subject=a\n${chain.replace('-----\n-----', '-----\n\nissuer=b\n-----')}`, 'tls.key': key },
    ],
    ['CRLF', { 'tls.crt': chain.replaceAll('\n', '\r\n'), 'tls.key': key.replaceAll('\n', '\r\n') }],
    ['a key of the old form', { 'tls.crt': chain, 'tls.key': privateKeyText(key, 'traditional') }],
    ['the older names', { cert: chain, key }],
  ] as const) {
    test(`is taken with ${what}`, async () => {
      await inWorld([...objects, secret('edge/a-tls', texts)], async (world) => {
        assert.equal((await meet(world, 'a.example')).serialNumber, serialOf(first));
      });
    });
  }

  for (const [what, texts, text] of [
    [
      'other keys',
      { 'server.crt': chain, 'server.key': key },
      "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); found: server.crt, server.key",
    ],
    [
      'three other keys',
      { a: 'x', b: 'x', c: 'x' },
      "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); found: a, b, c, and 0 more...",
    ],
    [
      'mixed keys',
      { cert: chain, 'tls.key': key },
      "found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); found: cert, tls.key",
    ],
    ['empty values', { 'tls.crt': '', 'tls.key': '' }, 'found keys "tls.crt" and "tls.key", but they were empty'],
  ] as const) {
    test(`is not even sent with ${what}`, async () => {
      await inWorld([...objects, secret('edge/a-tls', texts)], async (world) => {
        assert.deepEqual(await meet(world, 'a.example'), { outcome: 'ECONNRESET' });
        assert.ok(
          world
            .log('istiod')
            .includes(`warn\tads\tfailed to fetch key and certificate for kubernetes://a-tls: ${text}`),
        );
      });
    });
  }

  test('is denied across namespaces, and to a gateway that may not read Secrets', async () => {
    const foreign = gateway('shop/a', [httpsServer(['a.example'], simple('kubernetes-gateway://shop/a-tls'))]);
    await inWorld([foreign, tlsSecret('shop/a-tls', first)], async (world) => {
      assert.deepEqual(await meet(world, 'a.example'), { outcome: 'ECONNRESET' });
      assert.ok(
        world
          .log('istiod')
          .includes(
            'warn\tads\tproxy gateway-1.edge attempted to access unauthorized certificates a-tls: cross namespace secret reference requires ReferenceGrant',
          ),
      );
    });
    const noRights = object('rbac.authorization.k8s.io/v1', 'Role', 'edge/edge', { rules: [] });
    await inWorld([...objects, tlsSecret('edge/a-tls', first), noRights], async (world) => {
      assert.deepEqual(await meet(world, 'a.example'), { outcome: 'ECONNRESET' });
      assert.ok(
        world
          .log('istiod')
          .includes(
            'warn\tads\tproxy gateway-1.edge attempted to access unauthorized certificates a-tls: edge/edge is not authorized to read secrets: ',
          ),
      );
    });
  });
});
