import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import type { CertificateDescription, Minted } from '../../src/pki/certificate-description.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { mintRevocationList } from '../../src/pki/mint-revocation-list.ts';
import { meet } from './client.ts';
import {
  GatewayWorld,
  gateway,
  httpsServer,
  inWorld,
  pair,
  root,
  serialOf,
  tlsSecret,
  virtualService,
} from './gateway-world.ts';
import { programsMissing, run } from './programs.ts';

const day = 24 * 3600_000;
const daysFromNow = (days: number): Date => new Date(Date.now() + days * day);
const clients = mintCertificate({ subject: 'CN=clients', ca: true });
const intermediate = mintCertificate({ subject: 'CN=clients 2', ca: true }, clients);
const others = mintCertificate({ subject: 'CN=others', ca: true });
const client = (more: CertificateDescription = {}, issuer = clients): Minted =>
  mintCertificate(
    { subject: 'CN=client', dnsNames: ['client.example'], extendedKeyUsage: ['clientAuth'], ...more },
    issuer,
  );

/** Every client with the alert that BoringSSL refuses it with, in TLS 1.2 and in TLS 1.3. */
const people: Readonly<
  Record<string, { readonly shows?: Minted; readonly alerts: readonly [number, number] | 'admitted' }>
> = {
  good: { shows: client(), alerts: 'admitted' },
  'uri-name': { shows: client({ dnsNames: [], uris: ['spiffe://a/client'] }), alerts: 'admitted' },
  nobody: { alerts: [40, 116] },
  'other-ca': { shows: client({}, others), alerts: [48, 48] },
  'self-signed': { shows: mintCertificate({ subject: 'CN=self', dnsNames: ['client.example'] }), alerts: [48, 48] },
  'intermediate-not-sent': { shows: client({}, intermediate), alerts: [48, 48] },
  expired: { shows: client({ notBefore: daysFromNow(-9), notAfter: daysFromNow(-1) }), alerts: [45, 45] },
  'not-yet-valid': { shows: client({ notBefore: daysFromNow(1), notAfter: daysFromNow(9) }), alerts: [45, 45] },
  'server-usage': { shows: client({ extendedKeyUsage: ['serverAuth'] }), alerts: [43, 43] },
  'other-name': { shows: client({ dnsNames: ['stranger.example'] }), alerts: [46, 46] },
};

const mutual = (more: JsonObject = {}): JsonObject => ({ mode: 'MUTUAL', credentialName: 'a-tls', ...more });
const objects = (tls: JsonObject, secret: Readonly<Record<string, string>>) => [
  tlsSecret('edge/a-tls', pair('a.example'), secret),
  gateway('shop/a', [httpsServer(['a.example'], tls)]),
  virtualService('shop/a', ['a.example'], ['a']),
];
const named = objects(mutual({ subjectAltNames: ['client.example', 'spiffe://a/client'] }), {
  'ca.crt': clients.certificatePem,
});

/** Node's words for the alerts above. */
const alertOf = (outcome: string): number | string => {
  const words: Readonly<Record<string, number>> = {
    HANDSHAKE_FAILURE: 40, UNSUPPORTED_CERTIFICATE: 43, CERTIFICATE_REVOKED: 44, CERTIFICATE_EXPIRED: 45,
    CERTIFICATE_UNKNOWN: 46, UNKNOWN_CA: 48, BAD_CERTIFICATE_HASH_VALUE: 114, CERTIFICATE_REQUIRED: 116,
  }; // prettier-ignore
  return (
    Object.entries(words).find(([word]) => outcome.endsWith(`ALERT_${word}`) || outcome.endsWith(word))?.[1] ?? outcome
  );
};
const showing = (shown?: Minted) => (shown ? { cert: shown.certificatePem, key: shown.privateKeyPem } : {});

