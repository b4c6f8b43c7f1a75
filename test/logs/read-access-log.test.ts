import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isOwnRequest, readAccessLog } from '../../src/logs/read-access-log.ts';
import { responseFlag, responseFlags } from '../../src/logs/response-flags.ts';

function read(lines: readonly string[], formats: readonly string[] = []) {
  return readAccessLog(
    { namespace: 'ingress', pod: 'gateway-x', container: 'istio-proxy', lines, truncatedLines: 0 },
    formats,
  );
}

const time = '[2026-06-15T08:00:00.123Z]';
const numbers = '12 345 6 5';
const request = '"203.0.113.9" "curl/8.5.0 (x y)" "0f2a-1" "shop.example.com"';
const addresses =
  '"10.1.0.9:8080" outbound|8080||web.shop.svc.cluster.local 10.0.0.5:40000 10.0.0.5:8443 203.0.113.9:50000';

const common = {
  at: '2026-06-15T08:00:00.123Z',
  bytesReceived: 12,
  bytesSent: 345,
  durationMs: 6,
  upstreamHost: '10.1.0.9:8080',
  upstreamCluster: 'outbound|8080||web.shop.svc.cluster.local',
  upstreamLocal: '10.0.0.5:40000',
  downstreamLocal: '10.0.0.5:8443',
  downstreamRemote: '203.0.113.9:50000',
};
const http = {
  ...common,
  method: 'GET',
  path: '/a b?c="d"',
  protocol: 'HTTP/2',
  status: 503,
  forwardedFor: '203.0.113.9',
  userAgent: 'curl/8.5.0 (x y)',
  requestId: '0f2a-1',
  authority: 'shop.example.com',
};
const place = { namespace: 'ingress', pod: 'gateway-x', container: 'istio-proxy', line: 1 };

test('every default text format since Istio 1.0', () => {
  const get = '"GET /a b?c="d" HTTP/2" 503 URX,UF';
  const flags = ['URX', 'UF'];
  const cases: readonly (readonly [string, string, object])[] = [
    ['1.0 http', `${time} "GET /a b?c="d"HTTP/2" 503 URX,UF ${numbers} ${request} ${addresses}`, { ...http, flags }],
    ['1.0 tcp', `${time} UF 12 345 6 ${addresses}`, { ...common, flags: ['UF'] }],
    [
      '1.1',
      `${time} ${get} "-" ${numbers} ${request} ${addresses} shop.example.com`,
      { ...http, flags, sni: 'shop.example.com' },
    ],
    [
      '1.2',
      `${time} ${get} "-" "TLS error: 1" ${numbers} ${request} ${addresses} -`,
      { ...http, flags, sni: null, upstreamFailure: 'TLS error: 1' },
    ],
    [
      '1.3-1.7',
      `${time} ${get} "-" "-" ${numbers} ${request} ${addresses} - default`,
      { ...http, flags, sni: null, upstreamFailure: null, routeName: 'default' },
    ],
    [
      '1.8',
      `${time} ${get} "a b" ${numbers} ${request} ${addresses} x.example.com -`,
      { ...http, flags, sni: 'x.example.com', upstreamFailure: 'a b', routeName: null },
    ],
    [
      '1.9+',
      `${time} ${get} via_upstream - "-" ${numbers} ${request} ${addresses} shop.example.com -`,
      {
        ...http,
        flags,
        details: 'via_upstream',
        terminationDetails: null,
        upstreamFailure: null,
        sni: 'shop.example.com',
        routeName: null,
      },
    ],
    [
      '1.9+ with words about the end',
      `${time} ${get} x transport socket timeout was reached "-" ${numbers} ${request} ${addresses} - -`,
      {
        ...http,
        flags,
        details: 'x',
        terminationDetails: 'transport socket timeout was reached',
        upstreamFailure: null,
        sni: null,
        routeName: null,
      },
    ],
  ];
  for (const [name, line, expected] of cases) assert.deepEqual(read([line]), [{ ...place, ...expected }], name);
});

test('a listener line, on which nothing but the addresses and the name is known', () => {
  const [entry] = read([
    `${time} "- - -" 0 NR filter_chain_not_found - "-" 0 0 2 - "-" "-" "-" "-" "-" - - 10.0.0.5:8443 203.0.113.9:50000 wrong.example.com -`,
  ]);
  assert.deepEqual([entry?.method, entry?.path, entry?.protocol, entry?.status], [null, null, null, 0]);
  assert.deepEqual([entry?.flags, entry?.details, entry?.sni], [['NR'], 'filter_chain_not_found', 'wrong.example.com']);
  assert.equal(entry?.upstreamHost, null);
});

