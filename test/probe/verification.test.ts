import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Minted } from '../../src/pki/certificate-description.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import type { Trust } from '../../src/sources/probe/plan.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import { host, noSignal, planFor, tlsServer } from './peers.ts';

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
const leaf = mintCertificate(own, issuer);
const selfSigned = mintCertificate(own);
const forger = { certificatePem: issuer.certificatePem, privateKeyPem: stranger.privateKeyPem };
const forClients = mintCertificate({ ...own, extendedKeyUsage: ['clientAuth'] }, issuer);

/** What is served, what is trusted, and why a client refuses it. */
const cases: Readonly<Record<string, readonly [readonly Minted[], readonly Minted[], string | undefined]>> = {
  'a whole chain': [[leaf, issuer], [root], undefined],
  'a chain with its root': [[leaf, issuer, root], [root], undefined],
  'a chain in the wrong order': [[leaf, root, issuer], [root], undefined],
  'a chain with a stranger in it': [[leaf, stranger, issuer], [root], undefined],
  'two roots of one name': [[leaf, issuer], [namesake, root], undefined],
  'an intermediate that is trusted': [[leaf, issuer], [issuer], undefined],
  'an intermediate that is trusted and not sent': [[leaf], [issuer], undefined],
  'a leaf that is trusted': [[leaf], [leaf], undefined],
  'a self-signed leaf that is trusted': [[selfSigned], [selfSigned], undefined],
  'a self-signed leaf': [[selfSigned], [root], 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'a leaf alone': [[leaf], [root], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'a leaf and a stranger': [[leaf, stranger], [root], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  'a root that is unknown': [[leaf, issuer], [stranger], 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  'a root that is sent and unknown': [[leaf, issuer, root], [stranger], 'SELF_SIGNED_CERT_IN_CHAIN'],
  'an expired leaf': [[mintCertificate({ ...own, ...past }, issuer), issuer], [root], 'CERT_HAS_EXPIRED'],
  'a leaf of tomorrow': [[mintCertificate({ ...own, ...future }, issuer), issuer], [root], 'CERT_NOT_YET_VALID'],
  'an expired intermediate': [[mintCertificate(own, oldIssuer), oldIssuer], [root], 'CERT_HAS_EXPIRED'],
  'an expired root': [[mintCertificate(own, oldRoot)], [oldRoot], 'CERT_HAS_EXPIRED'],
  'a leaf for clients': [[forClients, issuer], [root], 'INVALID_PURPOSE'],
  'an issuer of the right name with another key': [
    [mintCertificate(own, forger), issuer],
    [root],
    'CERT_SIGNATURE_FAILURE',
  ],
  'another name': [
    [mintCertificate({ subject: `CN=${host}`, dnsNames: ['other.example.com'] }, issuer), issuer],
    [root],
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  'a common name alone': [[mintCertificate({ subject: `CN=${host}` }, issuer), issuer], [root], undefined],
  'a common name beside an address': [
    [mintCertificate({ subject: `CN=${host}`, ipAddresses: ['192.0.2.7'] }, issuer), issuer],
    [root],
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
};

const trusting = (trusted: readonly Minted[]): Trust => ({
  kind: 'certificates',
  certificates: trusted.map(({ certificatePem }) => certificatePem),
  source: 'ca.crt',
});

suite('a client verifies', () => {
  for (const [name, [sent, trusted, code]] of Object.entries(cases)) {
    const [first] = sent;
    const pair = { cert: sent.map(({ certificatePem }) => certificatePem).join(''), key: first?.privateKeyPem ?? '' };
    const verify = code === undefined ? { ok: true } : { ok: false, code };

    test(name, async (t) => {
      const port = await tlsServer(t, pair);
      const record = await probe(planFor(port, { trust: trusting(trusted), request: null }), noSignal);
      assert.deepEqual(record.verify, verify);
      assert.equal(record.outcome, code === undefined ? 'ok' : 'verify-failed');
    });

    test(`${name}, of a gateway that refuses it in the handshake`, async (t) => {
      const port = await tlsServer(t, { ...pair, maxVersion: 'TLSv1.2', requestCert: true, ca: [] });
      const record = await probe(planFor(port, { trust: trusting(trusted), request: null }), noSignal);
      assert.deepEqual([record.outcome, record.alert?.number, record.verify], ['alert', 40, verify]);
    });
  }
});
