import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { mintRevocationList } from '../../src/pki/mint-revocation-list.ts';
import { generateKey, keyKinds, privateKeyText, sharedKey } from '../../src/pki/private-key.ts';
import { noOpenssl, openssl } from './openssl.ts';

const root = mintCertificate({ subject: 'CN=Root,O=Example', ca: true });

suite('a minted certificate', () => {
  for (const kind of keyKinds.filter((kind) => kind !== 'rsa-4096')) {
    test(`of a ${kind} key signs and is signed`, { skip: noOpenssl }, () => {
      const ca = mintCertificate({ subject: { CN: `CA ${kind}` }, ca: true, privateKeyPem: sharedKey(kind) });
      const leaf = mintCertificate(
        { subject: { CN: 'leaf' }, privateKeyPem: sharedKey(kind), dnsNames: ['leaf.example.com'] },
        ca,
      );
      const certificate = new X509Certificate(leaf.certificatePem);
      assert.ok(certificate.checkPrivateKey(createPrivateKey(leaf.privateKeyPem)));
      assert.ok(certificate.checkIssued(new X509Certificate(ca.certificatePem)));
      assert.deepEqual(
        openssl(['verify', '-x509_strict', '-auth_level', '0', '-CAfile', 'ca', 'leaf'], {
          ca: ca.certificatePem,
          leaf: leaf.certificatePem,
        }),
        { status: 0, output: 'leaf: OK\n' },
      );
    });
  }

  test('says what its description says', { skip: noOpenssl }, () => {
    const { certificatePem } = mintCertificate(
      {
        subject: 'CN=Grüße\\, Welt,OU=Shop,O=Example,C=DE',
        dnsNames: ['shop.example.com', '*.shop.example.com'],
        ipAddresses: ['192.0.2.7', '2001:db8::7'],
        uris: ['spiffe://cluster.local/ns/shop/sa/default'],
        emails: ['shop@example.com'],
        serialNumber: 'c0ffee',
        notBefore: new Date('2026-01-02T03:04:05Z'),
        notAfter: new Date('2051-01-02T03:04:05Z'),
        extendedKeyUsage: ['serverAuth', 'clientAuth'],
        keyUsage: ['digitalSignature', 'keyAgreement', 'decipherOnly'],
        mustStaple: true,
        crlUrls: ['http://crl.example.com/root.crl'],
        ocspUrls: ['http://ocsp.example.com'],
        issuerUrls: ['http://ca.example.com/root.crt'],
        signature: 'sha384',
      },
      root,
    );
    const { output } = openssl(['x509', '-in', 'c', '-noout', '-text', '-nameopt', 'RFC2253,-esc_msb,utf8'], {
      c: certificatePem,
    });
    for (const expected of [
      /Serial Number: 12648430 /,
      /Signature Algorithm: ecdsa-with-SHA384/,
      /Issuer: CN=Root,O=Example\n/,
      /Not Before: Jan {2}2 03:04:05 2026 GMT/,
      /Not After : Jan {2}2 03:04:05 2051 GMT/,
      /Subject: CN=Grüße\\, Welt,OU=Shop,O=Example,C=DE\n/,
      /CA:FALSE/,
      /Digital Signature, Key Agreement, Decipher Only\n/,
      /TLS Web Server Authentication, TLS Web Client Authentication\n/,
      /email:shop@example.com, DNS:shop.example.com, DNS:\*.shop.example.com, URI:spiffe:\/\/cluster.local\/ns\/shop\/sa\/default, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7\n/,
      /CRL Distribution Points: *\n(?:.*\n)? *URI:http:\/\/crl.example.com\/root.crl\n/,
      /OCSP - URI:http:\/\/ocsp.example.com\n/,
      /CA Issuers - URI:http:\/\/ca.example.com\/root.crt\n/,
      /TLS Feature: *\n *status_request\n/,
    ]) {
      assert.match(output, expected);
    }
  });

  test('is signed with the key of its issuer, whatever certificate stands beside it', () => {
    const other = mintCertificate({ subject: 'CN=Other', ca: true });
    const forged = mintCertificate(
      { subject: 'CN=leaf' },
      { certificatePem: root.certificatePem, privateKeyPem: other.privateKeyPem },
    );
    const certificate = new X509Certificate(forged.certificatePem);
    const issuer = new X509Certificate(root.certificatePem);
    assert.ok(certificate.checkIssued(issuer));
    assert.equal(certificate.verify(issuer.publicKey), false);
  });

  test('refuses a description that cannot be written', () => {
    assert.throws(() => mintCertificate({ ipAddresses: ['192.0.2.300'] }), /"192\.0\.2\.300" is no IP address/);
    assert.throws(() => mintCertificate({ subject: 'CN=a,XY=b' }), /"XY" is no known attribute/);
    assert.throws(() => mintCertificate({ subject: 'shop' }), /"shop" is no TYPE=VALUE/);
  });
});

test('a minted revocation list is one that openssl enforces', { skip: noOpenssl }, () => {
  const leaf = mintCertificate({ subject: 'CN=leaf', serialNumber: 'f00d' }, root);
  const check = (crl: string): string =>
    openssl(['verify', '-crl_check', '-CAfile', 'ca', '-CRLfile', 'crl', 'leaf'], {
      ca: root.certificatePem,
      crl,
      leaf: leaf.certificatePem,
    }).output;
  assert.match(check(mintRevocationList(root, { revokedSerials: ['f00d', 'beef'] })), /certificate revoked/);
  assert.equal(check(mintRevocationList(root, { revokedSerials: ['beef'] })), 'leaf: OK\n');
  assert.equal(check(mintRevocationList(root)), 'leaf: OK\n');
  const past = { thisUpdate: new Date('2020-01-01T00:00:00Z'), nextUpdate: new Date('2020-02-01T00:00:00Z') };
  assert.match(check(mintRevocationList(root, past)), /CRL has expired/);
});

suite('a private key', () => {
  test('keeps its identity in every text form', () => {
    for (const kind of ['rsa-2048', 'ec-p256'] as const) {
      const pem = sharedKey(kind);
      const spki = createPublicKey(pem).export({ format: 'der', type: 'spki' });
      for (const [form, label] of [
        ['pkcs8', /BEGIN PRIVATE KEY/],
        ['traditional', kind === 'rsa-2048' ? /BEGIN RSA PRIVATE KEY/ : /BEGIN EC PRIVATE KEY/],
        ['encrypted-pkcs8', /BEGIN ENCRYPTED PRIVATE KEY/],
        ['encrypted-traditional', /(?:RSA|EC) PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n/],
      ] as const) {
        const text = privateKeyText(pem, form, 'secret');
        assert.match(text, label);
        const read = createPrivateKey({ key: text, passphrase: 'secret' });
        assert.deepEqual(createPublicKey(read).export({ format: 'der', type: 'spki' }), spki);
      }
    }
    assert.throws(() => privateKeyText(generateKey('ed25519'), 'traditional'), /ed25519 has no traditional text form/);
  });

  test('is the same for the same kind and number only', () => {
    assert.equal(sharedKey('ec-p256'), sharedKey('ec-p256', 0));
    assert.notEqual(sharedKey('ec-p256'), sharedKey('ec-p256', 1));
  });
});
