import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readEnvelope } from '../../src/logs/envelope.ts';
import { matchMessage } from '../../src/logs/match-message.ts';
import { readLogEvents } from '../../src/logs/read-log-events.ts';
import type { LogEvent } from '../../src/model/log-event.ts';
import type { ContainerLog } from '../../src/model/snapshot.ts';

function log(container: string, lines: readonly string[]): ContainerLog {
  return { namespace: 'ingress', pod: 'gateway-x', container, lines, truncatedLines: 0 };
}

function fixtureLines(name: string): readonly string[] {
  return readFileSync(new URL(`../../fixtures/logs/${name}`, import.meta.url), 'utf8').split('\n');
}

/** The events of a fixture on one line each: what, of which credential, and what else was read. */
function events(fixture: string, container: string): readonly string[] {
  return readLogEvents(log(container, fixtureLines(fixture))).map(brief);
}

function brief(event: LogEvent): string {
  const { kind, secret, ca, proxy, gateway, keys, listener, port, pushed, times } = event;
  const parts = [
    kind,
    secret && `${secret.namespace ?? '?'}/${secret.name}${ca ? ' ca' : ''}`,
    !secret && event.resource,
    proxy && `for ${proxy.namespace}/${proxy.pod}`,
    gateway && `gateway ${gateway.namespace ?? '?'}/${gateway.name}`,
    keys && `keys ${keys.join('+')}`,
    listener,
    port && `port ${port}`,
    pushed && `given ${pushed.given} missing ${pushed.missing}`,
    times > 1 && `x${times}`,
  ];
  return parts.filter(Boolean).join(' ');
}

test('Istio 1.1: a push names only its connection, the line in which it was asked for names the secret', () => {
  assert.deepEqual(events('ingress-sds-1.1.log', 'ingress-sds'), [
    'secret-fallback ?/shop-credential',
    'secret-not-found ?/shop-credential',
    'secret-not-found ?/shop-credential',
    'secret-asked ?/shop-credential',
    'secret-empty ?/istio.default',
    'secret-changed ?/shop-credential',
    'secret-pushed ?/shop-credential',
  ]);
});

test('Istio 1.4: resources in the prefix, the CA of clients, and who may not read Secrets', () => {
  assert.deepEqual(events('ingress-sds-1.4.log', 'ingress-sds'), [
    'secret-fallback ?/partners ca',
    'secret-not-found ?/partners ca',
    'secret-asked ?/partners ca',
    'secret-wrong-keys ?/partners ca',
    'secret-changed ?/partners ca',
    'secret-pushed ?/partners ca',
    'secret-api-forbidden',
  ]);
});

test('Istio 1.6: the agent in istio-proxy, and Envoy in two envelopes', () => {
  assert.deepEqual(events('istio-proxy-1.6.log', 'istio-proxy'), [
    'secret-asked ?/shop-credential',
    'secret-asked ?/shop-credential',
    'secret-pushed ?/shop-credential',
    'secret-refused ?/shop-credential',
    'secret-refused',
    'secret-reserved-name ?/istio-shop',
    'listener-refused 0.0.0.0_443 port 443',
  ]);
});

test('Istio 1.10: istiod without reasons', () => {
  assert.deepEqual(events('discovery-1.10.log', 'discovery'), [
    'secret-fetch-failed ?/shop-tls',
    'secret-fetch-failed ?/shop-tls ca',
    'secret-denied-rbac for istio-system/istio-ingressgateway-7d9f-abcde',
    'secret-denied-reference shop/shop-tls for istio-system/istio-ingressgateway-7d9f-abcde',
    'secret-refused for istio-system/istio-ingressgateway-7d9f-abcde',
  ]);
});

test('Istio 1.29: istiod names namespaces, keys, several denied secrets, several refused listeners', () => {
  const proxy = 'for ingress/gateway-6d5f7c9b8-x2x9z';
  assert.deepEqual(events('discovery-1.29.log', 'discovery'), [
    'secret-not-found ingress/shop-tls',
    'secret-wrong-keys ?/partners-tls ca keys a+b+c',
    `secret-denied-reference ?/a-tls ${proxy}`,
    `secret-denied-reference ?/b-tls ca ${proxy}`,
    `secret-pushed ${proxy} given 2 missing 3`,
    `secret-refused ${proxy}`,
    `listener-refused ${proxy} 0.0.0.0_8443 port 8443`,
    `bind-failed ${proxy} 0.0.0.0_80 port 80`,
    'no-virtual-hosts gateway apps/shop port 443',
    'secret-changed ingress/shop-tls',
  ]);
});

test('Istio 1.29: one refusal is counted once, several listeners in one line are several, clients forge nothing', () => {
  const read = readLogEvents(log('istio-proxy', fixtureLines('istio-proxy-1.29.log')));
  assert.deepEqual(read.map(brief), [
    'xds-connected',
    'secret-refused x4',
    'listener-refused 0.0.0.0_8445 port 8445',
    'listener-refused 0.0.0.0_8443 port 8443',
    'secret-fetch-timeout x2',
    'file-secret-failed file-cert:/etc/a/tls.crt~/etc/a/tls.key x2',
    'secret-refused',
  ]);
  const [, refused, debug, duplicate] = read;
  assert.equal(refused?.at, '2026-06-15T08:00:01.100000Z');
  assert.equal(refused?.line, 2);
  assert.match(refused?.reason ?? '', /KEY_VALUES_MISMATCH$/);
  assert.match(debug?.reason ?? '', /^Proto constraint validation failed .*44 characters\)$/);
  assert.match(duplicate?.reason ?? '', /"shop\.example\.com"/);
});