suite('MUTUAL, as Node meets it', () => {
  for (const [index, maxVersion] of (['TLSv1.2', 'TLSv1.3'] as const).entries()) {
    test(`each refusal has its alert in ${maxVersion}`, async () => {
      await inWorld(named, async (world) => {
        for (const [name, { shows, alerts }] of Object.entries(people)) {
          const met = await meet(world, 'a.example', { maxVersion, ...showing(shows) });
          const expected = alerts === 'admitted' ? 'HTTP/1.1 200 OK' : alerts[index];
          assert.equal(met.status ?? alertOf(met.outcome), expected, name);
          // In TLS 1.3 the client has finished before it is refused, in TLS 1.2 it never does.
          assert.equal(met.protocol, alerts === 'admitted' || maxVersion === 'TLSv1.3' ? maxVersion : undefined, name);
        }
        // A refused handshake leaves no line in the access log: only those that were answered do.
        assert.equal(world.log('gateway').length, 2);
      });
    });
  }

  test('revoked, revoked but for a list that is out of date, and no list for the issuer', async () => {
    const [good, revoked] = [client(), client()];
    const list = (issuer: Minted, thisUpdate: Date, nextUpdate: Date): string =>
      mintRevocationList(issuer, { revokedSerials: [serialOf(revoked)], thisUpdate, nextUpdate });
    const current = list(clients, daysFromNow(-1), daysFromNow(9));
    for (const [crl, shown, expected] of [
      [current, revoked, 44],
      [current, good, 'HTTP/1.1 200 OK'],
      [list(clients, daysFromNow(-9), daysFromNow(-1)), good, 45],
      [list(others, daysFromNow(-1), daysFromNow(9)), good, 48],
    ] as const) {
      await inWorld(objects(mutual(), { 'ca.crt': clients.certificatePem, 'ca.crl': crl }), async (world) => {
        const met = await meet(world, 'a.example', { maxVersion: 'TLSv1.2', ...showing(shown) });
        assert.equal(met.status ?? alertOf(met.outcome), expected);
      });
    }
  });

  test('pins, an intermediate as anchor, a leaf as anchor', async () => {
    const good = client();
    const status = async (tls: JsonObject, ca: string, shown: Minted): Promise<string | number> => {
      let seen: string | number = '';
      await inWorld(objects(tls, { 'ca.crt': ca }), async (world) => {
        const met = await meet(world, 'a.example', { maxVersion: 'TLSv1.2', ...showing(shown) });
        seen = met.status ?? alertOf(met.outcome);
      });
      return seen;
    };
    assert.equal(await status(mutual({ verifyCertificateHash: ['00'.repeat(32)] }), clients.certificatePem, good), 114);
    assert.equal(await status(mutual(), intermediate.certificatePem, client({}, intermediate)), 'HTTP/1.1 200 OK');
    assert.equal(await status(mutual(), good.certificatePem, good), 'HTTP/1.1 200 OK');
  });

  test('OPTIONAL_MUTUAL admits nobody’s certificate and refuses a wrong one', async () => {
    await inWorld(objects(mutual({ mode: 'OPTIONAL_MUTUAL' }), { 'ca.crt': clients.certificatePem }), async (world) => {
      assert.equal((await meet(world, 'a.example')).status, 'HTTP/1.1 200 OK');
      assert.equal((await meet(world, 'a.example', showing(client()))).status, 'HTTP/1.1 200 OK');
      assert.equal(alertOf((await meet(world, 'a.example', showing(people['other-ca']?.shows))).outcome), 48);
    });
  });

  test('a key pair in the place of the CA asks no client for anything', async () => {
    const tls = mutual({ caCertCredentialName: 'ca-with-key' });
    const ca = tlsSecret('edge/ca-with-key', clients, { 'ca.crt': clients.certificatePem });
    await inWorld([...objects(tls, {}), ca], async (world) => {
      assert.equal((await meet(world, 'a.example')).status, 'HTTP/1.1 200 OK');
    });
  });

  test('ISTIO_MUTUAL shows the mesh certificate and wants one of the mesh', async () => {
    await inWorld(objects({ mode: 'ISTIO_MUTUAL' }, {}), async (world) => {
      assert.equal(alertOf((await meet(world, 'a.example', { maxVersion: 'TLSv1.2' })).outcome), 40);
      assert.equal(
        alertOf((await meet(world, 'a.example', { maxVersion: 'TLSv1.2', ...showing(client()) })).outcome),
        48,
      );
    });
  });

  test('a request that comes with the last flight of the client changes nothing', async () => {
    await inWorld(named, async (world) => {
      for (const { shows } of [people['other-ca'], people['good']].filter((person) => person !== undefined)) {
        const outcomes = await Promise.all(Array.from({ length: 8 }, () => meet(world, 'a.example', showing(shows))));
        const seen = new Set(outcomes.map(({ outcome, status }) => status ?? alertOf(outcome)));
        assert.equal(seen.size, 1);
      }
    });
  });
});

