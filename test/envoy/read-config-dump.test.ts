import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { mergeStates } from '../../src/envoy/merge-states.ts';
import { readConfigDump } from '../../src/envoy/read-config-dump.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { chunksOf, fixture, readDump } from './dump.ts';

const v3 = fixture('config-dump-v3.json');
const v2 = fixture('config-dump-v2.json');
const parsed: { configs: Record<string, unknown>[] } = JSON.parse(v3);
const secretsSection = parsed.configs.find((each) => 'dynamic_warming_secrets' in each) ?? {};
const listenersSection = parsed.configs.find((each) => 'dynamic_listeners' in each) ?? {};

function elements(section: Record<string, unknown>, member: string): Record<string, unknown>[] {
  const list = section[member];
  return Array.isArray(list) ? list : [];
}

test('a dump of API v3 gives listeners in all their states, each refused one once', async () => {
  const { state, problems } = await readDump(v3);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    state.listeners?.map(({ name, state: held, chains }) => [name, held, chains.length]),
    [
      ['0.0.0.0_15021', 'static', 1],
      ['0.0.0.0_8443', 'active', 1],
      ['0.0.0.0_8443', 'warming', 4],
      ['udp_0.0.0.0_8443', 'active', 1],
      ['0.0.0.0_9443', 'error', 1],
      ['0.0.0.0_7443', 'draining', 1],
    ],
  );
  const refused = state.listeners?.find((each) => each.state === 'error');
  assert.match(refused?.details ?? '', /^SAN-based verification/);
  assert.equal(refused?.lastUpdated, '2026-06-15T08:00:00.000Z');
  const quic = state.listeners?.find((each) => each.udp);
  assert.deepEqual(quic?.chains[0]?.tls?.secrets, ['kubernetes://shop-tls']);
  assert.deepEqual([state.namespace, state.pod], ['istio-ingress', 'istio-ingressgateway-5f4d8c7b9d-k7m2p']);
  assert.deepEqual(state.node?.metadata, { NAMESPACE: 'istio-ingress', SERVICE_ACCOUNT: 'istio-ingressgateway' });
});

test('the TLS context of a MUTUAL server and of passthrough are told apart', async () => {
  const { state } = await readDump(v3);
  const [, mutual, mesh, passthrough] = state.listeners?.find((each) => each.state === 'warming')?.chains ?? [];
  assert.equal(mutual?.tls?.requireClientCertificate, true);
  assert.equal(mutual.tls.validationSecret, 'kubernetes://partners-tls-cacert');
  assert.deepEqual(mutual.tls.subjectAltNames, ['client.example.com', 'prefix:spiffe://example.com/']);
  assert.deepEqual(mutual.tls.verifySpki, ['AAECAw==']);
  assert.equal(mutual.tls.secretSource, 'ads');
  assert.deepEqual([mesh?.tls?.secretSource, mesh?.tls?.secretFetchTimeout], ['sds-grpc', '0s']);
  assert.equal(passthrough?.tls, undefined);
  assert.equal(passthrough?.routeConfig, undefined);
  assert.deepEqual(passthrough?.tcpClusters, [
    'outbound|8443|v1|bank.bank.svc.cluster.local',
    'outbound|8443|v2|bank.bank.svc.cluster.local',
  ]);
});

test('secrets keep their certificates, their state and what is wrong with their PEM', async () => {
  const { state } = await readDump(v3);
  const brief = state.secrets?.map(({ name, state: held, content, certificates, pemProblems, hasCrl }) => [
    name,
    held,
    content,
    certificates.map(({ serialNumber }) => serialNumber),
    pemProblems,
    hasCrl,
  ]);
  assert.deepEqual(brief, [
    ['kubernetes://shop-tls', 'active', 'key-pair', ['b01', 'a01'], [], false],
    ['kubernetes://joined-tls', 'active', 'key-pair', ['b01', 'a01'], ['blocks-joined'], false],
    ['kubernetes://partners-tls-cacert', 'active', 'validation', ['a02'], [], true],
    ['default', 'active', 'key-pair', ['b01'], [], false],
    ['tickets', 'active', 'other', [], [], false],
    ['kubernetes://partners-tls', 'warming', undefined, [], [], false],
  ]);
});

