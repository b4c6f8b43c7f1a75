import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createSecureContext } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import type { TlsVersion } from '../../src/tls/versions.ts';
import {
  clientOf,
  host,
  keyPair,
  leaf,
  noSignal,
  otherRoot,
  planFor,
  root,
  tcpServer,
  tlsServer,
  trustsRoot,
} from './peers.ts';

const versions: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];
const mutual: TlsOptions = { requestCert: true, ca: [root.certificatePem, otherRoot.certificatePem] };
const authorities = ['CN=Test Root,O=Example', 'CN=Other Root,O=Example'];
const client = clientOf(mintCertificate({ subject: 'CN=client', extendedKeyUsage: ['clientAuth'] }, root));

for (const version of versions) {
  suite(`by ${version}`, () => {
    const only = { minVersion: version, maxVersion: version };

    test('one connection tells version, cipher, ALPN, chain, verification and answer', async (t) => {
      const port = await tlsServer(t, { ...only, ALPNProtocols: ['http/1.1'] });
      const record = await probe(planFor(port), noSignal);
      const { cipher, at, ms, from, ...facts } = record;
      assert.match(cipher ?? '', /AES|CHACHA/);
      assert.ok(!Number.isNaN(Date.parse(at ?? '')) && ms >= 0);
      assert.match(from?.[0] ?? '', /^127\.0\.0\.1:\d+$/);
      assert.deepEqual(facts, {
        host,
        sni: host,
        address: '127.0.0.1',
        port,
        via: 'direct',
        clientCertificate: 'none',
        offered: { min: 'TLSv1.2', max: 'TLSv1.3', alpn: ['h2', 'http/1.1'] },
        trust: 'ca.crt',
        outcome: 'ok',
        protocol: version,
        alpn: 'http/1.1',
        chain: [leaf.certificatePem],
        clientCertificateRequested: 'no',
        verify: { ok: true },
        http: { status: 200, path: '/', headers: { 'content-length': '0' } },
        own: true,
      });
    });

    test('a chain is kept as sent: needless root, wrong order, strangers', async (t) => {
      const issuer = mintCertificate({ subject: 'CN=Issuing CA', ca: true }, root);
      const own = mintCertificate({ subject: `CN=${host}`, dnsNames: [host] }, issuer);
      const chain = [own, root, otherRoot, issuer].map(({ certificatePem }) => certificatePem);
      const port = await tlsServer(t, { ...only, cert: chain.join(''), key: own.privateKeyPem });
      const record = await probe(planFor(port), noSignal);
      assert.deepEqual(record.chain, chain);
      assert.deepEqual(record.verify, { ok: true });
    });

    test('a chain of 64 kB comes through', async (t) => {
      const bulk = mintCertificate({
        subject: 'CN=Bulk',
        dnsNames: Array.from({ length: 400 }, (_, index) => `host-${index}.of-a-long-name.example.com`),
      });
      const copies = Math.ceil((64 * 1024) / bulk.certificateDer.length);
      const cert = [leaf.certificatePem, ...Array.from({ length: copies }, () => bulk.certificatePem)].join('');
      const port = await tlsServer(t, { ...only, cert });
      const record = await probe(planFor(port), noSignal);
      assert.equal(record.outcome, 'ok');
      assert.equal(record.chain?.length, copies + 1);
      assert.equal(record.clientCertificateRequested, 'no');
    });

    test('a server that demands a certificate refuses a client without, and is still seen', async (t) => {
      const port = await tlsServer(t, { ...only, ...mutual });
      const record = await probe(planFor(port), noSignal);
      const late = version === 'TLSv1.3';
      assert.equal(record.outcome, 'alert');
      assert.equal(record.alert?.number, late ? 116 : 40);
      assert.equal(record.phase, late ? 'request' : 'handshake');
      assert.equal(record.refusedAfterHandshake, late ? true : undefined);
      assert.equal(record.clientCertificateRequested, 'required');
      assert.deepEqual(record.acceptableCas, authorities);
      assert.equal(record.chain?.[0], leaf.certificatePem);
      assert.deepEqual(record.verify, { ok: true });
      assert.equal(record.connections, undefined);
    });

    test('the refusal is seen without a request as well', async (t) => {
      const port = await tlsServer(t, { ...only, ...mutual });
      const record = await probe(planFor(port, { request: null }), noSignal);
      assert.deepEqual([record.outcome, record.clientCertificateRequested], ['alert', 'required']);
    });

    test('a server that would like one takes a client without', async (t) => {
      const port = await tlsServer(t, { ...only, ...mutual, rejectUnauthorized: false });
      for (const request of [{ path: '/' }, null]) {
        const record = await probe(planFor(port, { request }), noSignal);
        assert.deepEqual([record.outcome, record.clientCertificateRequested], ['ok', 'optional']);
        assert.equal(record.http?.status, request ? 200 : undefined);
      }
    });

    test('whether a certificate that was taken had been needed, a second connection tells', async (t) => {
      for (const rejectUnauthorized of [true, false]) {
        const port = await tlsServer(t, { ...only, ...mutual, rejectUnauthorized });
        const record = await probe(planFor(port, { client }), noSignal);
        assert.deepEqual([record.outcome, record.connections, record.from?.length], ['ok', 2, 2]);
        assert.equal(record.clientCertificateRequested, rejectUnauthorized ? 'required' : 'optional');
        assert.deepEqual([record.clientCertificate, record.clientChain], ['CN=client', client.chain]);
      }
    });

    test('no second connection is made where none is allowed', async (t) => {
      const port = await tlsServer(t, { ...only, ...mutual });
      const record = await probe(planFor(port, { client, followUp: false }), noSignal);
      assert.deepEqual(
        [record.outcome, record.connections, record.clientCertificateRequested],
        ['ok', undefined, undefined],
      );
    });

    test('a certificate that the server cannot take is known to be withheld', async (t) => {
      const ed25519 = clientOf(mintCertificate({ subject: 'CN=client', key: 'ed25519' }, root));
      const port = await tlsServer(t, { ...only, ...mutual, sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256' });
      const withheld = await probe(planFor(port, { client: ed25519 }), noSignal);
      assert.deepEqual([withheld.clientCertificateWithheld, withheld.outcome], [true, 'alert']);
      const sent = await probe(planFor(port, { client }), noSignal);
      assert.deepEqual([sent.clientCertificateWithheld, sent.outcome], [undefined, 'ok']);
    });

    test('every parameter that hides the flight is read through', async (t) => {
      const cipherLists = {
        'TLSv1.3': ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
        'TLSv1.2': ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
      };
      for (const ciphers of cipherLists[version === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2']) {
        // P-521 is in nobody's first key share, so TLS 1.3 has to ask again (HelloRetryRequest).
        for (const ecdhCurve of ['auto', 'P-521']) {
          const port = await tlsServer(t, { ...only, ...mutual, ciphers, ecdhCurve, rejectUnauthorized: false });
          const record = await probe(planFor(port), noSignal);
          assert.deepEqual([record.outcome, record.cipher], ['ok', ciphers]);
          assert.deepEqual([record.chain?.[0], record.acceptableCas], [leaf.certificatePem, authorities]);
        }
      }
    });
  });
}

suite('the name', () => {
  const shown = mintCertificate({ subject: 'CN=default.example.com', dnsNames: ['default.example.com'] }, root);
  const seen: (string | undefined)[] = [];
  const options: TlsOptions = {
    cert: shown.certificatePem,
    key: shown.privateKeyPem,
    SNICallback: (name, done) => {
      seen.push(name);
      done(null, createSecureContext(keyPair));
    },
  };

  test('that is sent chooses the certificate, and `host` is what it is verified for', async (t) => {
    const port = await tlsServer(t, options);
    seen.length = 0;
    const right = await probe(planFor(port), noSignal);
    const wrong = await probe(planFor(port, { sni: 'other.example.com' }), noSignal);
    const none = await probe(planFor(port, { sni: null }), noSignal);
    const address = await probe(planFor(port, { host: '127.0.0.1' }), noSignal);
    assert.deepEqual(seen, [host, 'other.example.com']);
    assert.deepEqual(
      [right, wrong, none, address].map(({ sni, outcome, verify }) => [sni, outcome, verify]),
      [
        [host, 'ok', { ok: true }],
        ['other.example.com', 'ok', { ok: true }],
        [null, 'verify-failed', { ok: false, code: 'ERR_TLS_CERT_ALTNAME_INVALID' }],
        [null, 'verify-failed', { ok: false, code: 'ERR_TLS_CERT_ALTNAME_INVALID' }],
      ],
    );
    assert.equal(none.http?.status, 200, 'what a client without verification gets is seen all the same');
  });

  test('without a trust nothing is verified', async (t) => {
    const port = await tlsServer(t);
    const record = await probe(planFor(port, { trust: { kind: 'none' } }), noSignal);
    assert.deepEqual([record.outcome, record.verify, record.trust], ['ok', undefined, 'none']);
    assert.deepEqual(record.chain, [leaf.certificatePem]);
  });

  test('by default the public roots are trusted, which did not sign this', async (t) => {
    const port = await tlsServer(t);
    const { trust: _, ...plan } = planFor(port);
    const record = await probe(plan, noSignal);
    assert.deepEqual(
      [record.outcome, record.trust, record.verify?.code],
      ['verify-failed', 'system', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    );
  });
});

suite('versions and ciphers that are not shared', () => {
  test('by a server with a newer minimum', async (t) => {
    const port = await tlsServer(t, { minVersion: 'TLSv1.3' });
    const record = await probe(planFor(port, { max: 'TLSv1.2' }), noSignal);
    assert.deepEqual([record.outcome, record.alert], ['alert', { number: 70, name: 'protocol_version' }]);
    assert.deepEqual(record.offered, { min: 'TLSv1.2', max: 'TLSv1.2', alpn: ['h2', 'http/1.1'] });
  });

  test('by a server that is too old', async (t) => {
    const port = await tlsServer(t, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' });
    const record = await probe(planFor(port), noSignal);
    assert.deepEqual([record.outcome, record.alert?.number], ['alert', 70]);
    const old = await probe(planFor(port, { min: 'TLSv1' }), noSignal);
    assert.deepEqual([old.outcome, old.protocol, old.http?.status], ['ok', 'TLSv1.1', 200]);
  });

  test('by a server whose key fits none of its ciphers', async (t) => {
    const port = await tlsServer(t, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
    const record = await probe(planFor(port), noSignal);
    assert.deepEqual([record.outcome, record.alert?.number, record.phase], ['alert', 40, 'handshake']);
  });

  test('the ciphers of a plan are those that are offered', async (t) => {
    const port = await tlsServer(t, { maxVersion: 'TLSv1.2' });
    const ciphers = ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'];
    const record = await probe(planFor(port, { ciphers }), noSignal);
    assert.deepEqual([record.cipher, record.offered?.ciphers], ['ECDHE-ECDSA-AES256-GCM-SHA384', ciphers[0]]);
    const rsa = await probe(planFor(port, { ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'] }), noSignal);
    assert.deepEqual([rsa.outcome, rsa.alert?.number], ['alert', 40]);
  });

  test('a cipher list of nothing but nonsense is wrong usage', async (t) => {
    const port = await tlsServer(t);
    await assert.rejects(
      probe(planFor(port, { ciphers: ['NO-SUCH-CIPHER'], max: 'TLSv1.2', min: 'TLSv1.2' }), noSignal),
      {
        name: 'IstlsError',
        exit: 2,
      },
    );
  });

  test('a client key that OpenSSL thinks too short is shown to the server all the same', async (t) => {
    const short = clientOf(mintCertificate({ subject: 'CN=client', key: 'rsa-1024' }, root));
    const port = await tlsServer(t, { ...mutual, rejectUnauthorized: false });
    const record = await probe(planFor(port, { client: short, trust: trustsRoot }), noSignal);
    assert.deepEqual([record.outcome, record.clientCertificate], ['ok', 'CN=client']);
  });
});

suite('a refusal by TLS 1.3 that loses its alert', () => {
  /** The first connection goes to a server that asks for a certificate and then closes without a word. */
  async function front(t: TestContext, second: TlsOptions): Promise<number> {
    const silent = await tlsServer(t, { ...mutual, rejectUnauthorized: false }, (socket) => socket.destroy());
    const ports = [silent, await tlsServer(t, { ...mutual, ...second })];
    return tcpServer(t, (socket) => {
      const inner = connect(ports.shift() ?? 1, '127.0.0.1').on('error', () => {});
      socket.pipe(inner).pipe(socket);
    });
  }

  test('is told by the connection that ends, and its alert by TLS 1.2', async (t) => {
    const record = await probe(planFor(await front(t, {})), noSignal);
    assert.deepEqual([record.outcome, record.phase, record.refusedAfterHandshake], ['closed', 'request', true]);
    assert.deepEqual(record.alert, { number: 40, name: 'handshake_failure', seenWith: 'TLSv1.2' });
    assert.deepEqual([record.clientCertificateRequested, record.connections], ['required', 2]);
  });

  test('is none where TLS 1.2 takes the same client', async (t) => {
    const record = await probe(planFor(await front(t, { rejectUnauthorized: false })), noSignal);
    assert.deepEqual([record.outcome, record.refusedAfterHandshake, record.alert], ['closed', undefined, undefined]);
    assert.deepEqual([record.clientCertificateRequested, record.connections], ['optional', 2]);
  });

  test('stays without alert where there is only TLS 1.3, or only one connection allowed', async (t) => {
    const only13 = await probe(planFor(await front(t, { minVersion: 'TLSv1.3' })), noSignal);
    assert.deepEqual([only13.refusedAfterHandshake, only13.alert, only13.connections], [true, undefined, 2]);
    const once = await probe(planFor(await front(t, {}), { followUp: false }), noSignal);
    assert.deepEqual([once.refusedAfterHandshake, once.alert, once.connections], [true, undefined, undefined]);
  });
});
