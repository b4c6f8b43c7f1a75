import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import type { CertificateDescription } from '../../src/pki/certificate-description.ts';
import type { ClientCertificate, ProbePlan } from '../../src/sources/probe/plan.ts';
import { probeAll } from '../../src/sources/probe/probe-all.ts';
import { probe } from '../../src/sources/probe/probe.ts';
import type { TlsVersion } from '../../src/tls/versions.ts';
import { noEnvoy, startEnvoy } from './envoy.ts';
import { clientOf, noSignal, otherRoot, planFor, root } from './peers.ts';

const day = 24 * 3600_000;
const pair = mintCertificate({ subject: 'CN=*.example.com', dnsNames: ['*.example.com'] }, root);
const clientCa = mintCertificate({ subject: 'CN=Client CA', ca: true });
const rsaPair = mintCertificate({ subject: 'CN=rsa', dnsNames: ['*.example.com'], key: 'rsa-2048' }, root);

function client(description: CertificateDescription = {}, issuer = clientCa): ClientCertificate {
  const usual = { subject: 'CN=client', dnsNames: ['client.example.com'], extendedKeyUsage: ['clientAuth'] } as const;
  return clientOf(mintCertificate({ ...usual, ...description }, issuer));
}

/** What a MUTUAL server with subjectAltNames makes of a client, by the alert of TLS 1.2. */
const refusals: Readonly<Record<string, readonly [ClientCertificate | undefined, number]>> = {
  'no certificate': [undefined, 40],
  'another CA': [client({}, otherRoot), 48],
  'an expired certificate': [
    client({ notBefore: new Date(Date.now() - 9 * day), notAfter: new Date(Date.now() - day) }),
    45,
  ],
  'a certificate of tomorrow': [client({ notBefore: new Date(Date.now() + day) }), 45],
  'a certificate for servers': [client({ extendedKeyUsage: ['serverAuth'] }), 43],
  'a name that is not admitted': [client({ dnsNames: ['stranger.example.com'] }), 46],
  'a key of a type that is not taken': [client({ key: 'ed25519' }), 40],
};

