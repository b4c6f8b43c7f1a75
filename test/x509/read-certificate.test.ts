import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import * as fc from 'fast-check';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { keyKinds, sharedKey } from '../../src/pki/private-key.ts';
import { orderChain } from '../../src/x509/chain.ts';
import { refusedByEnvoy } from '../../src/x509/envoy-accepts.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { verifyChain } from '../../src/x509/verify-chain.ts';

const root = mintCertificate({ subject: 'CN=Root,O=Example', ca: true, pathLength: 2 });

suite('a certificate', () => {
  test('is read in full', () => {
    const minted = mintCertificate(
      {
        subject: 'CN=Grüße\\, Welt,OU=Shop,O=Example',
        dnsNames: ['Shop.Example.com', '*.shop.example.com'],
        ipAddresses: ['192.0.2.7', '2001:db8::7'],
        uris: ['spiffe://cluster.local/ns/shop/sa/default'],
        emails: ['shop@example.com'],
        serialNumber: '0a00c0ffee',
        notBefore: new Date('2026-01-02T03:04:05Z'),
        notAfter: new Date('2051-01-02T03:04:05Z'),
        extendedKeyUsage: ['serverAuth', '1.2.3.4'],
        keyUsage: ['digitalSignature', 'keyAgreement', 'decipherOnly'],
        mustStaple: true,
        crlUrls: ['http://crl.example.com/root.crl'],
        ocspUrls: ['http://ocsp.example.com'],
        issuerUrls: ['http://ca.example.com/root.crt'],
        signature: 'sha384',
      },
      root,
    );
    const { sha256, publicKey, ...rest } = readCertificate(minted.certificatePem) ?? {};
    assert.equal(sha256, fingerprint(minted.certificatePem));
    assert.equal(publicKey?.curve, 'prime256v1');
    assert.deepEqual(rest, {
      subject: 'CN=Grüße\\, Welt,OU=Shop,O=Example',
      issuer: 'CN=Root,O=Example',
      commonName: 'Grüße, Welt',
      serialNumber: 'a00c0ffee',
      notBefore: '2026-01-02T03:04:05Z',
      notAfter: '2051-01-02T03:04:05Z',
      dnsNames: ['shop.example.com', '*.shop.example.com'],
      ipAddresses: ['192.0.2.7', '2001:db8::7'],
      uris: ['spiffe://cluster.local/ns/shop/sa/default'],
      emails: ['shop@example.com'],
      isCa: false,
      selfIssued: false,
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.2.3.4'],
      keyUsage: ['digitalSignature', 'keyAgreement', 'decipherOnly'],
      signatureAlgorithm: 'ecdsa-with-SHA384',
      mustStaple: true,
      ocspUrls: ['http://ocsp.example.com'],
      issuerUrls: ['http://ca.example.com/root.crt'],
      crlUrls: ['http://crl.example.com/root.crl'],
      pem: minted.certificatePem,
    });
  });

  test('of a CA says so, and how long a chain may be', () => {
    const { isCa, pathLength, selfIssued, extendedKeyUsage } = readCertificate(root.certificatePem) ?? {};
    assert.deepEqual(
      { isCa, pathLength, selfIssued, extendedKeyUsage },
      {
        isCa: true,
        pathLength: 2,
        selfIssued: true,
        extendedKeyUsage: undefined,
      },
    );
  });

  test('has a key of any type', () => {
    const described = new Map<string, string>(
      keyKinds.filter((kind) => kind !== 'rsa-4096').map((kind) => [kind, sharedKey(kind)]),
    );
    const pkcs8 = { format: 'pem', type: 'pkcs8' } as const;
    described.set('pss', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey.export(pkcs8).toString());
    described.set('ed448', generateKeyPairSync('ed448').privateKey.export(pkcs8).toString());
    described.set(
      'explicit',
      generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' })
        .privateKey.export(pkcs8)
        .toString(),
    );
    const facts = [...described].map(([name, privateKeyPem]) => {
      const { algorithm, bits, curve } =
        readCertificate(mintCertificate({ subject: 'CN=leaf', privateKeyPem }, root).certificatePem)?.publicKey ?? {};
      return [name, algorithm, bits, curve].join(' ').trim();
    });
    assert.deepEqual(facts, [
      'rsa-1024 rsa 1024',
      'rsa-2048 rsa 2048',
      'rsa-3072 rsa 3072',
      'ec-p224 ec 224 secp224r1',
      'ec-p256 ec 256 prime256v1',
      'ec-p384 ec 384 secp384r1',
      'ec-p521 ec 521 secp521r1',
      'ed25519 ed25519',
      'pss rsa-pss 2048',
      'ed448 ed448',
      'explicit ec',
    ]);
  });

  test('of the public roots agrees with node:crypto', () => {
    for (const pem of rootCertificates) {
      const expected = new X509Certificate(pem);
      const read = readCertificate(pem);
      assert.ok(read);
      assert.equal(read.sha256, fingerprint(pem));
      assert.equal(BigInt(`0x${read.serialNumber}`), BigInt(`0x${expected.serialNumber}`));
      assert.equal(+new Date(read.notBefore), +new Date(expected.validFrom));
      assert.equal(+new Date(read.notAfter), +new Date(expected.validTo));
      assert.equal(read.selfIssued, expected.subject === expected.issuer);
      assert.equal(
        read.publicKey.bits ?? 0,
        expected.publicKey.asymmetricKeyDetails?.modulusLength ?? read.publicKey.bits,
      );
      assert.equal(read.publicKey.curve, expected.publicKey.asymmetricKeyDetails?.namedCurve);
      const commonName = /^CN=(.*)$/m.exec(expected.subject)?.[1];
      assert.equal(read.commonName, commonName);
    }
  });

  test('keeps odd names apart', () => {
    const dnsNames = ['a.example, dns:b.example', '"quoted"', 'nul\0.example', ''];
    const { certificatePem } = mintCertificate({ subject: { CN: 'a,O=forged', O: ' #x+y ' }, dnsNames }, root);
    const read = readCertificate(certificatePem);
    assert.deepEqual(read?.dnsNames, dnsNames);
    assert.equal(read.subject, String.raw`CN=a\,O=forged,O=\ #x\+y\ `);
  });

  test('with PEM inside is not taken for what is inside', () => {
    const inner = mintCertificate({ subject: 'CN=inner' });
    const outer = mintCertificate({ subject: 'CN=outer', uris: [`\n${inner.certificatePem}`] });
    assert.equal(new X509Certificate(outer.certificateDer).subject, 'CN=inner', 'node:crypto no longer does this');
    assert.equal(readCertificate(outer.certificateDer)?.commonName, 'outer');
    assert.equal(readCertificate(outer.certificatePem)?.commonName, 'outer');
  });
});

