import type { JsonObject } from '../../model/json.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type {
  Destination,
  HttpPlan,
  RequestMatch,
  RouteAction,
  RoutePlan,
  TextMatch,
  VirtualHostPlan,
} from '../gateway/plan.ts';
import type { Proxy, VirtualServiceConfig } from './config.ts';
import { commonHost, gatewayHost } from './host-names.ts';
import { gatewayReference } from './istio-config.ts';
import type { PlacedServer } from './server-merge.ts';

/** The VirtualServices that are bound to a server and have a host in common with it. */
export function boundVirtualServices(
  placed: PlacedServer,
  services: readonly VirtualServiceConfig[],
  proxy: Proxy,
): readonly VirtualServiceConfig[] {
  return services.filter(
    (service) =>
      service.gateways.includes(nameOfGateway(placed)) &&
      (service.exportTo.includes('*') || service.exportTo.includes(proxy.namespace)) &&
      servedHosts(placed, service).length > 0,
  );
}

function nameOfGateway({ gateway }: PlacedServer): string {
  return `${gateway.namespace}/${gateway.name}`;
}

/** What the hosts of a VirtualService and those of a server have in common. */
function servedHosts({ gateway, server }: PlacedServer, service: VirtualServiceConfig): readonly string[] {
  const admitted = server.hosts
    .map((host) => gatewayHost(host, gateway.namespace))
    .filter(({ namespace }) => namespace === '*' || namespace === service.namespace);
  const common = service.hosts.flatMap((host) => admitted.map(({ name }) => commonHost(host, name)));
  return [...new Set(common.filter((host) => host !== undefined))];
}

/** The virtual hosts of the servers that share one route configuration. */
export function httpPlan(
  servers: readonly PlacedServer[],
  services: readonly VirtualServiceConfig[],
  proxy: Proxy,
): HttpPlan {
  const hosts = new Map<string, { requireTls: boolean; routes: RoutePlan[] }>();
  const hostFor = (domain: string): { requireTls: boolean; routes: RoutePlan[] } => {
    const known = hosts.get(domain) ?? { requireTls: false, routes: [] };
    hosts.set(domain, known);
    return known;
  };
  for (const placed of servers) {
    const redirects = placed.server.tls?.httpsRedirect ?? false;
    for (const service of boundVirtualServices(placed, services, proxy)) {
      const routes = routesOf(service, placed);
      for (const domain of servedHosts(placed, service)) {
        const host = hostFor(domain);
        host.routes.push(...routes);
        host.requireTls ||= redirects;
      }
    }
    // A redirect needs no VirtualService. The prefix of `ns/host` stays in the domain, so that such a host meets nothing.
    if (redirects) for (const domain of placed.server.hosts) hostFor(domain).requireTls = true;
  }
  const virtualHosts = [...hosts].map(([domain, { requireTls, routes }]): VirtualHostPlan => ({
    domain,
    requireTls,
    routes,
  }));
  return { kind: 'http', virtualHosts };
}

function routesOf(service: VirtualServiceConfig, placed: PlacedServer): readonly RoutePlan[] {
  return service.http.flatMap((rule) => {
    const matches = objectsAt(rule, 'match').map(({ value }) => value);
    const applying = matches.filter((match) => appliesTo(match, placed, service.namespace));
    if (matches.length > 0 && applying.length === 0) return [];
    const conditions = applying.map(requestMatch);
    const always = conditions.some((condition) => Object.values(condition).every(isEmptyCondition));
    return [
      {
        name: textAt(rule, 'name') ?? '',
        matches: always ? [] : conditions,
        action: actionOf(rule, service.namespace),
      },
    ];
  });
}

function isEmptyCondition(condition: RequestMatch[keyof RequestMatch]): boolean {
  return condition === undefined || Object.keys(condition).length === 0;
}

/** `match.port` is compared with the number that the Gateway has, not with the port of the pod. */
export function appliesTo(match: JsonObject, placed: PlacedServer, namespace: string): boolean {
  const port = numberAt(match, 'port');
  const gateways = textsAt(match, 'gateways').map((name) => gatewayReference(name, namespace));
  return (
    (port === undefined || port === placed.server.port) &&
    (gateways.length === 0 || gateways.includes(nameOfGateway(placed)))
  );
}

function requestMatch(match: JsonObject): RequestMatch {
  const [uri, method, authority] = ['uri', 'method', 'authority'].map((field) => textMatch(objectAt(match, field)));
  const headers = Object.keys(objectAt(match, 'headers') ?? {}).flatMap((name) => {
    const condition = textMatch(objectAt(match, 'headers', name));
    return condition ? [[name, condition]] : [];
  });
  return {
    ...(uri && { uri }),
    ...(method && { method }),
    ...(authority && { authority }),
    headers: Object.fromEntries(headers),
  };
}

function textMatch(match: JsonObject | undefined): TextMatch | undefined {
  const [exact, prefix, regex] = ['exact', 'prefix', 'regex'].map((field) => textAt(match, field));
  const pathPrefix = textAt(match, 'pathPrefix');
  if (exact !== undefined) return { exact };
  if (prefix !== undefined) return { prefix };
  if (pathPrefix !== undefined) return { pathPrefix };
  return regex === undefined ? undefined : { regex };
}

function actionOf(rule: JsonObject, namespace: string): RouteAction {
  const redirect = objectAt(rule, 'redirect');
  if (redirect) {
    const [scheme, authority, uri] = ['scheme', 'authority', 'uri'].map((field) => textAt(redirect, field));
    const port = numberAt(redirect, 'port');
    return {
      kind: 'redirect',
      code: numberAt(redirect, 'redirectCode') ?? 301,
      ...(scheme !== undefined && { scheme }),
      ...(authority !== undefined && { authority }),
      ...(uri !== undefined && { uri }),
      ...(port !== undefined && { port }),
    };
  }
  const direct = objectAt(rule, 'directResponse');
  if (direct) {
    return { kind: 'respond', code: numberAt(direct, 'status') ?? 200, body: textAt(direct, 'body', 'string') ?? '' };
  }
  const rewrite = textAt(rule, 'rewrite', 'uri');
  const destinations = objectsAt(rule, 'route')
    .filter(({ value }) => numberAt(value, 'weight') !== 0)
    .map(({ value }) => destinationOf(objectAt(value, 'destination'), namespace));
  return { kind: 'forward', destinations, ...(rewrite !== undefined && { rewrite }) };
}

/** A name without a dot is a Service of the rule's own namespace; any other is taken as it is. */
export function destinationOf(destination: JsonObject | undefined, namespace: string): Destination {
  const name = textAt(destination, 'host') ?? '';
  const port = numberAt(destination, 'port', 'number');
  const subset = textAt(destination, 'subset');
  return {
    host: name.includes('.') ? name : `${name}.${namespace}.svc.cluster.local`,
    ...(port !== undefined && { port }),
    ...(subset !== undefined && { subset }),
  };
}
