import { attachmentOf } from '../../facts/attachments.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { virtualServices } from '../../facts/routes.ts';
import { hostsMeet, servers, type Server } from '../../facts/servers.ts';
import { destinations, isForTls } from '../../facts/targets.ts';
import {
  unroutedHosts,
  unroutedIngressHosts,
  unroutedListeners,
  type UnroutedHost,
} from '../../facts/unrouted-hosts.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Severity } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { applyManifest, confirmHost, jsonPatch, managerOf, mergePatch, ownerOfNamespace } from '../remedies.ts';
import { noFilterChain, noRoute } from '../symptoms.ts';
import { seenOf } from './missing-route.ts';

/** A VirtualService that has the host and names no gateway at all, so that it holds for sidecars alone. */
function meshOnly(evidence: Evidence, hosts: readonly string[]): Resource | undefined {
  return virtualServices(evidence).find(
    ({ gateways, bindsMesh, hosts: own }) =>
      bindsMesh && gateways.length === 0 && own.some((one) => !one.startsWith('*') && hosts.includes(one)),
  )?.resource;
}

function bindForgotten(server: Server, forgotten: Resource): Fix {
  const manager = managerOf(forgotten);
  return {
    summary: `bind ${named(forgotten)}, which has the host, to the Gateway; “mesh” keeps it in force for sidecars`,
    owner: ownerOfNamespace(forgotten.namespace),
    commands: [mergePatch(forgotten, { spec: { gateways: [fullName(server.owner), 'mesh'] } })],
    undo: [mergePatch(forgotten, { spec: { gateways: null } })],
    doNot: [],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

function manifestOf({ owner, from, listener, tls }: Server, hosts: readonly string[]): JsonObject {
  const metadata = { name: `${owner.name}-routes`, namespace: '<NAMESPACE_OF_THE_BACKEND>' };
  if (from === 'GatewayAPI') {
    const passes = tls?.mode === 'PASSTHROUGH';
    return {
      apiVersion: passes ? 'gateway.networking.k8s.io/v1alpha2' : 'gateway.networking.k8s.io/v1',
      kind: passes ? 'TLSRoute' : 'HTTPRoute',
      metadata,
      spec: {
        hostnames: hosts.filter((host) => host !== '*'),
        parentRefs: [{ kind: owner.kind, name: owner.name, namespace: owner.namespace, sectionName: listener ?? '' }],
        rules: [{ backendRefs: [{ name: '<SERVICE>', port: 80 }] }],
      },
    };
  }
  const route = [{ destination: { host: '<SERVICE>', port: { number: 80 } } }];
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata,
    spec: {
      hosts: [...hosts],
      gateways: [fullName(owner)],
      ...(tls?.mode === 'PASSTHROUGH'
        ? { tls: [{ match: [{ sniHosts: [...hosts] }], route }] }
        : { http: [{ route }] }),
    },
  };
}

function fixOf(server: Server, hosts: readonly string[], forgotten: Resource | undefined): Fix {
  if (forgotten) return bindForgotten(server, forgotten);
  const summary = `give ${hosts.join(', ')} a route`;
  const owner = 'the owner of the application';
  if (server.from === 'Ingress') {
    const backend = { service: { name: '<SERVICE>', port: { number: 80 } } };
    const value = { host: hosts[0] ?? '', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } };
    const add = jsonPatch(server.owner, [{ op: 'add', path: '/spec/rules/-', value }]);
    return { summary, owner, commands: [add], undo: [], doNot: [] };
  }
  return { summary, owner, commands: [applyManifest(manifestOf(server, hosts))], undo: [], doNot: [] };
}

const needed = { Gateway: 'VirtualService', GatewayAPI: 'route', Ingress: 'rule of an Ingress' } as const;

const isAsked = (evidence: Evidence, host: string): boolean =>
  evidence.snapshot.question.targets.length > 0 &&
  destinations(evidence).some((destination) => hostsMeet(destination.host, host));

function faultOf(evidence: Evidence, server: Server, own: readonly UnroutedHost[]): Fault | undefined {
  const whole = own.length === server.hosts.length;
  // a wildcard beside routed names is often there for names to come
  const judged = whole ? own : own.filter(({ host }) => !host.host.startsWith('*'));
  if (judged.length === 0) return undefined;
  const hosts = [...new Set(judged.map(({ host }) => host.host))];
  const seen = seenOf(evidence, judged);
  const passes = server.tls?.mode === 'PASSTHROUGH' || server.protocol === 'TLS';
  const severity: Severity =
    whole || seen.length > 0 || hosts.some((host) => isAsked(evidence, host)) ? 'error' : 'warning';
  const forgotten = server.from === 'Gateway' ? meshOnly(evidence, hosts) : undefined;
  const what = needed[server.from];
  const title = `No ${what} gives ${hosts.join(', ')} a route through ${named(server.owner)} ${server.path}`;
  return {
    subject: subjectOf(server.owner, server.path),
    title,
    message: passes
      ? `${title}, so that the server gets no filter chain, and clients are cut off after their first message.`
      : `${title}. The handshake succeeds, and the gateway answers every request with 404.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}`,
        detail: forgotten
          ? `${named(forgotten)} has the host and no spec.gateways: it holds for sidecars alone`
          : `no ${what} is bound to it for ${hosts.join(', ')}`,
      },
      ...seen,
    ],
    affects: [{ server, hosts }],
    confidence: 0.85,
    severity,
    step: passes ? 'listener' : 'route',
    related: forgotten ? [subjectOf(forgotten, 'spec.gateways')] : [],
    fix: fixOf(server, hosts, forgotten),
    confirm: confirmHost(hosts[0]),
    misleading: passes ? [] : ['The certificate is in order: a 404 over TLS is never a fault of the certificate.'],
  };
}

function blindOf(evidence: Evidence): Judgement | undefined {
  const kind = kinds.virtualService;
  const gap = evidence.gap(kind, '*');
  const affected = servers(evidence).filter(
    (server) => server.from === 'Gateway' && isForTls(server) && attachmentOf(evidence, server).workloads.length > 0,
  );
  if (!gap || affected.length === 0) return undefined;
  return {
    blind: gap,
    about: 'which routes the hosts of the Gateways have',
    affects: affected.map((server) => ({ server })),
  };
}

/** A host of a TLS server that nothing routes. Where a VirtualService was meant for it, other checks say what keeps it. */
export const vsMissing: Check = {
  name: 'vs-missing',
  title: 'Every host of a TLS server has a route',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'route',
  reads: ['resource', 'probe', 'access-log', 'istiod-log', 'config-dump'],
  explains: [...noRoute, ...noFilterChain, { check: 'listener-missing', over: 'listener' }],
  *inspect(evidence): Iterable<Judgement> {
    const blind = blindOf(evidence);
    if (blind) yield blind;
    const unrouted = blind ? [] : unroutedHosts(evidence).filter(({ missed }) => missed.length === 0);
    const routesSeen = evidence.gap(kinds.httpRoute, '*') === undefined;
    const all = [...unrouted, ...(routesSeen ? unroutedListeners(evidence) : []), ...unroutedIngressHosts(evidence)];
    for (const [server, own] of Map.groupBy(all, (one) => one.server)) {
      const fault = faultOf(evidence, server, own);
      if (fault) yield fault;
    }
  },
};
