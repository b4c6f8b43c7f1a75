import type { JsonObject } from '../../model/json.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type { ChainPlan, GatewayPlan, ListenerPlan, TcpPlan, TlsPlan, TlsVersion } from '../gateway/plan.ts';
import type { GatewayConfig, Notice, Proxy, ServerTls, VirtualServiceConfig } from './config.ts';
import { gatewayHost } from './host-names.ts';
import { isHttp, mergeServers } from './server-merge.ts';
import type { MergedPort, PlacedServer } from './server-merge.ts';
import { appliesTo, boundVirtualServices, destinationOf, httpPlan } from './virtual-hosts.ts';

/** What the control plane knows when it makes the listeners of a pod. */
export interface Configuration {
  /** Oldest first. */
  readonly gateways: readonly GatewayConfig[];
  readonly virtualServices: readonly VirtualServiceConfig[];
}

export interface PlannedGateway {
  readonly plan: GatewayPlan;
  readonly notices: readonly Notice[];
}

/** The listeners of one gateway pod (istio-gateway-tls: sections on merging, filter chains, TLS contexts and routes). */
export function planGateway({ gateways, virtualServices }: Configuration, proxy: Proxy): PlannedGateway {
  const merged = mergeServers(gateways, proxy);
  const notices = [...merged.notices];
  const listeners: ListenerPlan[] = [];
  for (const port of merged.ports) {
    const chains = [
      ...tlsChains(port, virtualServices, proxy, notices),
      ...plaintextChains(port, virtualServices, proxy),
    ];
    if (chains.length > 0) listeners.push({ port: port.port, chains });
    else {
      const name = `0.0.0.0_${port.port}`;
      const text = `gateway omitting listener "${name}" due to: must have more than 0 chains in listener "${name}"`;
      notices.push({ level: 'info', scope: '', text });
    }
  }
  return { plan: { listeners }, notices };
}

function tlsChains(
  { port, tls }: MergedPort,
  services: readonly VirtualServiceConfig[],
  proxy: Proxy,
  notices: Notice[],
): readonly ChainPlan[] {
  return tls.flatMap((placed) => {
    const chains = serverChains(placed, services, proxy, notices);
    if (chains.length === 0) {
      const text = `gateway ${placed.gateway.namespace}/${placed.gateway.name}:${port} listener missed network filter`;
      notices.push({ level: 'warn', scope: '', text });
    }
    return chains;
  });
}

function serverChains(
  placed: PlacedServer,
  services: readonly VirtualServiceConfig[],
  proxy: Proxy,
  notices: Notice[],
): readonly ChainPlan[] {
  const { gateway, server } = placed;
  const name = `${gateway.namespace}/${gateway.name}[${server.index}]`;
  const bound = boundVirtualServices(placed, services, proxy);
  if (!server.tls) return [];
  if (server.tls.mode === 'PASSTHROUGH') return passthroughChains(name, placed, bound, notices);
  // Routing by SNI between meshes needs what the lab does not have: sidecars on the other side.
  if (server.tls.mode === 'AUTO_PASSTHROUGH') return [];
  const chain = { server: name, serverNames: serverNames(placed), tls: tlsPlan(server.tls) };
  if (server.protocol === 'HTTPS') {
    const traffic = httpPlan([placed], services, proxy);
    if (traffic.virtualHosts.length === 0) notices.push(noVirtualHosts(placed));
    return [{ ...chain, traffic }];
  }
  const [tcp] = bound.flatMap((service) => tcpPlans(service, 'tcp', placed));
  if (tcp) return [{ ...chain, traffic: tcp.plan }];
  notices.push({
    level: 'warn',
    scope: '',
    text: `no virtual service bound to gateway: ${gateway.namespace}/${gateway.name}`,
  });
  return [];
}

function noVirtualHosts({ gateway, server }: PlacedServer): Notice {
  const route = `https.${server.port}.${server.portName}.${gateway.name}.${gateway.namespace}`;
  const text = `constructed http route config for route ${route} on port ${server.port} with no vhosts; Setting up a default 404 vhost`;
  return { level: 'warn', scope: '', text };
}