test('routes, clusters and the matcher of statistics', async () => {
  const { state } = await readDump(v3);
  const [host] = state.routeConfigs?.find(({ name }) => name === 'https.443.https.shop.shop')?.virtualHosts ?? [];
  assert.deepEqual(
    host?.routes.map(({ match, conditional, clusters, directStatus }) => [
      match,
      conditional,
      clusters.length,
      directStatus,
    ]),
    [
      ['prefix:/api', true, 2, undefined],
      ['regex:/v[0-9]+/.*', undefined, 0, 410],
      ['prefix:/', undefined, 1, undefined],
    ],
  );
  const redirect = state.routeConfigs?.find(({ name }) => name === 'http.8080')?.virtualHosts[0];
  assert.equal(redirect?.requireTls, 'ALL');
  assert.deepEqual(redirect?.routes[0]?.redirect, { https: true, port: 443 });
  const billing = state.clusters?.find(({ name }) => name.includes('billing'));
  assert.deepEqual([billing?.tls?.sni, billing?.tls?.caFile], ['billing.example.com', '/etc/ssl/certs/ca.pem']);
  assert.deepEqual(
    state.clusters?.filter(({ warming }) => warming).map(({ name }) => name),
    ['outbound|80||new.shop.svc.cluster.local'],
  );
  assert.deepEqual(state.node?.statsInclusion, ['prefix:listener_manager', 'suffix:rbac.allowed', 'regex:vhost\\..*']);
});

test('a dump of API v2: inline contexts, mounted files, an agent on a socket, listeners by state', async () => {
  const { state, problems } = await readDump(v2);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    state.listeners?.map(({ name, state: held }) => [name, held]),
    [
      ['0.0.0.0_443', 'active'],
      ['0.0.0.0_444', 'warming'],
    ],
  );
  const listener = state.listeners?.[0];
  assert.deepEqual(listener?.listenerFilters, ['envoy.listener.tls_inspector', 'envoy.listener.proxy_protocol']);
  const [agent, files, inline, passthrough] = listener?.chains ?? [];
  assert.deepEqual(agent?.tls?.secrets, ['shop-credential']);
  assert.equal(agent?.tls?.secretSource, 'unix:/var/run/ingress_gateway/sds');
  assert.deepEqual(agent?.tls?.subjectAltNames, ['client.example.com']);
  assert.deepEqual(files?.tls?.files, [
    '/etc/istio/ingressgateway-certs/tls.crt',
    '/etc/istio/ingressgateway-certs/tls.key',
  ]);
  assert.equal(files.tls.caFile, '/etc/istio/ingressgateway-ca-certs/ca.crt');
  assert.deepEqual(
    inline?.tls?.inlineCertificates?.map(({ serialNumber }) => serialNumber),
    ['b01'],
  );
  assert.deepEqual(passthrough?.tcpClusters, ['outbound|443||bank.bank.svc.cluster.local']);
  assert.deepEqual([state.node?.envoyVersion, state.node?.ssl], ['1.12.0-dev', 'BoringSSL']);
});

test('chunks of any size, compact or pretty-printed, with @type first or last, give the same', async () => {
  const expected = await readDump(v3);
  const turned = {
    configs: parsed.configs.map((section) => Object.fromEntries(Object.entries(section).reverse())),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3000 }),
      fc.constantFrom(0, 1, 4),
      fc.boolean(),
      async (size, indent, turn) => {
        const read = await readDump(JSON.stringify(turn ? turned : parsed, undefined, indent), {}, size);
        assert.deepEqual(read, expected);
      },
    ),
    {
      numRuns: 40,
      examples: [
        [1, 1, false],
        [2, 0, true],
      ],
    },
  );
});

test('slices, masks, bare sections and several documents merge into the whole', async () => {
  const expected = (await readDump(v3)).state;
  const slice = (type: string, list: readonly object[]) => ({
    configs: list.map((element) => ({ '@type': `type.googleapis.com/envoy.admin.v3.${type}`, ...element })),
  });
  const listeners = slice('ListenersConfigDump.DynamicListener', elements(listenersSection, 'dynamic_listeners'));
  const fixed = slice('ListenersConfigDump.StaticListener', elements(listenersSection, 'static_listeners'));
  const active = slice('SecretsConfigDump.DynamicSecret', elements(secretsSection, 'dynamic_active_secrets'));
  const warming = slice('SecretsConfigDump.DynamicSecret', elements(secretsSection, 'dynamic_warming_secrets'));
  const states = await Promise.all(
    [fixed, listeners, active, warming].map(async (each) => (await readDump(each)).state),
  );
  const merged = mergeStates(...states);
  assert.deepEqual(merged.secrets, expected.secrets);
  assert.deepEqual(merged.listeners, expected.listeners);
  assert.equal(merged.clusters, undefined);

  const documents = [fixed, listeners, active, warming].map((each) => JSON.stringify(each)).join('\n');
  const together = await readDump(documents, {}, 1000);
  assert.deepEqual(together.problems, []);
  assert.deepEqual(together.state.secrets, expected.secrets);
  assert.deepEqual((await readDump([secretsSection])).state, { secrets: expected.secrets });
  assert.deepEqual((await readDump(listenersSection)).state, { listeners: expected.listeners });
  // Envoy ≤ 1.7 had a map of sections.
  assert.deepEqual((await readDump({ configs: { secrets: secretsSection } })).state, { secrets: expected.secrets });
});

