import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinTrace, type Trace } from '../../src/logs/join-trace.ts';
import { readAccessLog } from '../../src/logs/read-access-log.ts';
import type { AccessLogEntry } from '../../src/model/log-event.ts';

const id = '6d5c1f2e-9a3b-4c7d-8e1f-0a1b2c3d4e5f';
const host = 'shop.example.com';
const service = 'web.shop.svc.cluster.local';

/** A line of a proxy in Istio's JSON format, read back as an entry. */
function entry(pod: string, members: object): AccessLogEntry {
  const line = { start_time: '2026-06-15T08:00:00.100Z', response_flags: '-', duration: 20, ...members };
  const log = { namespace: 'shop', pod, container: 'istio-proxy', lines: [JSON.stringify(line)], truncatedLines: 0 };
  const [read] = readAccessLog(log);
  assert.ok(read, 'no entry');
  return read;
}

/** Before the gateway TLS is opaque: the client's sidecar knows the server name and the bytes. */
const client = entry('sleep-1', {
  method: null,
  response_code: 0,
  requested_server_name: host,
  upstream_cluster: 'PassthroughCluster',
  upstream_host: '10.0.0.5:8443',
  upstream_local_address: '10.0.0.9:41000',
  downstream_local_address: '198.51.100.7:443',
  downstream_remote_address: '10.0.0.9:41100',
  start_time: '2026-06-15T08:00:00.000Z',
  duration: 5000,
});
const gateway = entry('istio-ingressgateway-1', {
  method: 'GET',
  path: '/',
  request_id: id,
  authority: host,
  response_code: 200,
  requested_server_name: host,
  upstream_cluster: `outbound|80|v2|${service}`,
  upstream_host: '10.0.0.20:8080',
  upstream_local_address: '10.0.0.5:42000',
  downstream_local_address: '10.0.0.5:8443',
  downstream_remote_address: '10.0.0.9:41000',
});
const application = entry('web-v2-1', {
  method: 'GET',
  path: '/',
  request_id: id,
  authority: host,
  response_code: 200,
  requested_server_name: `outbound_.80_.v2_.${service}`,
  upstream_cluster: 'inbound|8080||',
  upstream_host: '10.0.0.20:8080',
  upstream_local_address: '127.0.0.6:43000',
  downstream_local_address: '10.0.0.20:8080',
  downstream_remote_address: '10.0.0.5:42000',
});
const others = [
  { ...client, pod: 'sleep-2', upstreamLocal: '10.0.0.8:41000', sni: 'other.example.com' },
  { ...gateway, requestId: 'another', downstreamRemote: '10.0.0.9:41000' },
  { ...client, pod: 'sleep-3', at: '2026-06-15T07:00:00.000Z' },
];

function path(trace: Trace): readonly string[] {
  return trace.hops.map(({ entry: { pod }, role, joinedBy }) => `${role} ${pod} by ${joinedBy}`);
}

test('three proxies, joined by the id of the request and the addresses of the connections', () => {
  const trace = joinTrace([...others, application, client, gateway], id);
  assert.deepEqual(path(trace), [
    'client-sidecar sleep-1 by address',
    'gateway istio-ingressgateway-1 by request-id',
    'application-sidecar web-v2-1 by request-id',
  ]);
  assert.equal(trace.failure, undefined);
  assert.equal(trace.endsOpen, false);
});

test('behind a load balancer the addresses differ: the server name joins, if only one sidecar fits', () => {
  const translated = { ...gateway, downstreamRemote: '172.16.0.1:9999' };
  assert.deepEqual(path(joinTrace([client, translated], id)), [
    'client-sidecar sleep-1 by server-name',
    'gateway istio-ingressgateway-1 by request-id',
  ]);
  const twin = { ...client, pod: 'sleep-9' };
  assert.deepEqual(path(joinTrace([client, twin, translated], id)), ['gateway istio-ingressgateway-1 by request-id']);
});

test('an application that logs no id is known by the server name of the mesh and its address', () => {
  const silent = { ...application, requestId: null, downstreamRemote: '10.0.0.5:1' };
  const elsewhere = { ...silent, pod: 'web-v2-2', downstreamLocal: '10.0.0.21:8080' };
  assert.deepEqual(path(joinTrace([gateway, silent, elsewhere], id)), [
    'gateway istio-ingressgateway-1 by request-id',
    'application-sidecar web-v2-1 by server-name',
  ]);
});

test('the hop nearest to the backend that tells of a fault is the one that failed', () => {
  const failed = (at: AccessLogEntry, more: Partial<AccessLogEntry>) => ({ ...at, status: 503, ...more });
  const toBackend = joinTrace(
    [
      client,
      failed(gateway, {
        flags: ['URX', 'UF'],
        details:
          'upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end}',
      }),
    ],
    id,
  );
  assert.deepEqual([toBackend.failure?.hop, toBackend.failure?.where], [1, 'upstream']);
  assert.equal(toBackend.failure?.meaning.id, 'access-backend-tls-failed');
  assert.deepEqual(
    toBackend.failure.flags.map(({ short }) => short),
    ['URX', 'UF'],
  );
  assert.equal(toBackend.endsOpen, true);

  const atGateway = joinTrace(
    [
      client,
      { ...gateway, status: 404, flags: ['NR'], details: 'route_not_found', upstreamHost: null, upstreamLocal: null },
    ],
    id,
  );
  assert.deepEqual([atGateway.failure?.hop, atGateway.failure?.where], [1, 'here']);
  assert.equal(atGateway.endsOpen, false);

  const inside = joinTrace([client, failed(gateway, {}), failed(application, { flags: ['UF'] })], id);
  assert.deepEqual([inside.failure?.hop, inside.failure?.where], [2, 'upstream']);

  const answered = joinTrace([gateway, { ...application, status: 500 }], id);
  assert.deepEqual([answered.failure?.hop, answered.failure?.where], [1, 'answer']);

  const refused = joinTrace(
    [{ ...gateway, status: 403, upstreamHost: null, details: 'rbac_access_denied_matched_policy[none]' }],
    id,
  );
  assert.equal(refused.failure?.where, 'here');
});

test('a gateway is known by the pods that are named, and an unknown id gives an empty trace', () => {
  const trace = joinTrace([{ ...gateway, pod: 'edge-1' }, application], id, { gateways: new Set(['shop/edge-1']) });
  assert.deepEqual(
    trace.hops.map(({ role }) => role),
    ['gateway', 'application-sidecar'],
  );
  assert.deepEqual(joinTrace([gateway], 'none'), { hops: [], endsOpen: false });
});

test('a great many entries of one connection are joined at once', () => {
  const many = Array.from({ length: 50_000 }, (_, at) => ({ ...gateway, requestId: `r${at}`, line: at }));
  const started = performance.now();
  const trace = joinTrace([...many, gateway, application, client], id);
  assert.equal(trace.hops.length, 3);
  assert.ok(performance.now() - started < 2000);
});
