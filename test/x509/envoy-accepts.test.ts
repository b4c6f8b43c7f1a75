import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { test } from 'node:test';
import type { Certificate } from '../../src/model/certificate.ts';
import type { CertificateDescription, Minted } from '../../src/pki/certificate-description.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import type { KeyKind } from '../../src/pki/private-key.ts';
import { sharedKey } from '../../src/pki/private-key.ts';
import { refusedByEnvoy } from '../../src/x509/envoy-accepts.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { weakFor } from '../../src/x509/weak-certificate.ts';

const ca = mintCertificate({ subject: 'CN=ca', ca: true, privateKeyPem: sharedKey('rsa-2048') });
const read = ({ certificatePem }: Minted): Certificate => {
  const certificate = readCertificate(certificatePem);
  assert.ok(certificate);
  return certificate;
};
const leaf = (description: CertificateDescription): Certificate =>
  read(mintCertificate({ subject: 'CN=leaf', ...description }, ca));
const ofKind = (kind: KeyKind): Certificate => leaf({ privateKeyPem: sharedKey(kind) });
const ofKey = ({ privateKey }: { readonly privateKey: KeyObject }): Certificate =>
  leaf({ privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() });

// Each of these was loaded, or refused, by Envoy 1.38.3.
test('Envoy takes the keys that it takes', () => {
  for (const kind of ['rsa-2048', 'rsa-3072', 'ec-p256', 'ec-p384', 'ec-p521', 'ed25519'] as const) {
    assert.equal(refusedByEnvoy(ofKind(kind), '1.38.3'), undefined, kind);
  }
  assert.match(refusedByEnvoy(ofKind('rsa-1024'), '1.38.3') ?? '', /1024 bits/);
  assert.match(refusedByEnvoy(ofKey(generateKeyPairSync('rsa', { modulusLength: 2040 }))) ?? '', /2040 bits/);
  assert.match(refusedByEnvoy(ofKind('ec-p224')) ?? '', /secp224r1/);
  assert.match(refusedByEnvoy(ofKey(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }))) ?? '', /secp256k1/);
  assert.match(refusedByEnvoy(ofKey(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }))) ?? '', /RSA-PSS/);
  assert.match(refusedByEnvoy(ofKey(generateKeyPairSync('ed448'))) ?? '', /Ed448/);
  const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  assert.match(refusedByEnvoy(ofKey(dsa)) ?? '', /DSA/);
  const explicit = generateKeyPairSync('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' });
  assert.match(refusedByEnvoy(ofKey(explicit)) ?? '', /parameters of its curve/);
});

test('Envoy before 1.33 takes P-256 only', () => {
  for (const release of ['1.32.9', 'v1.9.0']) {
    assert.match(refusedByEnvoy(ofKind('ec-p384'), release) ?? '', /secp384r1.*before 1\.33/);
    assert.equal(refusedByEnvoy(ofKind('ec-p256'), release), undefined);
  }
  assert.equal(refusedByEnvoy(ofKind('ec-p384'), '1.33.0-dev'), undefined);
});

test('Envoy refuses leaves for what they say of themselves', () => {
  const cases: readonly (readonly [CertificateDescription, RegExp | undefined])[] = [
    [{ keyUsage: ['keyCertSign'] }, /digitalSignature, only for keyCertSign/],
    [{ keyUsage: ['digitalSignature', 'keyCertSign'], ca: true }, undefined],
    [{ keyUsage: [] }, undefined],
    [{ keyUsage: ['keyCertSign'], privateKeyPem: sharedKey('rsa-2048') }, undefined],
    [{ keyUsage: ['keyCertSign'], privateKeyPem: sharedKey('ed25519') }, undefined],
    [{ subject: 'O=x' }, /neither a common name/],
    [{ subject: 'O=x', emails: ['a@example.com'] }, /neither a common name/],
    [{ subject: 'O=x', ipAddresses: ['192.0.2.7'] }, undefined],
    [{ subject: 'O=x', uris: ['spiffe://a'] }, undefined],
    [{ subject: 'CN=', dnsNames: ['a'] }, /common name is there and empty/],
    [{ mustStaple: true }, /tls\.ocsp-staple/],
    [{ extendedKeyUsage: ['clientAuth'] }, undefined],
    [{ notBefore: new Date(0), notAfter: new Date(1) }, undefined],
    [{ signature: 'md5' }, undefined],
  ];
  for (const [description, expected] of cases) {
    const refused = refusedByEnvoy(leaf({ privateKeyPem: sharedKey('ec-p256'), ...description }));
    if (expected) assert.match(refused ?? '', expected);
    else assert.equal(refused, undefined);
  }
  assert.equal(refusedByEnvoy(leaf({ mustStaple: true }), '1.38.3', true), undefined);
});

test('clients refuse what is weak', () => {
  assert.match(weakFor(leaf({ signature: 'sha1' })) ?? '', /sha1WithRSAEncryption/);
  assert.match(weakFor(leaf({ signature: 'md5' })) ?? '', /md5WithRSAEncryption/);
  assert.match(weakFor(ofKind('rsa-1024')) ?? '', /1024 bits/);
  assert.match(weakFor(ofKind('ed25519')) ?? '', /Ed25519/);
  assert.match(weakFor(ofKind('ec-p521')) ?? '', /P-521/);
  for (const kind of ['rsa-2048', 'ec-p256', 'ec-p384'] as const) assert.equal(weakFor(ofKind(kind)), undefined);
  const selfSigned = { subject: 'CN=old', ca: true, signature: 'sha1', privateKeyPem: sharedKey('rsa-2048') } as const;
  assert.equal(weakFor(read(mintCertificate(selfSigned))), undefined);
  const ecdsa = mintCertificate({ subject: 'CN=x', signature: 'sha1' }, mintCertificate({ subject: 'CN=y', ca: true }));
  assert.match(weakFor(read(ecdsa)) ?? '', /ecdsa-with-SHA1/);
});
