import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeStates } from '../../src/envoy/merge-states.ts';
import {
  readBoundListeners,
  readCerts,
  readClusters,
  readInitDump,
  readServerInfo,
} from '../../src/envoy/read-admin-pages.ts';
import { recognisePage } from '../../src/envoy/recognise-page.ts';
import { writeAdminPages } from '../../src/envoy/write-admin-pages.ts';
import { readStats } from '../../src/envoy/read-stats.ts';
import { fixture, readDump } from './dump.ts';

test('/certs: a context once, however often it is repeated, and which CA stands beside which leaf', () => {
  const certificate = (serial: string, names: readonly object[]) => ({
    path: '<inline>',
    serial_number: serial,
    subject_alt_names: names,
    days_until_expiration: '10',
    valid_from: '2026-01-01T00:00:00Z',
    expiration_time: '2026-12-31T00:00:00Z',
  });
  const mutual = { ca_cert: [certificate('0a', [])], cert_chain: [certificate('0b', [{ dns: 'shop.example.com' }])] };
  const workload = {
    ca_cert: [],
    cert_chain: [certificate('0c', [{ uri: 'spiffe://x/ns/a/sa/b' }, { ip_address: '10.0.0.1' }])],
  };
  const read = readCerts(JSON.stringify({ certificates: [mutual, workload, {}, mutual, workload] }));
  assert.deepEqual(
    read?.map(({ role, serialNumber, subjectAltNames, context }) => [role, serialNumber, subjectAltNames, context]),
    [
      ['leaf', 'b', ['shop.example.com'], 0],
      ['ca', 'a', [], 0],
      ['leaf', 'c', ['spiffe://x/ns/a/sa/b', '10.0.0.1'], 1],
    ],
  );
});

test('/listeners and /clusters as JSON and as text', () => {
  const json = '{"listener_statuses":[{"name":"0.0.0.0_443","local_address":{}},{"name":"::_80"}]}';
  assert.deepEqual(readBoundListeners(json), ['0.0.0.0_443', '::_80']);
  assert.deepEqual(readBoundListeners('0.0.0.0_443::0.0.0.0:443\n::_80::[::]:80\n'), ['0.0.0.0_443', '::_80']);

  const text = [
    'outbound|80||a.b::observability_name::outbound|80||a.b',
    'outbound|80||a.b::10.0.0.1:80::cx_active::0',
    'outbound|80||a.b::10.0.0.1:80::health_flags::healthy',
    'outbound|80||a.b::[fd00::1]:80::health_flags::/failed_active_hc/failed_outlier_check',
    'sds-grpc::./var/run/socket::health_flags::healthy',
  ].join('\n');
  const socket = (address: string) => ({ socket_address: { address, port_value: 80 } });
  const status = {
    cluster_statuses: [
      {
        name: 'outbound|80||a.b',
        host_statuses: [
          { address: socket('10.0.0.1'), health_status: { eds_health_status: 'HEALTHY' } },
          { address: socket('fd00::1'), health_status: { eds_health_status: 'HEALTHY', failed_outlier_check: true } },
        ],
      },
      { name: 'sds-grpc', host_statuses: [{ address: { pipe: { path: './var/run/socket' } } }] },
      { name: 'empty' },
    ],
  };
  const expected = [
    { cluster: 'outbound|80||a.b', address: '10.0.0.1:80', healthy: true },
    { cluster: 'outbound|80||a.b', address: '[fd00::1]:80', healthy: false },
    { cluster: 'sds-grpc', address: './var/run/socket', healthy: true },
  ];
  assert.deepEqual(readClusters(text), expected);
  assert.deepEqual(readClusters(JSON.stringify(status)), expected);
});

test('/server_info and /init_dump', () => {
  const info = { version: 'abc/1.38.3/Modified/RELEASE/BoringSSL-FIPS', state: 'INITIALIZING' };
  const node = readServerInfo(JSON.stringify(info));
  assert.deepEqual(node, { envoyVersion: '1.38.3', ssl: 'BoringSSL-FIPS', state: 'INITIALIZING', labels: {} });
  const waiting = {
    unready_targets_dumps: [
      { name: 'x', target_names: ['shared target SdsApi kubernetes://a', 'b'] },
      { target_names: ['b'] },
    ],
  };
  assert.deepEqual(readInitDump(JSON.stringify(waiting)), ['shared target SdsApi kubernetes://a', 'b']);
  assert.deepEqual(readInitDump('{}'), []);
});

