import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainLogLine } from '../../src/logs/explain-log-line.ts';

const message = 'failed to fetch key and certificate for kubernetes://shop-tls: secret ingress/shop-tls not found';

test('a line is explained in every envelope, with what a viewer put before it, and bare', () => {
  const lines = [
    message,
    `2026-06-15T08:00:00.000000Z\twarn\tads\t${message}`,
    `2026-06-15T08:00:00.000000Z     warn    ads     ${message}`,
    `[pod/istiod-x/discovery] 2026-06-15T08:00:00.000000Z\twarn\tads\t${message}`,
    `istiod-5c9d8f6b7d-q4wzn discovery 2026-06-15T08:00:00.000000Z\twarn\tads\t${message}`,
    `Jun 15 08:00:00 node-1 istiod[12]: ${message}`,
    JSON.stringify({ level: 'warn', time: '2026-06-15T08:00:00.000000Z', scope: 'ads', msg: message }),
    `> ${message}`,
  ];
  for (const line of lines) {
    const found = explainLogLine(line);
    assert.equal(found?.meaning.id, 'istiod-key-not-found', line);
    assert.deepEqual(found.parts, { resource: 'kubernetes://shop-tls', namespace: 'ingress', name: 'shop-tls' }, line);
    assert.equal(found.events[0]?.kind, 'secret-not-found');
  }
  assert.deepEqual(
    lines.map((line) => explainLogLine(line)?.scope),
    [undefined, 'ads', 'ads', 'ads', 'ads', undefined, 'ads', undefined],
  );
});

test('an access log line is explained with its flags and the errors in it', () => {
  const line =
    '[pod/gateway-x/istio-proxy] [2026-06-15T08:00:00.000Z] "GET / HTTP/2" 503 URX,UF upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end} - "TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end" 0 121 29 - "203.0.113.9" "curl/8" "id" "shop.example.com" "10.1.0.9:8080" outbound|8080||shop.shop.svc.cluster.local - 10.0.0.5:8443 203.0.113.9:50000 shop.example.com -';
  const found = explainLogLine(line);
  assert.equal(found?.meaning.id, 'access-backend-tls-failed');
  assert.deepEqual(
    found.flags?.map(({ short }) => short),
    ['URX', 'UF'],
  );
  assert.equal(found.tlsErrors[0]?.reason, 'WRONG_VERSION_NUMBER');
  assert.equal(found.access?.sni, 'shop.example.com');
});

test('an error text alone is explained too, and what is nothing is not', () => {
  const error =
    'TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify cert failed: SAN matcher:TLS_error_end';
  const found = explainLogLine(error);
  assert.deepEqual(found?.meaning.causes, ['mtls-client-san-mismatch']);
  assert.equal(explainLogLine('268436504')?.tlsErrors[0]?.alert?.name, 'unknown_ca');
  assert.equal(explainLogLine('KEY_VALUES_MISMATCH')?.meaning.causes[0], 'key-cert-mismatch');
  for (const nothing of ['', 'hello', 'GET / HTTP/1.1', '{}', '12', '\u0000', 'x'.repeat(100_000)]) {
    assert.equal(explainLogLine(nothing), undefined, nothing.slice(0, 20));
  }
});
