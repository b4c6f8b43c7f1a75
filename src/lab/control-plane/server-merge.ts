import type { GatewayConfig, Notice, Proxy, ServerConfig } from './config.ts';
import { gatewayHost } from './host-names.ts';

export interface PlacedServer {
  readonly gateway: GatewayConfig;
  readonly server: ServerConfig;
}

/** The servers of one listening port, after the conflicts between them are settled. */
export interface MergedPort {
  readonly port: number;
  readonly plaintext: readonly PlacedServer[];
  readonly tls: readonly PlacedServer[];
}

interface PortState {
  readonly plaintext: PlacedServer[];
  readonly tls: PlacedServer[];
  readonly tlsHosts: Set<string>;
}

const httpProtocols = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB']);

export function isHttp(server: ServerConfig): boolean {
  return httpProtocols.has(server.protocol);
}

/** HTTPS, and TLS of any mode. A tls block under an HTTP protocol does not make a server one. */
function isTls(server: ServerConfig): boolean {
  return server.protocol === 'HTTPS' || server.protocol === 'TLS';
}

/**
 * Puts the servers of all Gateways that select a pod on its ports, oldest Gateway first: the first comer keeps a host or a
 * port, later ones that do not fit are left out with a line in istiod's log (mergeGateways of Istio 1.29).
 */
export function mergeServers(
  gateways: readonly GatewayConfig[],
  proxy: Proxy,
): { readonly ports: readonly MergedPort[]; readonly notices: readonly Notice[] } {
  const states = new Map<number, PortState>();
  const notices: Notice[] = [];
  for (const gateway of gateways.filter(({ selects }) => selects(proxy))) {
    for (const server of gateway.servers) {
      const port = resolvePort(server, proxy);
      if (port === undefined) continue;
      const state = states.get(port) ?? { plaintext: [], tls: [], tlsHosts: new Set() };
      states.set(port, state);
      const notice = place({ gateway, server }, port, state);
      if (notice) notices.push(notice);
    }
  }
  const ports = [...states].map(([port, { plaintext, tls }]) => ({ port, plaintext, tls }));
  return { ports: ports.filter(({ plaintext, tls }) => plaintext.length + tls.length > 0), notices };
}

/** The pod's port behind the Service port of that number; without one, the number itself. */
function resolvePort(server: ServerConfig, proxy: Proxy): number | undefined {
  for (const { ports } of proxy.services) {
    const match = ports.find(({ port }) => port === server.port);
    if (match) return match.targetPort;
  }
  return server.onlyServicePorts ? undefined : server.port;
}

function place(placed: PlacedServer, port: number, state: PortState): Notice | undefined {
  const { gateway, server } = placed;
  const [first] = state.plaintext;
  if (first && (isTls(server) || isHttp(server) !== isHttp(first.server))) {
    // The text names the new server's protocol as that of the existing one: Istio's own slip.
    const text = `skipping server on gateway ${gateway.name} port ${server.portName}.${port}.${server.protocol}: conflict with existing server ${port}.${server.protocol}`;
    return { level: 'info', scope: 'model', text };
  }
  if (!isTls(server)) {
    // Since 1.29 plaintext beside TLS is accepted, as a further chain that takes every name.
    state.plaintext.push(placed);
    return undefined;
  }
  const hosts = server.hosts.map((host) => {
    const { namespace, name } = gatewayHost(host, gateway.namespace);
    return namespace === '*' ? name : `${namespace}/${name}`;
  });
  const taken = hosts.filter((host) => state.tlsHosts.has(host));
  if (taken.length > 0) {
    const text = `skipping server on gateway ${gateway.namespace}/${gateway.name}, duplicate host names: [${taken.join(' ')}]`;
    return { level: 'warn', scope: 'model', text };
  }
  for (const host of hosts) state.tlsHosts.add(host);
  state.tls.push(placed);
  return undefined;
}
