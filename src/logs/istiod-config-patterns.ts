import { readRouteName } from '../envoy/route-name.ts';
import { present } from '../envoy/present.ts';
import { listOf, ofGateway, ofProxy } from './event-fields.ts';
import type { EventFields, LogPattern, Parts } from './log-pattern.ts';

const istiod = ['istiod'] as const;
const always = { from: '1.0' } as const;
const server = String.raw`(?<gateway>\S+) port (?<portName>.+?)\.(?<port>\d+)\.(?<protocol>[\w-]+)`;

function ofRoute(route: string | undefined): Partial<EventFields> {
  if (route === undefined) return {};
  const name = readRouteName(route);
  if (name?.protocol !== 'https' || name.gateway === undefined) return { route };
  return { route, gateway: present({ namespace: name.namespace, name: name.gateway }) };
}

function dropped(kind: EventFields['kind']) {
  return ({ gateway, port, reason }: Parts): readonly EventFields[] => [
    { ...ofGateway(gateway), ...(port !== undefined && { port: Number(port) }), ...(reason && { reason }), kind },
  ];
}

/** istiod makes listeners and routes of Gateways, and says what it leaves out. */
export const istiodConfigPatterns: readonly LogPattern[] = [
  {
    id: 'istiod-duplicate-hosts',
    writers: istiod,
    cue: 'skipping server on gateway ',
    rest: /(?<gateway>\S+), duplicate host names: \[(?<hosts>[^\]]*)\]/y,
    versions: { from: '1.2' },
    severity: 'error',
    meaning:
      'An older Gateway has one of these hosts on the same port already. This whole server is left out, with all its hosts.',
    causes: ['gateway-host-conflict'],
    events: ({ gateway, hosts }) => [
      { ...ofGateway(gateway), hosts: listOf(hosts), kind: 'server-dropped-duplicate-hosts' },
    ],
  },
  {
    id: 'istiod-protocol-conflict',
    writers: istiod,
    cue: 'skipping server on gateway ',
    rest: new RegExp(String.raw`${server}: (?<reason>conflict with existing server .*)`, 'y'),
    versions: always,
    severity: 'error',
    meaning:
      'An older server has this port with another protocol, so this one is left out. The protocol that the line prints is that of the one left out. Up to 1.8 it is a debug line.',
    causes: ['gateway-port-protocol-conflict'],
    events: dropped('server-dropped-protocol-conflict'),
  },
  {
    id: 'istiod-port-name-conflict',
    writers: istiod,
    cue: 'skipping server on gateway ',
    rest: new RegExp(String.raw`${server}: (?<reason>non unique port name for HTTPS port)`, 'y'),
    versions: always,
    severity: 'error',
    meaning: 'Two HTTPS servers have one port name, which gave both the same route in the first releases.',
    causes: ['gateway-port-name-conflict'],
    events: dropped('server-dropped-port-name'),
  },
  {
    id: 'istiod-port-taken',
    writers: istiod,
    cue: 'skipping server on gateway ',
    rest: new RegExp(String.raw`${server}: (?<reason>could not build RDS name.*)`, 'y'),
    versions: always,
    severity: 'warning',
    meaning: 'Two servers that are not HTTP compete for one plaintext port; this one is left out.',
    causes: ['gateway-port-protocol-conflict'],
    events: dropped('server-dropped-protocol-conflict'),
  },
  {
    id: 'istiod-plaintext-on-tls-port',
    writers: istiod,
    cue: 'TLS server without TLS options ',
    rest: /(?<gateway>\S+) ?(?<reason>.*)/y,
    versions: { from: '1.0', to: '1.28' },
    severity: 'error',
    meaning:
      'A server without TLS shares its port with TLS servers, and is left out. From 1.29 on such a server is taken.',
    causes: ['gateway-port-protocol-conflict', 'tls-settings-missing'],
    events: dropped('server-dropped-plaintext'),
  },
  {
    id: 'istiod-privileged-port',
    writers: istiod,
    cue: 'skipping privileged gateway port ',
    rest: /(?<port>\d+) for node (?<proxy>\S+) as it is an unprivileged pod/y,
    versions: { from: '1.8' },
    severity: 'error',
    meaning:
      'The listener would need a port below 1024, which this pod may not open. Usually the Service does not map the port that the Gateway names to a higher one.',
    causes: ['privileged-port-bind', 'gateway-port-not-on-service'],
    events: ({ port, proxy }) => [{ ...ofProxy(proxy), port: Number(port), kind: 'server-dropped-privileged-port' }],
  },
  {
    id: 'istiod-gateway-of-other-namespace',
    writers: istiod,
    cue: 'strict gateway merging: skipping gateway ',
    rest: /(?<gateway>\S+) not in managed GatewayAPI namespace/y,
    versions: { from: '1.31' },
    severity: 'error',
    meaning:
      'The pod belongs to a Gateway of the Gateway API, and Istio Gateways of other namespaces are left out there.',
    causes: ['gateway-scope'],
    events: dropped('server-dropped-scope'),
  },
  {
    id: 'istiod-no-listeners',
    writers: istiod,
    cue: 'zero listeners',
    rest: /(?: for node (?<proxy>\S+))?/y,
    versions: always,
    severity: 'error',
    meaning:
      'Nothing is left that this gateway could listen for: every server was left out, or its selector matches no Gateway.',
    causes: ['gateway-selector-mismatch', 'gateway-port-not-on-service', 'gateway-scope'],
    events: ({ proxy }) => [{ ...ofProxy(proxy), kind: 'no-gateway-servers' }],
  },
  {
    id: 'istiod-no-gateways',
    writers: istiod,
    cue: 'buildGatewayRoutes: no gateways for router ',
    rest: /(?<proxy>\S+)/y,
    versions: always,
    severity: 'warning',
    meaning: "No Gateway's selector matches this pod.",
    causes: ['gateway-selector-mismatch', 'multi-revision'],
    events: ({ proxy }) => [{ ...ofProxy(proxy), kind: 'no-gateway-servers' }],
  },
  {
    id: 'istiod-listener-omitted',
    writers: istiod,
    cue: 'gateway omitting listener ',
    rest: /"(?<listener>[^"]*)" due to: (?<reason>.*)/y,
    versions: always,
    severity: 'error',
    meaning:
      'No filter chain came out for this port, so nothing listens on it and connections are refused: a PASSTHROUGH or TCP server without a matching tls or tcp route, or HTTPS without settings.',
    causes: ['passthrough-route-mismatch', 'vs-missing', 'tls-settings-missing'],
    events: ({ listener = '', reason = '' }) => [{ listener, reason, kind: 'listener-omitted' }],
  },
  {
    id: 'istiod-no-virtual-service',
    writers: istiod,
    cue: 'no virtual service bound to gateway: ',
    rest: /(?<gateway>\S+)/y,
    versions: { from: '1.8' },
    severity: 'warning',
    meaning: 'A server that forwards bytes (TCP, or TLS ended here) has no VirtualService that names its Gateway.',
    causes: ['vs-missing', 'vs-gateway-namespace'],
    events: dropped('no-virtual-service'),
  },
  {
    id: 'istiod-server-without-route',
    writers: istiod,
    cue: ' listener missed network filter',
    rest: /$/y,
    versions: { from: '1.19' },
    severity: 'error',
    meaning:
      'A server of this Gateway is left out: it forwards bytes and no tcp or tls route matches it, or it is HTTPS without a tls block.',
    causes: ['vs-missing', 'passthrough-route-mismatch', 'tls-settings-missing'],
    events: ({ before = '' }) => {
      const [, gateway, port] = /gateway (\S+):(\d+)$/.exec(before) ?? [];
      return [{ ...ofGateway(gateway), ...(port && { port: Number(port) }), kind: 'listener-invalid' }];
    },
  },
  {
    id: 'istiod-no-virtual-hosts',
    writers: istiod,
    cue: 'constructed http route config for ',
    rest: /(?:route (?<route>\S+) on )?port (?<port>\d+) with no vhosts/y,
    versions: always,
    severity: 'error',
    meaning:
      'No VirtualService has a host of this server, so that TLS works and every request is answered with 404. It is printed again at every push.',
    causes: ['vs-missing', 'vs-host-mismatch', 'vs-gateway-namespace', 'vs-export-to', 'route-not-attached'],
    events: ({ route, port }) => [{ ...ofRoute(route), port: Number(port), kind: 'no-virtual-hosts' }],
  },
  {
    id: 'istiod-duplicate-server-names',
    writers: istiod,
    cue: 'skipping VirtualService ',
    rest: /(?<virtualService>\S+) rule #(?<rule>\d+) on server port (?<port>\d+) of gateway (?<gateway>\S+), duplicate SNI host names: \[(?<hosts>[^\]]*)\]/y,
    versions: { from: '1.10' },
    severity: 'error',
    meaning: 'Another VirtualService has one of these sniHosts on the port already, and this rule is left out.',
    causes: ['vs-host-conflict', 'passthrough-route-mismatch'],
    events: ({ gateway, port, hosts, virtualService }) => [
      {
        ...ofGateway(gateway),
        port: Number(port),
        hosts: listOf(hosts),
        ...(virtualService !== undefined && { route: virtualService }),
        kind: 'route-dropped-duplicate-sni',
      },
    ],
  },
  {
    id: 'istiod-ingress-without-secret',
    writers: istiod,
    cue: 'invalid ingress rule ',
    rest: /(?<namespace>[^\s:]+):(?<ingress>\S+) for hosts (?<hosts>.*), no secretName defined/y,
    versions: { from: '1.7' },
    severity: 'error',
    meaning: 'A tls entry of this Ingress names no Secret, and no HTTPS server is made of it.',
    causes: ['ingress-tls-secret-ignored', 'secret-missing'],
    events: ({ namespace, ingress = '', hosts = '' }) => [
      {
        gateway: present({ namespace, name: ingress }),
        hosts: listOf(hosts.replace(/^\[|\]$/g, '')),
        kind: 'ingress-without-secret',
      },
    ],
  },
  {
    id: 'istiod-listener-without-tls',
    writers: istiod,
    cue: ' but no TLS section is defined, skipping listener creation',
    rest: /$/y,
    versions: { from: '1.31' },
    severity: 'error',
    meaning: 'A listener of a Kubernetes Gateway has the protocol HTTPS or TLS and no tls block.',
    causes: ['tls-settings-missing'],
    events: ({ before = '' }) => [{ reason: before, kind: 'listener-invalid' }],
  },
  {
    id: 'istiod-external-sds-missing',
    writers: istiod,
    cue: 'could not find cluster for external sds provider ',
    rest: /(?<provider>.+?): (?<reason>.*)/y,
    versions: { from: '1.27' },
    severity: 'error',
    meaning:
      'credentialName names a secret server (sds://) whose Service is not known, so that the chain has no source of certificates.',
    causes: ['external-secret-not-synced', 'secret-missing'],
    events: ({ reason = '' }) => [{ reason, kind: 'secret-fetch-failed' }],
  },
  {
    id: 'istiod-several-services',
    writers: istiod,
    cue: 'buildGatewayListeners: found ',
    rest: /(?<count>\d+) services on port (?<port>\d+): (?<services>.*)/y,
    versions: { from: '1.4', to: '1.8' },
    severity: 'warning',
    meaning: 'Several Services lead to this pod by the same port, and only one of their target ports is listened on.',
    causes: ['gateway-port-not-on-service'],
  },
  {
    id: 'istiod-server-name-repeated',
    writers: istiod,
    cue: 'Server name ',
    rest: /(?<server>\S+) is not unique in gateway (?<gateway>\S+)/y,
    versions: { from: '1.7' },
    severity: 'none',
    meaning: 'Two servers have one name, which mixes their statistics and nothing else.',
    causes: [],
  },
  {
    id: 'istiod-route-without-gateway',
    writers: istiod,
    cue: 'Gateway missing for route ',
    rest: /(?<route>\S+)\. This is normal/y,
    versions: { from: '1.1' },
    severity: 'none',
    meaning: 'Envoy still asks for the routes of a server that is gone. It is harmless, and printed at every push.',
    causes: [],
  },
];
