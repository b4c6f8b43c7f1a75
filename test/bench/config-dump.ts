/**
 * Time and peak memory of reading a large config dump, beside jq on the same file:
 *
 *   node test/bench/config-dump.ts [MEGABYTES] [FILE]
 *
 * Writes the dump into FILE, or into a temporary folder that is removed at the end.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { readConfigDump } from '../../src/envoy/read-config-dump.ts';

const filter = '[.configs[].dynamic_listeners[]?.name]';

function chain(index: number): object {
  const host = `host-${index}.example.com`;
  const http = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    rds: { config_source: { ads: {} }, route_config_name: `https.443.https.gateway-${index}.shop` },
    http_filters: ['grpc_stats', 'fault', 'cors', 'router'].map((name) => ({
      name: `envoy.filters.http.${name}`,
      typed_config: { '@type': `type.googleapis.com/envoy.extensions.filters.http.${name}.v3.Filter` },
    })),
    tracing: {
      custom_tags: Array.from({ length: 9 }, (_, tag) => ({ tag: `istio.tag_${tag}`, literal: { value: host } })),
    },
    access_log: [{ name: 'envoy.access_loggers.file', typed_config: { path: '/dev/stdout' } }],
  };
  const context = {
    '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
    common_tls_context: {
      alpn_protocols: ['h2', 'http/1.1'],
      tls_certificate_sds_secret_configs: [{ name: `kubernetes://tls-${index}`, sds_config: { ads: {} } }],
    },
    require_client_certificate: false,
  };
  return {
    filter_chain_match: { server_names: [host] },
    filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: http }],
    transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: context },
  };
}

const elements: Readonly<Record<string, (index: number) => object>> = {
  dynamic_active_clusters: (index) => ({
    cluster: {
      name: `outbound|80||service-${index}.shop.svc.cluster.local`,
      type: 'EDS',
      circuit_breakers: {
        thresholds: Array.from({ length: 8 }, () => ({ max_connections: 4294967295, max_retries: 4294967295 })),
      },
      transport_socket_matches: [{ name: 'tlsMode-istio' }, { name: 'tlsMode-disabled' }],
    },
    last_updated: '2026-11-21T14:51:42.386Z',
  }),
  dynamic_listeners: (index) => ({
    name: `0.0.0.0_${10_000 + index}`,
    active_state: {
      listener: {
        name: `0.0.0.0_${10_000 + index}`,
        address: { socket_address: { address: '0.0.0.0', port_value: 10_000 + index } },
        filter_chains: Array.from({ length: 50 }, (_, at) => chain(index * 50 + at)),
        listener_filters: [{ name: 'envoy.filters.listener.tls_inspector' }],
      },
    },
  }),
  dynamic_route_configs: (index) => ({
    route_config: {
      name: `https.443.https.gateway-${index}.shop`,
      virtual_hosts: [
        {
          name: `host-${index}.example.com:443`,
          domains: [`host-${index}.example.com`],
          routes: Array.from({ length: 12 }, (_, at) => ({
            match: { prefix: `/part-${at}` },
            route: { cluster: `outbound|80||service-${index}.shop.svc.cluster.local`, timeout: '0s' },
            decorator: { operation: `service-${index}.shop.svc.cluster.local:80/part-${at}/*` },
          })),
        },
      ],
    },
  }),
  dynamic_active_secrets: (index) => ({
    name: `kubernetes://tls-${index}`,
    secret: {
      name: `kubernetes://tls-${index}`,
      tls_certificate: { certificate_chain: { inline_bytes: 'TElORQ'.repeat(600) } },
    },
  }),
};

async function write(file: string, megabytes: number): Promise<void> {
  const stream = createWriteStream(file);
  const sections = Object.entries(elements);
  stream.write('{\n "configs": [');
  for (const [place, [member, element]] of sections.entries()) {
    stream.write(`${place > 0 ? ',' : ''}\n  {\n   "${member}": [`);
    const budget = (megabytes * 1024 * 1024) / sections.length;
    for (let index = 0, bytes = 0; bytes < budget; index += 1) {
      const text = `${index > 0 ? ',' : ''}\n${JSON.stringify(element(index), undefined, 1)}`;
      bytes += text.length;
      if (!stream.write(text)) await once(stream, 'drain');
    }
    stream.write('\n   ]\n  }');
  }
  stream.end('\n ]\n}\n');
  await finished(stream);
}

async function readHere(file: string): Promise<void> {
  const { state, problems } = await readConfigDump(createReadStream(file, { highWaterMark: 1 << 20 }));
  console.log(JSON.stringify({ listeners: state.listeners?.length, secrets: state.secrets?.length, problems }));
}

function timed(name: string, command: readonly string[]): void {
  const { stderr } = spawnSync('/usr/bin/time', ['-f', '%e s, %M kB', ...command], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  console.log(`${name}: ${stderr.trim().split('\n').at(-1)}`);
}

const [first, second] = process.argv.slice(2);
if (first === 'read' && second !== undefined) await readHere(second);
else {
  const folder = mkdtempSync(join(tmpdir(), 'istls-bench-'));
  const file = second ?? join(folder, 'config_dump.json');
  try {
    await write(file, Number(first ?? 200));
    console.log(`${Math.round(statSync(file).size / 1e6)} MB`);
    timed('istls', [process.execPath, import.meta.filename, 'read', file]);
    timed('jq', ['jq', filter, file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