test('a section that a mask emptied is not one without content, a whole dump that lacks secrets is', async () => {
  const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.admin.v3.${name}ConfigDump` });
  const masked = await readDump({
    configs: [secretsSection, type('Listeners'), { ...type('Bootstrap'), bootstrap: {} }],
  });
  assert.equal(masked.state.listeners, undefined);
  const [bootstrap] = parsed.configs;
  assert.deepEqual((await readDump({ configs: [bootstrap, type('Secrets')] })).state.secrets, []);
  assert.deepEqual((await readDump({}, { asked: ['secrets'] })).state, { secrets: [] });
});

test('a private key in a dump that nobody redacted is dropped and reported', async () => {
  const minted = mintCertificate({ subject: 'CN=leak', dnsNames: ['leak.example.com'] });
  const bytes = (pem: string) => ({ inline_bytes: Buffer.from(pem).toString('base64') });
  const swapped = { certificate_chain: bytes(minted.privateKeyPem), private_key: bytes(minted.certificatePem) };
  const whole = {
    certificate_chain: bytes(minted.certificatePem + minted.privateKeyPem),
    private_key: bytes(minted.privateKeyPem),
  };
  const context = {
    tls_certificates: [whole],
    validation_context: { trusted_ca: { inline_string: minted.privateKeyPem } },
  };
  const read = await readDump({
    configs: [
      {
        dynamic_active_secrets: [
          { name: 'a', secret: { name: 'a', tls_certificate: whole } },
          { name: 'b', secret: { name: 'b', tls_certificate: swapped } },
          { name: 'c', secret: { name: 'c', validation_context: { trusted_ca: bytes(minted.privateKeyPem) } } },
        ],
        dynamic_listeners: [
          {
            error_state: {
              details: `cannot load ${minted.privateKeyPem} here`,
              failed_configuration: { filter_chains: [{ tls_context: { common_tls_context: context } }] },
            },
          },
        ],
      },
    ],
  });
  const body = minted.privateKeyPem.split('\n')[1] ?? 'nothing';
  const kept = JSON.stringify(read);
  assert.ok(!kept.includes(body), 'the key is in the result');
  assert.ok(!kept.includes(Buffer.from(body).toString('base64').slice(4, 40)), 'the key is in the result as base64');
  assert.equal(read.state.secrets?.[0]?.certificates.length, 1);
  assert.equal(read.state.listeners?.[0]?.details, 'cannot load [private key taken out]\n here');
  assert.match(read.problems.join('\n'), /not redacted: a private key of a was dropped/);
});

test('a dump that is cut off keeps what came before, and says where it ended', async () => {
  const text = JSON.stringify(parsed);
  const at = text.indexOf('udp_0.0.0.0_8443');
  const read = await readDump(text.slice(0, at));
  assert.deepEqual(
    read.state.listeners?.map(({ name, state: held }) => `${name} ${held}`),
    ['0.0.0.0_15021 static', '0.0.0.0_8443 active', '0.0.0.0_8443 warming'],
  );
  assert.deepEqual(read.problems, [`cut off after ${at} bytes, in dynamic_listeners[1]`]);
  for (let end = 1; end < text.length; end += 997) {
    const { problems } = await readDump(text.slice(0, end));
    assert.equal(problems.length, 1, `no word about a dump of ${end} bytes`);
  }
});

test('what is no config dump is called that, whatever it is', async () => {
  const problem = async (bytes: string | Uint8Array) =>
    (await readConfigDump(chunksOf(Buffer.from(bytes), 7))).problems.join('; ');
  assert.equal(await problem(''), 'empty');
  assert.match(await problem('<html><body>upstream connect error</body></html>'), /^no JSON: it begins with "<html>/);
  assert.match(await problem('{"kind":"List","items":[]}'), /none of its sections/);
  assert.match(await problem('[1, 2, {"a": "b"}]'), /none of its sections/);
  assert.match(await problem('{"configs": [{"name": "x"}]}'), /no element of a config dump/);
  assert.match(await problem(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0])), /no JSON/);
  assert.match(await problem('{"configs": ]'), /no JSON at byte 12, in the outermost object/);
  assert.match(await problem('{"configs": [} ]'), /no JSON at byte 13, in configs\[0\]/);
  assert.match(await problem('{"configs": []} trailing'), /follows something that is no JSON/);
});

test('text before the JSON, byte order marks and UTF-16 do not matter', async () => {
  const expected = await readDump(v3);
  const warned = `Defaulted container "istio-proxy" out of: istio-proxy\n${v3}`;
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(v3, 'utf16le')]);
  for (const bytes of [Buffer.from(`\uFEFF${v3}`), Buffer.from(warned), utf16]) {
    assert.deepEqual(await readConfigDump(chunksOf(bytes, 1001)), expected);
  }
});

test('bombs, garbage and giants cost one element, never the dump', async () => {
  const good = JSON.stringify({ name: 'kubernetes://good', secret: { name: 'kubernetes://good' } });
  const bombs = [
    `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`,
    '{"name": "a", \u0000 "secret": {}}',
    '{"name": "a" "secret": }',
    '"text"',
    '17',
    'null',
    `{"name": "${'x'.repeat(2_000_000)}", "secret": {}}`,
    String.raw`{"name": "quote \" brace } \\", "secret": {}}`,
  ];
  for (const bomb of bombs) {
    const dump = `{"configs": [{"unknown": ${bomb}, "dynamic_active_secrets": [${bomb}, ${good}]}]}`;
    const { state } = await readDump(dump, { maxElementBytes: 1_000_000 }, 65_536);
    assert.equal(state.secrets?.at(-1)?.name, 'kubernetes://good', `lost beside ${bomb.slice(0, 30)}`);
  }
  const { problems } = await readDump(
    `{"configs": [{"dynamic_active_secrets": [${bombs[0]}, ${bombs[2]}, ${bombs[7]}]}]}`,
    { maxElementBytes: 1_000_000 },
    65_536,
  );
  assert.deepEqual(problems, [
    'dynamic_active_secrets[0] is nested too deeply and was left out',
    'dynamic_active_secrets[1] is no JSON and was left out',
    'dynamic_active_secrets[2] is too large and was left out',
  ]);
});

test('duplicate members count once each, and no reading ever throws', async () => {
  const twice = await readDump(
    '{"configs": [{"dynamic_active_secrets": [{"name":"a"}], "dynamic_active_secrets": [{"name":"b","name":"c"}]}]}',
  );
  assert.deepEqual(
    twice.state.secrets?.map(({ name }) => name),
    ['a', 'c'],
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: v2.length - 1 }), { maxLength: 30 }),
      fc.uint8Array({ minLength: 30, maxLength: 30 }),
      async (places, bytes) => {
        const damaged = Buffer.from(v2);
        for (const [index, place] of places.entries()) damaged[place] = bytes[index] ?? 0;
        await readConfigDump(chunksOf(damaged, 4096));
      },
    ),
    { numRuns: 100 },
  );
});

test('the memory of one element is enough for a dump of many', async () => {
  const element = JSON.stringify({ name: 'outbound|80||a.b', cluster: { filler: 'x'.repeat(900) } });
  const count = 60_000;
  function* dump(): Generator<Uint8Array> {
    yield Buffer.from('{"configs": [{"dynamic_active_clusters": [');
    // A source may hand out one and the same buffer again and again.
    const chunk = Buffer.from(`${element},`.repeat(100));
    for (let at = 0; at < count / 100; at += 1) yield chunk;
    yield Buffer.from(`{}], "unread": "${'y'.repeat(1_000_000)}"}]}`);
  }
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  function* watched(): Generator<Uint8Array> {
    for (const chunk of dump()) {
      yield chunk;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
  }
  const { problems } = await readConfigDump(watched());
  assert.deepEqual(problems, []);
  assert.ok(most < 30_000_000, `${most} bytes were held for a dump of ${count * element.length}`);
});
