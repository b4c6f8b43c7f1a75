import { kinds } from '../kubernetes/kinds.ts';
import { at, numberAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import { matchesLabelSelector } from '../kubernetes/selector.ts';
import type { JsonObject } from '../model/json.ts';
import type { Lookup } from '../model/coverage.ts';
import type { Resource } from '../model/resource.ts';
import { gatewayClassClaim, meansIstio } from './claims.ts';
import { derive, type Evidence } from './evidence.ts';
import { hostsMeet, servers, type Server } from './servers.ts';

/** A parent that a route names: a Gateway or a ListenerSet, as a whole or one listener of it. */
export interface ParentReference {
  /** `spec.parentRefs[0]`. */
  readonly path: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
  readonly gateway: Lookup<Resource>;
}

/** A reference to a backend, `spec.rules[0].backendRefs[0]`. */
export interface BackendRef {
  readonly path: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly port?: number;
  readonly weight: number;
}

/** A route of the Gateway API, of any of its kinds, that names a Gateway. */
export interface GatewayRoute {
  readonly resource: Resource;
  readonly hostnames: readonly string[];
  readonly parents: readonly ParentReference[];
  readonly backends: readonly BackendRef[];
}

export type RefusalReason = 'section' | 'port' | 'kind' | 'namespace' | 'hostname';

/** A listener beside a route: admitted, or the first reason why not. `unknown`: a namespace's labels were not seen. */
export interface ListenerVerdict {
  readonly server: Server;
  readonly refusal?: RefusalReason | 'unknown';
}

const parentKinds: Readonly<Record<string, readonly string[]>> = {
  Gateway: [kinds.kubernetesGateway],
  ListenerSet: [kinds.listenerSet],
  XListenerSet: [kinds.experimentalListenerSet],
};

function readParents(evidence: Evidence, route: Resource): readonly ParentReference[] {
  return objectsAt(route.body, 'spec', 'parentRefs').flatMap(({ index, value }) => {
    const kind = textAt(value, 'kind') ?? 'Gateway';
    const groupKinds = parentKinds[kind];
    const name = textAt(value, 'name');
    // a Service as parent makes a mesh route of it, which no gateway reads
    if (!groupKinds || name === undefined) return [];
    const namespace = textAt(value, 'namespace') ?? route.namespace;
    const sectionName = textAt(value, 'sectionName');
    const port = numberAt(value, 'port');
    const gateway = evidence.get(groupKinds[0] ?? '', namespace, name);
    return [
      {
        path: `spec.parentRefs[${index}]`,
        kind,
        namespace,
        name,
        gateway,
        ...(sectionName !== undefined && { sectionName }),
        ...(port !== undefined && { port }),
      },
    ];
  });
}

function readBackends(route: Resource): readonly BackendRef[] {
  return objectsAt(route.body, 'spec', 'rules').flatMap(({ index, value: rule }) =>
    objectsAt(rule, 'backendRefs').flatMap(({ index: place, value }) => {
      const name = textAt(value, 'name');
      if (name === undefined) return [];
      const port = numberAt(value, 'port');
      return [
        {
          path: `spec.rules[${index}].backendRefs[${place}]`,
          kind: textAt(value, 'kind') ?? 'Service',
          namespace: textAt(value, 'namespace') ?? route.namespace,
          name,
          weight: numberAt(value, 'weight') ?? 1,
          ...(port !== undefined && { port }),
        },
      ];
    }),
  );
}

const routeKinds = [kinds.httpRoute, kinds.grpcRoute, kinds.tlsRoute, kinds.tcpRoute] as const;

export const gatewayRoutes = derive((evidence): readonly GatewayRoute[] =>
  routeKinds
    .flatMap((kind) => evidence.list(kind).items)
    .map((resource) => ({
      resource,
      hostnames: textsAt(resource.body, 'spec', 'hostnames').map((host) => host.toLowerCase()),
      parents: readParents(evidence, resource),
      backends: readBackends(resource),
    })),
);

const listenersByParent = derive((evidence) =>
  Map.groupBy(
    servers(evidence).filter(({ from }) => from === 'GatewayAPI'),
    ({ owner }) => `${owner.kind}/${owner.namespace}/${owner.name}`,
  ),
);

/** Whether the parent is one that this Istio takes: others have their own controllers to say so. */
export const isIstioParent = (evidence: Evidence, { gateway }: ParentReference): boolean =>
  gateway.state === 'found' && meansIstio(gatewayClassClaim(evidence, gateway.value));

export const listenersOfParent = (evidence: Evidence, parent: ParentReference): readonly Server[] =>
  listenersByParent(evidence).get(`${parent.kind}/${parent.namespace}/${parent.name}`) ?? [];

/** The kinds of routes that a protocol takes where the listener does not restrict them. */
function kindsOf(server: Server): readonly string[] {
  const written = objectsAt(server.allowedRoutes, 'kinds').flatMap(({ value }) => textAt(value, 'kind') ?? []);
  if (written.length > 0) return written;
  switch (server.protocol) {
    case 'HTTP':
    case 'HTTPS':
      return ['HTTPRoute', 'GRPCRoute'];
    case 'TLS':
      return ['TLSRoute', 'TCPRoute'];
    default:
      return ['TCPRoute'];
  }
}

function allowsNamespace(evidence: Evidence, server: Server, namespace: string): boolean | 'unknown' {
  const from = textAt(server.allowedRoutes, 'namespaces', 'from') ?? 'Same';
  if (from === 'All') return true;
  if (from === 'None') return false;
  if (from !== 'Selector') return namespace === server.owner.namespace;
  const found = evidence.get(kinds.namespace, '', namespace);
  if (found.state !== 'found') return 'unknown';
  const labels = { 'kubernetes.io/metadata.name': namespace, ...found.value.labels };
  return matchesLabelSelector(at(server.allowedRoutes, 'namespaces', 'selector'), labels);
}

function refusalOf(
  evidence: Evidence,
  { resource, hostnames }: GatewayRoute,
  parent: ParentReference,
  server: Server,
): RefusalReason | 'unknown' | undefined {
  if (parent.sectionName !== undefined && parent.sectionName !== server.listener) return 'section';
  if (parent.port !== undefined && parent.port !== server.port) return 'port';
  if (!kindsOf(server).includes(resource.kind)) return 'kind';
  const own = server.hosts.map(({ host }) => host);
  if (hostnames.length > 0 && !hostnames.some((host) => own.some((one) => hostsMeet(one, host)))) return 'hostname';
  const allowed = allowsNamespace(evidence, server, resource.namespace);
  if (allowed === 'unknown') return 'unknown';
  return allowed ? undefined : 'namespace';
}

/** What each listener of a parent does with a route, by the specification of the Gateway API. */
export const verdictsOf = (
  evidence: Evidence,
  route: GatewayRoute,
  parent: ParentReference,
): readonly ListenerVerdict[] =>
  listenersOfParent(evidence, parent).map((server) => {
    const refusal = refusalOf(evidence, route, parent, server);
    return { server, ...(refusal && { refusal }) };
  });

/** A condition that a controller of Istio wrote for one parent of a route; undefined: nothing was written. */
export function parentCondition(route: GatewayRoute, parent: ParentReference, type: string): JsonObject | undefined {
  const own = objectsAt(route.resource.body, 'status', 'parents').find(({ value }) => {
    const reference = value['parentRef'];
    return (
      (textAt(value, 'controllerName') ?? '').startsWith('istio.io/') &&
      textAt(reference, 'name') === parent.name &&
      (textAt(reference, 'namespace') ?? route.resource.namespace) === parent.namespace &&
      textAt(reference, 'sectionName') === parent.sectionName
    );
  });
  return objectsAt(own?.value, 'conditions').find(({ value }) => textAt(value, 'type') === type)?.value;
}

/** Whether a parent takes the route: by its status, else by what the listeners say. */
export function isAttached(evidence: Evidence, route: GatewayRoute, parent: ParentReference, server: Server): boolean {
  const accepted = textAt(parentCondition(route, parent, 'Accepted'), 'status');
  if (accepted === 'False') return false;
  const refusal = refusalOf(evidence, route, parent, server);
  return refusal === undefined || (refusal === 'unknown' && accepted === 'True');
}

/** The routes that are attached to each listener, with the parent reference by which they are. */
const attachedByListener = derive((evidence) => {
  const found = new Map<string, { readonly route: GatewayRoute; readonly parent: ParentReference }[]>();
  for (const route of gatewayRoutes(evidence)) {
    for (const parent of route.parents) {
      for (const server of listenersOfParent(evidence, parent)) {
        if (!isAttached(evidence, route, parent, server)) continue;
        const known = found.get(server.key) ?? [];
        known.push({ route, parent });
        found.set(server.key, known);
      }
    }
  }
  return found;
});

export const attachedRoutes = (
  evidence: Evidence,
  server: Server,
): readonly { readonly route: GatewayRoute; readonly parent: ParentReference }[] =>
  attachedByListener(evidence).get(server.key) ?? [];