test('a name survives being written and read, whatever is in it', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
  fc.assert(
    fc.property(fc.record({ CN: value, OU: value, O: value }), (subject) => {
      const once = readCertificate(mintCertificate({ subject, privateKeyPem: sharedKey('ec-p256') }).certificatePem);
      assert.equal(once?.commonName, subject.CN);
      const again = mintCertificate({ subject: once.subject, privateKeyPem: sharedKey('ec-p256') });
      assert.deepEqual(readCertificate(again.certificatePem)?.subject, once.subject);
      assert.equal(readCertificate(again.certificatePem)?.commonName, subject.CN);
    }),
  );
});

test('damaged certificates are read or refused, never more', () => {
  const certificateOfRoot = readCertificate(root.certificatePem);
  assert.ok(certificateOfRoot);
  const der = mintCertificate(
    { subject: 'CN=leaf', dnsNames: ['a.example'], privateKeyPem: sharedKey('ec-p256') },
    root,
  ).certificateDer;
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.uint8Array({ minLength: 1, maxLength: 3 }), (at, noise) => {
      const damaged = Buffer.from(der);
      damaged.set(noise.subarray(0, der.length - at), at);
      const read = readCertificate(damaged);
      if (!read) return;
      assert.equal(read.sha256, fingerprint(read.pem));
      const certificates = [read, certificateOfRoot];
      orderChain(certificates, read.publicKey);
      verifyChain(certificates, [certificateOfRoot], { at: new Date(0), purpose: 'server', partialChain: false });
      refusedByEnvoy(read);
    }),
    { numRuns: 500 },
  );
});

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
}