suite('MUTUAL, as others meet it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'istls-test-'));
  const file = (name: string): string => join(folder, name);
  const world = new GatewayWorld(...named);
  before(() => {
    writeFileSync(file('ca.crt'), root.certificatePem);
    for (const [name, { shows }] of Object.entries(people)) {
      if (!shows) continue;
      writeFileSync(file(`${name}.crt`), shows.certificatePem);
      writeFileSync(file(`${name}.key`), shows.privateKeyPem, { mode: 0o600 });
    }
  });
  after(() => {
    world.close();
    rmSync(folder, { recursive: true });
  });

  test(
    'openssl s_client reads every alert, under every suite of TLS 1.3',
    { skip: programsMissing('openssl') },
    async () => {
      const port = await world.portTo(443);
      const dial = async (person: string, ...options: readonly string[]): Promise<string> => {
        const shown = people[person]?.shows ? ['-cert', file(`${person}.crt`), '-key', file(`${person}.key`)] : [];
        const target = ['-connect', `127.0.0.1:${port}`, '-servername', 'a.example', '-CAfile', file('ca.crt')];
        const input = 'GET / HTTP/1.0\r\nhost: a.example\r\n\r\n';
        const words = ['s_client', ...target, ...shown, ...options];
        const { out, err } = await run('openssl', words, { input, holdInput: 150 });
        const text = out + err;
        return /SSL alert number (\d+)/.exec(text)?.[1] ?? (text.includes('HTTP/1.1 200 OK') ? 'admitted' : text);
      };
      for (const [person, { alerts }] of Object.entries(people)) {
        assert.equal(await dial(person, '-tls1_2'), alerts === 'admitted' ? alerts : String(alerts[0]), person);
        assert.equal(await dial(person, '-tls1_3'), alerts === 'admitted' ? alerts : String(alerts[1]), person);
      }
      for (const suiteName of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']) {
        assert.equal(await dial('expired', '-ciphersuites', suiteName), '45', suiteName);
        assert.equal(await dial('good', '-ciphersuites', suiteName), 'admitted', suiteName);
      }
    },
  );

  test('curl ends as it ends before Envoy', { skip: programsMissing('curl') }, async () => {
    const port = await world.portTo(443);
    const call = async (person: string, version: string): Promise<string> => {
      const shown = people[person]?.shows ? ['--cert', file(`${person}.crt`), '--key', file(`${person}.key`)] : [];
      const target = ['--resolve', `a.example:${port}:127.0.0.1`, '--cacert', file('ca.crt'), '--tls-max', version];
      const words = ['-sS', '-m', '5', '-w', 'HTTP %{http_code}', ...target, ...shown, `https://a.example:${port}/`];
      const { out, err } = await run('curl', words);
      return err + out;
    };
    assert.match(await call('good', '1.2'), /HTTP 200$/);
    assert.match(await call('good', '1.3'), /HTTP 200$/);
    assert.match(await call('nobody', '1.2'), /curl: \(35\) .*alert handshake failure/);
    assert.match(await call('nobody', '1.3'), /curl: \((56|55|16)\) /);
    assert.match(await call('other-ca', '1.2'), /curl: \(35\) .*alert unknown ca/);
    assert.match(await call('server-usage', '1.2'), /curl: \(35\) .*alert unsupported certificate/);
  });
});