test('JSON: default members, names of its own, typed values, groups', () => {
  const expected = { ...place, ...http, path: '/', flags: ['UF'], sni: null, at: '2026-06-15T08:00:00.123Z' };
  const members = {
    start_time: '2026-06-15T08:00:00.123Z',
    method: 'GET',
    path: '/',
    protocol: 'HTTP/2',
    response_code: 503,
    response_flags: 'UF',
    bytes_received: 12,
    bytes_sent: '345',
    duration: 6,
    x_forwarded_for: '203.0.113.9',
    user_agent: 'curl/8.5.0 (x y)',
    request_id: '0f2a-1',
    authority: 'shop.example.com',
    upstream_host: '10.1.0.9:8080',
    upstream_cluster: common.upstreamCluster,
    upstream_local_address: '10.0.0.5:40000',
    downstream_local_address: '10.0.0.5:8443',
    downstream_remote_address: '203.0.113.9:50000',
    requested_server_name: '-',
    istio_policy_status: '-',
  };
  assert.deepEqual(read([JSON.stringify(members)]), [expected]);
  const typed = {
    ...members,
    requested_server_name: null,
    bytes_sent: 345,
    duration: '6',
    response_flags: 'UpstreamConnectionFailure',
  };
  assert.deepEqual(read([JSON.stringify(typed)]), [expected]);
  const { start_time, method, path, protocol, response_code, response_flags, ...rest } = members;
  const grouped = {
    '@timestamp': start_time,
    request: { method, path, protocol },
    response: { status: response_code, flags: response_flags },
    proxy: rest,
  };
  assert.deepEqual(read([JSON.stringify(grouped)]), [expected]);
  const own = {
    t: start_time,
    rc: 503,
    rf: 'UF',
    host: common.upstreamHost,
    uc: common.upstreamCluster,
    dr: common.downstreamRemote,
  };
  const format = JSON.stringify({
    t: '%START_TIME%',
    rc: '%RESPONSE_CODE%',
    rf: '%RESPONSE_FLAGS%',
    host: '%UPSTREAM_HOST%',
    uc: '%UPSTREAM_CLUSTER%',
    dr: '%DOWNSTREAM_REMOTE_ADDRESS%',
  });
  const [entry] = read([JSON.stringify(own)], [format]);
  assert.deepEqual(
    [entry?.status, entry?.flags, entry?.upstreamHost, entry?.authority],
    [503, ['UF'], '10.1.0.9:8080', undefined],
  );
});

test('a text format of its own, as the listener names it', () => {
  const format =
    '%START_TIME(%Y-%m-%d %H:%M:%S)% [%RESPONSE_CODE%/%RESPONSE_FLAGS%] %RESPONSE_FLAGS% "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %REQUESTED_SERVER_NAME% "%DOWNSTREAM_PEER_SUBJECT%" %RESPONSE_CODE%\n';
  const [entry] = read(['2026-06-15 [200/-] - "GET / HTTP/2" shop.example.com "CN=client, O=x" 200'], [format]);
  assert.deepEqual(
    [entry?.at, entry?.flags, entry?.method, entry?.sni, entry?.status],
    ['2026-06-15', [], 'GET', 'shop.example.com', 200],
  );
  assert.deepEqual(read(['something else entirely with words'], [format]), []);
});

test('lines of other programs are no entries', () => {
  const others = [
    '2026-06-15T08:00:00.000000Z\tinfo\tads\tADS: new connection for node:1',
    '[2019-06-15 08:00:00.000][18][warning][config] [x.cc:1] gRPC config stream closed: 14, ',
    '203.0.113.9 - - [15/Jun/2026:08:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "curl"',
    '{"level":"info","time":"2026-06-15T08:00:00Z","scope":"ads","msg":"method path status"}',
    '{"method":"GET","path":"/","status":200,"duration":5,"host":"shop.example.com","user_agent":"curl"}',
    `${time} one two three`,
    '',
    '[]',
    '{',
  ];
  assert.deepEqual(read(others), []);
});

test('what a client sends cannot put words into the columns after it', () => {
  const forged = 'x" "forged-id" "forged.example.com" "10.9.9.9:1" outbound|1||forged - 1.1.1.1:1 2.2.2.2:2 forged -';
  const line = `${time} "GET / HTTP/1.1" 404 NR route_not_found - "-" ${numbers} "203.0.113.9" "${forged}" "0f2a-1" "shop.example.com" "-" - - 10.0.0.5:8443 203.0.113.9:50000 shop.example.com -`;
  const [entry] = read([line]);
  assert.deepEqual([entry?.status, entry?.flags], [404, ['NR']]);
  assert.deepEqual(
    [entry?.downstreamRemote, entry?.sni, entry?.upstreamHost],
    ['203.0.113.9:50000', 'shop.example.com', null],
  );
  assert.deepEqual([entry?.requestId, entry?.authority, entry?.userAgent], [undefined, undefined, undefined]);
});

test('flags by both of their names, each explained', () => {
  assert.equal(responseFlag('UF'), responseFlag('UpstreamConnectionFailure'));
  assert.equal(responseFlag('XX'), undefined);
  assert.equal(new Set(responseFlags.map(({ short }) => short)).size, responseFlags.length);
  for (const { short, meaning } of responseFlags) assert.match(meaning, /^[A-Z].{10,}\.$/, short);
  const [entry] = read([
    `${time} "GET / HTTP/2" 503 UpstreamConnectionFailure,XX via_upstream - "-" ${numbers} ${request} ${addresses} - -`,
  ]);
  assert.deepEqual(entry?.flags, ['UF', 'XX']);
});

test('what istls itself asked for is known by its user agent', () => {
  const agents = ['istls/1.0', 'curl istls', 'curl/8', 'pistils', null];
  assert.deepEqual(
    agents.map((userAgent) => isOwnRequest({ userAgent })),
    [true, true, false, false, false],
  );
});

test('no line throws or takes long', () => {
  const word = fc.constantFrom(
    '" "',
    '"',
    ' ',
    '[2026-06-15T08:00:00.123Z] ',
    '- ',
    '503 ',
    'UF ',
    '{"response_flags":',
    '}',
    ',',
    '"sni":"x"',
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(word, fc.string())),
      (parts) => void read([parts.join(''), `${time} ${parts.join('')}`]),
    ),
  );
  const started = performance.now();
  read(Array.from({ length: 200 }, () => `${time} ${'" "'.repeat(20_000)}`));
  read(Array.from({ length: 200 }, () => `${time} ${'"a b'.repeat(15_000)}`));
  read(Array.from({ length: 200 }, () => `${time}${' '.repeat(60_000)}x`));
  assert.ok(performance.now() - started < 4000);
});
