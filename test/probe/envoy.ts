import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Minted } from '../../src/pki/certificate-description.ts';
import { portOf } from './peers.ts';

/** The program, named by $ENVOY. There is no other way to find one, so that no test depends on what a machine has. */
export const envoyPath = process.env['ENVOY'];
export const noEnvoy = envoyPath === undefined ? 'no Envoy: $ENVOY names none' : false;

/** One filter chain as istiod writes it for a server of a Gateway. */
export interface ChainDescription {
  /** Absent: the chain takes every name. */
  readonly serverName?: string;
  readonly pair: Minted;
  /** The CA of the clients; absent: none is asked for a certificate. */
  readonly clientCa?: Minted;
  readonly clientRequired?: boolean;
  readonly clientNames?: readonly string[];
  readonly clientHash?: string;
  readonly tlsParams?: object;
  readonly alpn?: readonly string[];
}

const typed = (type: string, fields: object = {}): object => ({ '@type': `type.googleapis.com/${type}`, ...fields });

/**
 * Starts Envoy with one listener on a free port of loopback, whose chains answer every request with 418. Gives the port
 * once it listens.
 */
export async function startEnvoy(
  chains: readonly ChainDescription[],
  listener: { readonly proxyProtocol?: boolean } = {},
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const port = await freePort();
  const config = { static_resources: { listeners: [listenerOf(port, chains, listener)] } };
  const args = [
    '--config-yaml',
    JSON.stringify(config),
    '--disable-hot-restart',
    '--concurrency',
    '1',
    '-l',
    'critical',
  ];
  const envoy = spawn(envoyPath ?? '', args, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => envoy.once('exit', () => resolve()).once('error', () => resolve()));
  const stop = async (): Promise<void> => {
    envoy.kill();
    await exited;
  };
  for (let tries = 0; tries < 150 && envoy.exitCode === null; tries += 1) {
    if (await accepts(port)) return { port, stop };
    await sleep(100);
  }
  await stop();
  throw new Error('Envoy does not listen.');
}

function listenerOf(port: number, chains: readonly ChainDescription[], { proxyProtocol = false }): object {
  const filters = 'envoy.extensions.filters.listener';
  return {
    name: `127.0.0.1_${port}`,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    listener_filters: [
      ...(proxyProtocol
        ? [{ name: 'proxy_protocol', typed_config: typed(`${filters}.proxy_protocol.v3.ProxyProtocol`) }]
        : []),
      { name: 'tls_inspector', typed_config: typed(`${filters}.tls_inspector.v3.TlsInspector`) },
    ],
    filter_chains: chains.map(chainOf),
  };
}

function chainOf(chain: ChainDescription): object {
  return {
    ...(chain.serverName !== undefined && { filter_chain_match: { server_names: [chain.serverName] } }),
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
        require_client_certificate: chain.clientRequired ?? false,
        common_tls_context: {
          tls_certificates: [
            {
              certificate_chain: { inline_string: chain.pair.certificatePem },
              private_key: { inline_string: chain.pair.privateKeyPem },
            },
          ],
          alpn_protocols: chain.alpn ?? ['h2', 'http/1.1'],
          ...(chain.tlsParams && { tls_params: chain.tlsParams }),
          ...(chain.clientCa && { validation_context: validationOf(chain, chain.clientCa) }),
        },
      }),
    },
    filters: [{ name: 'http', typed_config: httpFilter() }],
  };
}

function validationOf({ clientNames, clientHash }: ChainDescription, ca: Minted): object {
  return {
    trusted_ca: { inline_string: ca.certificatePem },
    ...(clientNames && {
      match_typed_subject_alt_names: clientNames.map((exact) => ({ san_type: 'DNS', matcher: { exact } })),
    }),
    ...(clientHash !== undefined && { verify_certificate_hash: [clientHash] }),
  };
}

function httpFilter(): object {
  const route = { match: { prefix: '/' }, direct_response: { status: 418, body: { inline_string: 'teapot' } } };
  const extensions = 'envoy.extensions.filters';
  return typed(`${extensions}.network.http_connection_manager.v3.HttpConnectionManager`, {
    stat_prefix: 'ingress',
    server_name: 'istio-envoy',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
    http_filters: [{ name: 'router', typed_config: typed(`${extensions}.http.router.v3.Router`) }],
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (found: boolean): void => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