suite('a real Envoy', { skip: noEnvoy }, () => {
  let envoy: Awaited<ReturnType<typeof startEnvoy>>;
  const plan = (name: string, changes: Partial<ProbePlan> = {}): ProbePlan =>
    planFor(envoy.port, { host: `${name}.example.com`, ...changes });

  before(async () => {
    const mutual = { pair, clientCa, clientRequired: true, clientNames: ['client.example.com'] };
    const named = (name: string): { serverName: string } => ({ serverName: `${name}.example.com` });
    envoy = await startEnvoy([
      { ...named('simple'), pair },
      { ...named('mutual'), ...mutual },
      { ...named('mutual13'), ...mutual, tlsParams: { tls_minimum_protocol_version: 'TLSv1_3' } },
      { ...named('optional'), pair, clientCa },
      { ...named('pinned'), ...mutual, clientHash: '00'.repeat(32) },
      { ...named('old'), pair, tlsParams: { tls_maximum_protocol_version: 'TLSv1_2' } },
      {
        ...named('ecdsa-only'),
        pair: rsaPair,
        tlsParams: { tls_maximum_protocol_version: 'TLSv1_2', cipher_suites: ['ECDHE-ECDSA-AES128-GCM-SHA256'] },
      },
    ]);
  });
  after(() => envoy.stop());

  test('answers by HTTP/2 and by HTTP/1.1', async () => {
    for (const alpn of [['h2', 'http/1.1'], ['http/1.1'], []]) {
      const record = await probe(plan('simple', { alpn }), noSignal);
      assert.deepEqual([record.outcome, record.alpn, record.http?.status], ['ok', alpn[0], 418]);
      assert.equal(record.http?.server, 'istio-envoy');
      assert.deepEqual([record.clientCertificateRequested, record.verify], ['no', { ok: true }]);
    }
  });

  test('resets a name that no chain has, no name, and a request in clear', async () => {
    for (const changes of [{ sni: 'nobody.example.com' }, { sni: null }]) {
      const record = await probe(plan('simple', changes), noSignal);
      assert.deepEqual([record.outcome, record.phase, record.received], ['reset', 'handshake', { bytes: 0 }]);
    }
    const clear = await probe(plan('simple', { scheme: 'http' }), noSignal);
    assert.deepEqual([clear.outcome, clear.phase], ['reset', 'request']);
  });

  test('resets a PROXY header that it does not expect', async () => {
    const record = await probe(plan('simple', { proxyProtocol: true }), noSignal);
    assert.equal(record.outcome, 'reset');
  });

  for (const [name, [shown, number]] of Object.entries(refusals)) {
    for (const server of ['mutual', 'mutual13']) {
      test(`refuses ${name} by TLS 1.3 (${server}), and the alert is not lost`, async () => {
        const changes = { ...(shown && { client: shown }), followUp: false };
        for (const request of [{ path: '/' }, null]) {
          const record = await probe(plan(server, { ...changes, request }), noSignal);
          assert.deepEqual([record.outcome, record.phase, record.refusedAfterHandshake], ['alert', 'request', true]);
          assert.equal(record.alert?.number, number === 40 ? 116 : number);
          assert.deepEqual(record.acceptableCas, ['CN=Client CA']);
          assert.equal(record.clientCertificateRequested, shown ? undefined : 'required');
        }
      });
    }
    test(`refuses ${name} by TLS 1.2`, async () => {
      const record = await probe(plan('mutual', { ...(shown && { client: shown }), max: 'TLSv1.2' }), noSignal);
      assert.deepEqual([record.outcome, record.phase, record.alert?.number], ['alert', 'handshake', number]);
      assert.deepEqual([record.clientCertificateRequested, record.acceptableCas], ['required', ['CN=Client CA']]);
      assert.deepEqual([record.chain, record.verify], [[pair.certificatePem], { ok: true }]);
      const isWithheld = shown?.key.asymmetricKeyType === 'ed25519';
      assert.equal(record.clientCertificateWithheld, isWithheld ? true : undefined);
    });
  }

  test('refuses a certificate that is not pinned', async () => {
    const record = await probe(plan('pinned', { client: client() }), noSignal);
    assert.deepEqual([record.outcome, record.alert?.number], ['alert', 114]);
  });

  test('admits a certificate of any type that it takes', async () => {
    for (const key of ['ec-p256', 'rsa-2048'] as const) {
      for (const max of ['TLSv1.2', 'TLSv1.3'] satisfies TlsVersion[]) {
        const record = await probe(plan('mutual', { client: client({ key }), max }), noSignal);
        assert.deepEqual([record.outcome, record.http?.status, record.protocol], ['ok', 418, max]);
        assert.deepEqual([record.clientCertificateRequested, record.connections], ['required', 2]);
      }
    }
  });

  test('does without where it only would like a certificate, and refuses a wrong one', async () => {
    for (const max of ['TLSv1.2', 'TLSv1.3'] satisfies TlsVersion[]) {
      const none = await probe(plan('optional', { max }), noSignal);
      assert.deepEqual([none.outcome, none.http?.status, none.clientCertificateRequested], ['ok', 418, 'optional']);
      const wrong = await probe(plan('optional', { max, client: client({}, otherRoot) }), noSignal);
      assert.deepEqual(
        [wrong.outcome, wrong.alert?.number, wrong.clientCertificateRequested],
        ['alert', 48, 'optional'],
      );
    }
  });

  test('names the version and the cipher that are not shared', async () => {
    const version = await probe(plan('old', { min: 'TLSv1.3' }), noSignal);
    assert.deepEqual([version.outcome, version.alert?.number], ['alert', 70]);
    const cipher = await probe(plan('ecdsa-only'), noSignal);
    assert.deepEqual([cipher.outcome, cipher.alert?.number], ['alert', 40]);
  });

  test('gives its alert to each of a hundred refused clients', async () => {
    const plans = Array.from({ length: 100 }, () => plan('mutual', { client: client({}, otherRoot), followUp: false }));
    const { probes } = await probeAll(plans, { signal: noSignal, concurrency: 4 });
    const alerts = probes.filter(({ alert }) => alert?.number === 48).length;
    assert.deepEqual([alerts, probes.filter(({ refusedAfterHandshake }) => refusedAfterHandshake).length], [100, 100]);
  });
});

test('an Envoy that expects a PROXY header answers to it alone', { skip: noEnvoy }, async (t) => {
  const envoy = await startEnvoy([{ pair }], { proxyProtocol: true });
  t.after(() => envoy.stop());
  const plan = planFor(envoy.port, { host: 'any.example.com', timeoutMs: 2000 });
  const without = await probe(plan, noSignal);
  assert.ok(['reset', 'closed'].includes(without.outcome), without.outcome);
  const behind = await probe({ ...plan, proxyProtocol: true }, noSignal);
  assert.deepEqual([behind.outcome, behind.http?.status], ['ok', 418]);
});
