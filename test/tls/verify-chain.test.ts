import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';
import type { Minted } from '../../src/pki/certificate-description.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import { verifyChain } from '../../src/tls/verify-chain.ts';
import { host, noSignal, planFor, tlsServer } from '../probe/peers.ts';

const day = 24 * 3600_000;
const past = { notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - day) };
const future = { notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 9 * day) };
const own = { subject: `CN=${host}`, dnsNames: [host] };

const root = mintCertificate({ subject: 'CN=Root', ca: true });
const stranger = mintCertificate({ subject: 'CN=Stranger', ca: true });
const namesake = mintCertificate({ subject: 'CN=Root', ca: true });
const oldRoot = mintCertificate({ subject: 'CN=Old Root', ca: true, ...past });
const issuer = mintCertificate({ subject: 'CN=Issuing CA', ca: true }, root);
const oldIssuer = mintCertificate({ subject: 'CN=Issuing CA', ca: true, ...past }, root);
const noCa = mintCertificate({ subject: 'CN=Issuing CA', keyUsage: ['keyCertSign'] }, root);
const noSigner = mintCertificate({ subject: 'CN=Issuing CA', ca: true, keyUsage: ['digitalSignature'] }, root);
const leaf = mintCertificate(own, issuer);
const selfSigned = mintCertificate(own);

/** What is served, what is trusted, and what OpenSSL says of it. */
const cases: Readonly<Record<string, readonly [readonly Minted[], readonly Minted[], string | undefined]>> = {
  'a whole chain': [[leaf, issuer], [root], undefined],
  'a chain with its root': [[leaf, issuer, root], [root], undefined],
  'a chain in the wrong order': [[leaf, root, issuer], [root], undefined],
  'a chain with a stranger in it': [[leaf, stranger, issuer], [root], undefined],
  'an intermediate that is trusted': [[leaf, issuer], [issuer], undefined],
  'an intermediate that is trusted and not sent': [[leaf], [issuer], undefined],
  'a leaf that is trusted': [[leaf], [leaf], undefined],
  'a self-signed leaf that is trusted': [[selfSigned], [selfSigned], undefined],
  'a self-signed leaf': [[selfSigned], [root], 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'a leaf alone': [[leaf], [root], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'a leaf alone, where an intermediate is trusted': [
    [leaf],
    [mintCertificate({ subject: 'CN=Some CA', ca: true }, stranger)],
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ],
  'a leaf and a stranger': [[leaf, stranger], [root], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'a root that is unknown': [[leaf, issuer], [stranger], 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  'a root that is sent and unknown': [[leaf, issuer, root], [stranger], 'SELF_SIGNED_CERT_IN_CHAIN'],
  'an expired leaf': [[mintCertificate({ ...own, ...past }, issuer), issuer], [root], 'CERT_HAS_EXPIRED'],
  'an expired leaf of nobody known': [[mintCertificate({ ...own, ...past })], [root], 'CERT_HAS_EXPIRED'],
  'a leaf of tomorrow': [[mintCertificate({ ...own, ...future }, issuer), issuer], [root], 'CERT_NOT_YET_VALID'],
  'an expired intermediate': [[mintCertificate(own, oldIssuer), oldIssuer], [root], 'CERT_HAS_EXPIRED'],
  'an expired root': [[mintCertificate(own, oldRoot)], [oldRoot], 'CERT_HAS_EXPIRED'],
  'an expired leaf below a root of tomorrow': (() => {
    const young = mintCertificate({ subject: 'CN=Young', ca: true, ...future });
    return [[mintCertificate({ ...own, ...past }, young)], [young], 'CERT_HAS_EXPIRED'] as const;
  })(),
  'a leaf for clients': [
    [mintCertificate({ ...own, extendedKeyUsage: ['clientAuth'] }, issuer), issuer],
    [root],
    'INVALID_PURPOSE',
  ],
  'a leaf for clients, of nobody known': [
    [mintCertificate({ ...own, extendedKeyUsage: ['clientAuth'] }, issuer), issuer],
    [stranger],
    'INVALID_PURPOSE',
  ],
  'an issuer that is no CA': [[mintCertificate(own, noCa), noCa], [root], 'INVALID_PURPOSE'],
  'an issuer that may not sign': [[mintCertificate(own, noSigner), noSigner], [root], 'UNSPECIFIED'],
  'an issuer of the right name with another key': [
    [mintCertificate(own, { certificatePem: issuer.certificatePem, privateKeyPem: stranger.privateKeyPem }), issuer],
    [root],
    'CERT_SIGNATURE_FAILURE',
  ],
  'two roots of one name': [[leaf, issuer], [namesake, root], undefined],
};

suite('a chain is judged as OpenSSL judges it', () => {
  for (const [name, [sent, trusted, expected]] of Object.entries(cases)) {
    test(name, async (t) => {
      const [first] = sent;
      assert.ok(first);
      const certificates = trusted.map(({ certificatePem }) => certificatePem);
      const port = await tlsServer(t, {
        cert: sent.map(({ certificatePem }) => certificatePem).join(''),
        key: first.privateKeyPem,
      });
      const trust = { kind: 'certificates', certificates, source: 'ca.crt' } as const;
      const record = await probe(planFor(port, { trust, request: null }), noSignal);
      const ours = verifyChain(sent.map(read), trusted.map(read), new Date());
      assert.deepEqual([record.verify?.code, ours], [expected, expected]);
      assert.equal(record.outcome, expected === undefined ? 'ok' : 'verify-failed');
    });

    test(`${name}, of a gateway that refuses the client`, async (t) => {
      const [first] = sent;
      assert.ok(first);
      const port = await tlsServer(t, {
        cert: sent.map(({ certificatePem }) => certificatePem).join(''),
        key: first.privateKeyPem,
        maxVersion: 'TLSv1.2',
        requestCert: true,
        ca: [],
      });
      const certificates = trusted.map(({ certificatePem }) => certificatePem);
      const trust = { kind: 'certificates', certificates, source: 'ca.crt' } as const;
      const record = await probe(planFor(port, { trust, request: null }), noSignal);
      assert.deepEqual([record.outcome, record.alert?.number, record.verify?.code], ['alert', 40, expected]);
    });
  }
});

function read({ certificatePem }: Minted): X509Certificate {
  return new X509Certificate(certificatePem);
}