test('/stats as text, JSON and for Prometheus give the same names', () => {
  const expected = {
    'listener_manager.lds.update_rejected': 1,
    'listener.0.0.0.0_443.ssl.fail_verify_error': 2,
    'listener.0.0.0.0_443.no_filter_chain_match': 3,
    'listener.0.0.0.0_443.server_ssl_socket_factory.downstream_context_secrets_not_ready': 4,
    'tls_inspector.sni_not_found': 5,
    'server.live': 1,
  };
  const text = Object.entries(expected).map(([name, value]) => `${name}: ${value}`);
  text.push(
    'listener_manager.lds.version_text: "2026: 12"',
    'server.initialization_time_ms: P0(nan,58.0) P25(nan,58.2)',
  );
  assert.deepEqual(readStats(text.join('\n')), expected);
  const stats: object[] = Object.entries(expected).map(([name, value]) => ({ name, value }));
  stats.push({ name: 'x.version_text', value: '7' }, { histograms: { supported_quantiles: [] } });
  assert.deepEqual(readStats(JSON.stringify({ stats })), expected);
  const prometheus = `# TYPE envoy_listener_manager_lds_update_rejected counter
envoy_listener_manager_lds_update_rejected{} 1
# TYPE envoy_listener_ssl_fail_verify_error counter
envoy_listener_ssl_fail_verify_error{listener_address="0.0.0.0_443"} 2
envoy_listener_no_filter_chain_match{envoy_listener_address="0.0.0.0_443"} 3
envoy_listener_server_ssl_socket_factory_downstream_context_secrets_not_ready{listener_address="0.0.0.0_443"} 4
envoy_tls_inspector_sni_not_found{} 5
envoy_server_live{} 1
# TYPE envoy_listener_manager_lds_update_duration histogram
envoy_listener_manager_lds_update_duration_bucket{le="0.5"} 0
envoy_listener_manager_lds_update_duration_count{} 2
# TYPE envoy_cluster_upstream_cx_total counter
envoy_cluster_upstream_cx_total{cluster_name="xds-grpc"} 6
`;
  assert.deepEqual(readStats(prometheus), {
    ...expected,
    'envoy_cluster_upstream_cx_total{cluster_name="xds-grpc"}': 6,
  });
});

test('an error in the place of a page is no page', () => {
  const errors = [
    '',
    'no healthy upstream',
    'error: forbidden',
    '<html>',
    '{"certificates":',
    '[]',
    '{"message": "Unauthorized"}',
    'null',
  ];
  for (const [read, name] of [
    [readCerts, 'certs'],
    [readBoundListeners, 'listeners'],
    [readClusters, 'clusters'],
    [readServerInfo, 'server_info'],
    [readInitDump, 'init_dump'],
    [readStats, 'stats'],
  ] as const) {
    for (const error of errors) assert.equal(read(error), undefined, `${name}: ${error}`);
  }
});

test('pages of one Envoy put together: a later endpoint holds, an older node keeps its labels', () => {
  const merged = mergeStates(
    {
      node: { labels: { istio: 'ingressgateway' }, statsInclusion: ['prefix:'] },
      endpoints: [{ cluster: 'a', address: '1:80', healthy: true }],
    },
    {
      node: { labels: {}, state: 'LIVE' },
      endpoints: [
        { cluster: 'a', address: '1:80', healthy: false },
        { cluster: 'b', address: '1:80', healthy: true },
      ],
    },
    { stats: { 'server.live': 1 } },
  );
  assert.deepEqual(merged, {
    node: { labels: { istio: 'ingressgateway' }, statsInclusion: ['prefix:'], state: 'LIVE' },
    endpoints: [
      { cluster: 'a', address: '1:80', healthy: false },
      { cluster: 'b', address: '1:80', healthy: true },
    ],
    stats: { 'server.live': 1 },
  });
});

test('a page is known by its content, as Envoy and as istls write it', async () => {
  const { state } = await readDump(fixture('config-dump-v3.json'));
  const pages = writeAdminPages({
    ...state,
    stats: { 'listener_manager.lds.update_rejected': 1 },
    boundListeners: ['0.0.0.0_443'],
    waitingFor: ['x'],
    loadedCertificates: [],
  });
  assert.equal(pages.length, 6);
  for (const { file, text } of pages.filter((page) => page.file !== 'server_info.json')) {
    assert.equal(recognisePage(text), file.replace(/\.\w+$/, ''));
  }
  assert.equal(recognisePage(fixture('config-dump-v2.json')), 'config_dump');
  assert.equal(
    recognisePage('{"version": "a/1.38.3/b", "state": "LIVE", "hot_restart_version": "disabled"}'),
    'server_info',
  );
  assert.equal(recognisePage('outbound|80||a.b::observability_name::outbound|80||a.b\n'), 'clusters');
  assert.equal(recognisePage('0.0.0.0_443::0.0.0.0:443\n'), 'listeners');
  for (const other of ['', '{"kind":"List"}', 'apiVersion: v1', '2026-06-15T08:00:00Z\tinfo\tx', '[1,2]']) {
    assert.equal(recognisePage(other), undefined, other);
  }
});
