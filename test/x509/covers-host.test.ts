import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Certificate } from '../../src/model/certificate.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { sharedKey } from '../../src/pki/private-key.ts';
import { coversHost, coversPattern } from '../../src/x509/covers-host.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';

type Names = Pick<Certificate, 'dnsNames' | 'ipAddresses'>;

const names = (...dnsNames: readonly string[]): Names => ({ dnsNames, ipAddresses: ['192.0.2.7', '2001:db8::7'] });

test('a host is covered by its name, or by a wildcard for its first label', () => {
  const covered: readonly (readonly [string, string, boolean])[] = [
    ['shop.example.com', 'shop.example.com', true],
    ['shop.example.com', 'SHOP.Example.COM.', true],
    ['*.example.com', 'shop.example.com', true],
    ['*.example.com', 'a.shop.example.com', false],
    ['*.example.com', 'example.com', false],
    ['*.example.com', '.example.com', false],
    ['*.com', 'example.com', false],
    ['*', 'example.com', false],
    ['s*.example.com', 'shop.example.com', false],
    ['shop.*.com', 'shop.example.com', false],
    ['*.*.com', 'shop.example.com', false],
    ['*.xn--mnchen-3ya.de', 'shop.München.de', true],
    ['*.2.7', '192.0.2.7', true],
    ['192.0.2.8', '192.0.2.8', false],
    ['*.0.2.8', '192.0.2.8', false],
    ['x', '[2001:DB8:0::7]', true],
    ['x', '2001:db8::8', false],
    ['', '', false],
  ];
  for (const [dnsName, host, expected] of covered) {
    assert.equal(coversHost(names(dnsName), host), expected, `${dnsName} for ${host}`);
  }
});

test('a wildcard host of a Gateway is covered by the same wildcard only', () => {
  assert.ok(coversPattern(names('*.example.com'), '*.Example.com'));
  assert.ok(!coversPattern(names('*.example.com'), '*.shop.example.com'));
  assert.ok(!coversPattern(names('shop.example.com'), '*.example.com'));
  assert.ok(!coversPattern(names('*', '*.example.com'), '*'));
  assert.ok(coversPattern(names('*.example.com'), 'shop.example.com'));
});

test('any host is covered exactly when OpenSSL says so', () => {
  const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,3}[a-z0-9])?$/);
  const common = fc.constantFrom('a', 'b', 'com', 'example');
  const name = fc
    .array(fc.oneof(common, common, label), { minLength: 1, maxLength: 4 })
    .map((labels) => labels.join('.'));
  const pattern = fc.oneof(
    name,
    name.map((rest) => `*.${rest}`),
    fc.constantFrom('*', '*.a*.com', 'a*.com', '**.b.com'),
  );
  let covered = 0;
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), name, fc.nat(3), (dnsNames, base, at) => {
      // Half of the hosts are made out of a pattern, or few would be covered.
      const host = (at < 2 ? dnsNames[at] : undefined)?.replace('*', 'b') ?? base;
      const { certificatePem } = mintCertificate({ subject: 'CN=x', dnsNames, privateKeyPem: sharedKey('ec-p256') });
      const read = readCertificate(certificatePem);
      assert.ok(read);
      const options = { subject: 'never', partialWildcards: false } as const;
      const expected = new X509Certificate(certificatePem).checkHost(host, options) !== undefined;
      if (expected) covered++;
      assert.equal(coversHost(read, host), expected, `${dnsNames.join(' ')} for ${host}`);
    }),
    { numRuns: 400 },
  );
  assert.ok(covered > 40, `only ${covered} hosts were covered`);
});