test('the same from a log in JSON', () => {
  assert.deepEqual(events('istio-proxy-json.log', 'istio-proxy'), [
    'xds-connected',
    'secret-refused',
    'file-secret-failed file-root:/etc/a/ca.crt',
    'file-secret-read file-cert:/etc/a/tls.crt~/etc/a/tls.key',
  ]);
});

test('what kubectl and a container runtime put before a line does not matter', () => {
  const line =
    '2026-06-15T08:00:01.100000Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://a: secret b/a not found';
  const prefixes = [
    '',
    '[pod/istiod-x/discovery] ',
    '2026-06-15T08:00:01.200000000Z stdout F ',
    '2026-06-15T08:00:01.200000000Z ',
    '[pod/istiod-x/discovery] 2026-06-15T08:00:01.200000000Z ',
  ];
  for (const prefix of prefixes) {
    const [event, ...rest] = readLogEvents(log('discovery', [prefix + line]));
    assert.equal(event?.kind, 'secret-not-found', prefix);
    assert.equal(event.at, '2026-06-15T08:00:01.100000Z', prefix);
    assert.equal(rest.length, 0);
  }
});

test('a line counts only in the log of one who writes such lines', () => {
  const line =
    '2026-06-15T08:00:01.100000Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://a: secret b/a not found';
  assert.equal(readLogEvents(log('discovery', [line])).length, 1);
  assert.equal(readLogEvents(log('istio-proxy', [line])).length, 0);
  assert.equal(readLogEvents(log('application', [line])).length, 0);
});

test('a clock that is behind is called that, wherever it shows', () => {
  const message =
    'failed to warm certificate: x509: certificate has expired or is not yet valid: current time 2026-06-15T07:00:00Z is before 2026-06-15T08:00:00Z';
  const [event] = readLogEvents(log('istio-proxy', [`2026-06-15T08:00:01.100000Z\twarn\tsds\t${message}`]));
  assert.equal(event?.kind, 'clock-skew');
});

test('a failed handshake names its client, and is one event though two lines tell of it', () => {
  const debug = (scope: string, message: string) =>
    `2026-06-15T08:00:01.1Z\tdebug\tenvoy ${scope} x.cc:1\t${message}\tthread=3`;
  const why =
    'verify cert failed: X509_verify_cert: certificate verification error at depth 0: self signed certificate';
  const error = `TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:${why}:TLS_error_end`;
  const read = readLogEvents(
    log('istio-proxy', [
      debug('connection', why),
      debug('connection', `[Tags: "ConnectionId":"7"] remote address:203.0.113.9:50222,${error}`),
      debug('connection', '[Tags: "ConnectionId":"7"] closing socket: 0'),
      debug('conn_handler', 'closing connection from 203.0.113.9:50280: no matching filter chain found'),
    ]),
  );
  assert.deepEqual(
    read.map(({ kind, client, reason }) => [kind, client, reason]),
    [
      ['handshake-failed', '203.0.113.9:50222', error],
      ['handshake-failed', '203.0.113.9:50280', 'no matching filter chain found'],
    ],
  );
});

test('giant lines, binary garbage and floods of cues are read in linear time', () => {
  const hostile = [
    `2026-06-15T08:00:01.1Z\twarn\tads\tfailed to fetch key and certificate for ${'a'.repeat(1_000_000)}`,
    `2026-06-15T08:00:01.1Z\twarn\tads\t${'failed to fetch key and certificate for kubernetes://a: '.repeat(20_000)}`,
    `2026-06-15T08:00:01.1Z\twarn\tads\t${'ADS:LDS: ACK ERROR a Internal:'.repeat(20_000)}`,
    `2026-06-15T08:00:01.1Z\twarn\t${'skipping server on gateway a port b.'.repeat(20_000)}`,
    '['.repeat(500_000),
    `{"msg":"${'TLS_error|'.repeat(50_000)}","level":"warn"}`,
    `2026-06-15T08:00:01.1Z${' '.repeat(500_000)}warn x`,
    '\u0000\u0001\uFFFD'.repeat(100_000),
  ];
  const started = performance.now();
  for (const container of ['discovery', 'istio-proxy', 'ingress-sds']) {
    readLogEvents(log(container, Array.from({ length: 20 }, () => hostile).flat()));
  }
  const took = performance.now() - started;
  assert.ok(took < 5000, `${Math.round(took)} ms`);
});

test('no text throws', () => {
  const word = fc.constantFrom(
    'failed to fetch ca certificate for ',
    'ADS:SDS: ACK ERROR ',
    'TLS_error:|',
    ' rejected: ',
    '\t',
    '{"',
    '": ',
    'kubernetes://',
    '\n',
    'resource:x ',
    'duplicate host names: [',
    '268435581:a:b:C',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string())), (parts) => {
      const line = `2026-06-15T08:00:01.1Z\twarn\tads\t${parts.join('')}`;
      readLogEvents(log('discovery', [line, parts.join('')]));
      readLogEvents(log('istio-proxy', [line, parts.join('')]));
    }),
    { numRuns: 300 },
  );
});

const captures = process.env['ISTLS_CAPTURES'];
test(
  'no warning in the logs of saved clusters is unknown',
  { skip: captures === undefined && 'ISTLS_CAPTURES is not set' },
  () => {
    const files = globSync('*/logs/*/*/*.log', { cwd: captures });
    assert.ok(files.length > 0, `no log in ${captures}`);
    const unknown = files.flatMap((file) =>
      readFileSync(join(captures ?? '', file), 'utf8')
        .split('\n')
        .map(readEnvelope)
        .filter((envelope) => envelope !== undefined && /warn|err|crit|fatal/.test(envelope.level ?? ''))
        .filter((envelope) => envelope && !matchMessage(envelope.message))
        .map((envelope) => `${basename(file)}: ${envelope?.message}`),
    );
    assert.deepEqual(unknown, []);
  },
);