/** One chain for each `tls` match; its names are the `sniHosts`, not cut down to those of the Gateway. */
function passthroughChains(
  name: string,
  placed: PlacedServer,
  bound: readonly VirtualServiceConfig[],
  notices: Notice[],
): readonly ChainPlan[] {
  const taken = new Set<string>();
  return bound.flatMap((service) =>
    tcpPlans(service, 'tls', placed).flatMap(({ rule, match, plan }) => {
      const hosts = textsAt(match, 'sniHosts');
      const duplicates = hosts.filter((host) => taken.has(host));
      if (duplicates.length > 0) {
        const { gateway, server } = placed;
        const text = `skipping VirtualService ${service.namespace}/${service.name} rule #${rule} on server port ${server.port} of gateway ${gateway.namespace}/${gateway.name}, duplicate SNI host names: [${duplicates.join(' ')}]`;
        notices.push({ level: 'warn', scope: '', text });
        return [];
      }
      for (const host of hosts) taken.add(host);
      return [
        { server: `${name}/${service.namespace}/${service.name}`, serverNames: withoutCatchAll(hosts), traffic: plan },
      ];
    }),
  );
}

interface TcpRule {
  readonly rule: number;
  readonly match: JsonObject;
  readonly plan: TcpPlan;
}

function tcpPlans(service: VirtualServiceConfig, kind: 'tcp' | 'tls', placed: PlacedServer): readonly TcpRule[] {
  return service[kind].flatMap((rule, index) => {
    const matches = objectsAt(rule, 'match').map(({ value }) => value);
    const applying = matches.filter((match) => appliesTo(match, placed, service.namespace));
    const [route] = objectsAt(rule, 'route');
    if (!route) return [];
    const destination = destinationOf(objectAt(route.value, 'destination'), service.namespace);
    const plan: TcpPlan = { kind: 'tcp', destination };
    const all = matches.length === 0 && kind === 'tcp' ? [{}] : applying;
    return all.map((match) => ({ rule: index, match, plan }));
  });
}

function plaintextChains(
  { plaintext }: MergedPort,
  services: readonly VirtualServiceConfig[],
  proxy: Proxy,
): readonly ChainPlan[] {
  const [first] = plaintext;
  if (!first) return [];
  const server = `${first.gateway.namespace}/${first.gateway.name}[${first.server.index}]`;
  if (isHttp(first.server)) return [{ server, serverNames: [], traffic: httpPlan(plaintext, services, proxy) }];
  const plans = plaintext.flatMap((placed) =>
    boundVirtualServices(placed, services, proxy).flatMap((service) => tcpPlans(service, 'tcp', placed)),
  );
  const [tcp] = plans;
  return tcp ? [{ server, serverNames: [], traffic: tcp.plan }] : [];
}

/** Sorted, each once; none at all as soon as one of the hosts is `*`. */
function serverNames({ gateway, server }: PlacedServer): readonly string[] {
  const names = server.hosts.map((host) => gatewayHost(host, gateway.namespace).name);
  return withoutCatchAll([...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1)));
}

function withoutCatchAll(names: readonly string[]): readonly string[] {
  return names.includes('*') ? [] : names;
}

const versions: Readonly<Record<string, TlsVersion>> = {
  TLSV1_0: 'TLSv1',
  TLSV1_1: 'TLSv1.1',
  TLSV1_2: 'TLSv1.2',
  TLSV1_3: 'TLSv1.3',
};

function tlsPlan({ mode, keyPairs, clientCa, settings }: ServerTls): TlsPlan {
  const mutual = mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL';
  return {
    keyPairs,
    ...(clientCa !== undefined && { clientCa }),
    clientCertificate: mutual ? 'required' : mode === 'OPTIONAL_MUTUAL' ? 'optional' : 'none',
    subjectAltNames: textsAt(settings, 'subjectAltNames'),
    spkiPins: textsAt(settings, 'verifyCertificateSpki'),
    certificatePins: textsAt(settings, 'verifyCertificateHash'),
    minVersion: versions[textAt(settings, 'minProtocolVersion') ?? ''] ?? 'TLSv1.2',
    maxVersion: versions[textAt(settings, 'maxProtocolVersion') ?? ''] ?? 'TLSv1.3',
    ciphers: textsAt(settings, 'cipherSuites').filter((name) => acceptedCiphers.has(name)),
    alpn: ['h2', 'http/1.1'],
  };
}

/** What `cipherSuites` may name; istiod drops any other. */
const acceptedCiphers = new Set([
  ...['ECDSA', 'RSA'].flatMap((kind) =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA'].map(
      (rest) => `ECDHE-${kind}-${rest}`,
    ),
  ),
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
  'DES-CBC3-SHA',
]);
