import { textAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import { isGranted } from './credentials.ts';
import { derive, type Evidence } from './evidence.ts';
import {
  gatewayRoutes,
  isIstioParent,
  listenersOfParent,
  parentCondition,
  verdictsOf,
  type BackendRef,
  type GatewayRoute,
  type ListenerVerdict,
  type ParentReference,
} from './gateway-api-routes.ts';
import type { Server } from './servers.ts';
import { isForTls } from './targets.ts';

/** A parent that does not take a route, as far as TLS listeners are concerned. */
export interface RouteRefusal {
  readonly route: GatewayRoute;
  readonly parent: ParentReference;
  /** Listeners that the route was meant for: those with its hosts, else all that speak TLS. */
  readonly meant: readonly Server[];
  readonly verdicts: readonly ListenerVerdict[];
  /** What istiod says of it, where it wrote a status. */
  readonly condition?: JsonObject;
  readonly reason: 'no-parent' | 'listeners';
}

const statusOf = (condition: JsonObject | undefined): string | undefined => textAt(condition, 'status');

/** The TLS listeners that a refused route was meant for: those it would fit but for one thing, else all. */
function meantListeners(parent: ParentReference, verdicts: readonly ListenerVerdict[]): readonly Server[] {
  const secure = verdicts.filter(({ server }) => isForTls(server));
  const named = secure.filter(
    ({ server }) => parent.sectionName === undefined || server.listener === parent.sectionName,
  );
  const byHost = named.filter(({ refusal }) => refusal !== 'hostname' && refusal !== 'section' && refusal !== 'port');
  const chosen = byHost.length > 0 ? byHost : named.length > 0 ? named : secure;
  return chosen.map(({ server }) => server);
}

function refusalOf(evidence: Evidence, route: GatewayRoute, parent: ParentReference): RouteRefusal | undefined {
  if (parent.gateway.state === 'absent') {
    return { route, parent, meant: [], verdicts: [], reason: 'no-parent' };
  }
  if (!isIstioParent(evidence, parent)) return undefined;
  const condition = parentCondition(route, parent, 'Accepted');
  const verdicts = verdictsOf(evidence, route, parent);
  const status = statusOf(condition);
  // what istiod says counts before what we make of the specification
  const refused =
    status === 'False' ||
    (status === undefined &&
      verdicts.length > 0 &&
      verdicts.every(({ refusal }) => refusal !== undefined && refusal !== 'unknown'));
  const meant = meantListeners(parent, verdicts);
  if (!refused || meant.length === 0) return undefined;
  return { route, parent, meant, verdicts, reason: 'listeners', ...(condition && { condition }) };
}

/** Routes that a Gateway of this Istio does not take, or whose Gateway is not there. */
export const routeRefusals = derive((evidence): readonly RouteRefusal[] =>
  gatewayRoutes(evidence).flatMap((route) =>
    route.parents.flatMap((parent) => refusalOf(evidence, route, parent) ?? []),
  ),
);

/** A backend in another namespace that no ReferenceGrant lets a route lead to. */
export interface UngrantedBackend {
  readonly route: GatewayRoute;
  readonly backend: BackendRef;
  readonly servers: readonly Server[];
  readonly condition?: JsonObject;
}

export const ungrantedBackends = derive((evidence): readonly UngrantedBackend[] =>
  gatewayRoutes(evidence).flatMap((route) => {
    const parents = route.parents.filter((parent) => isIstioParent(evidence, parent));
    const servers = parents.flatMap((parent) => listenersOfParent(evidence, parent)).filter(isForTls);
    if (servers.length === 0) return [];
    const conditions = parents.map((parent) => parentCondition(route, parent, 'ResolvedRefs'));
    const condition = conditions.find((one) => textAt(one, 'reason') === 'RefNotPermitted');
    return route.backends
      .filter(({ namespace, kind, name }) => {
        if (namespace === route.resource.namespace || kind !== 'Service') return false;
        return isGranted(evidence, route.resource, { namespace, kind, name }) === 'not-granted';
      })
      .filter(() => condition !== undefined || conditions.every((one) => statusOf(one) !== 'True'))
      .map((backend) => ({ route, backend, servers, ...(condition && { condition }) }));
  }),
);
