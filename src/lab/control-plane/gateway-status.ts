import type { JsonObject } from '../../model/json.ts';
import { at, numberAt, objectsAt, textAt } from '../../kubernetes/read.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import type { ClusterView } from './cluster-view.ts';
import { entryWith, isNews, statusConditions } from './conditions.ts';
import type { Condition } from './conditions.ts';
import { gatewayKind, serviceOf } from './kubernetes-gateways.ts';
import type { KubernetesListener } from './kubernetes-gateways.ts';
import type { AttachedRoute } from './kubernetes-routes.ts';

const controllerName = 'istio.io/gateway-controller';

/** Writes the conditions of a Kubernetes Gateway and its listeners, where they have changed. */
export function writeGatewayStatus(
  gateway: KubernetesObject,
  listeners: readonly KubernetesListener[],
  routes: readonly AttachedRoute[],
  view: ClusterView,
  now: Date,
): void {
  const { addresses, programmed } = addressing(gateway, listeners, view);
  const accepted: Condition = { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Resource accepted' };
  const before = gateway['status'];
  const status: JsonObject = {
    addresses,
    conditions: statusConditions(gateway, at(before, 'conditions'), [accepted, programmed], now),
    listeners: listeners.map((listener) => {
      const known = entryWith(at(before, 'listeners'), 'name', listener.name);
      return {
        name: listener.name,
        attachedRoutes: routes.filter((route) => isAttached(route, listener)).length,
        supportedKinds: supportedKinds(listener),
        conditions: statusConditions(gateway, known?.['conditions'], listener.conditions, now),
      };
    }),
  };
  if (isNews(gateway, status)) view.put(gatewayKind, { ...gateway, status });
}

function isAttached({ attachments }: AttachedRoute, listener: KubernetesListener): boolean {
  return attachments.some(({ listeners }) => listeners.includes(listener));
}

function supportedKinds({ protocol }: KubernetesListener): readonly JsonObject[] {
  const kinds = protocol === 'TLS' ? ['TLSRoute'] : protocol === 'TCP' ? ['TCPRoute'] : ['HTTPRoute', 'GRPCRoute'];
  return kinds.map((kind) => ({ group: 'gateway.networking.k8s.io', kind }));
}

function addressing(
  gateway: KubernetesObject,
  listeners: readonly KubernetesListener[],
  view: ClusterView,
): { readonly addresses: readonly JsonObject[]; readonly programmed: Condition } {
  const { namespace, name } = serviceOf(gateway);
  const host = `${name}.${namespace}.svc.cluster.local`;
  const service = view.get('Service', namespace, name);
  const refused = (reason: string, message: string): Condition => ({
    type: 'Programmed',
    status: 'False',
    reason,
    message,
  });
  if (!service) return { addresses: [], programmed: refused('AddressNotUsable', `service ${host} not found`) };
  const addresses = objectsAt(service, 'status', 'loadBalancer', 'ingress').map(({ value }) => {
    const ip = textAt(value, 'ip');
    return ip === undefined ? { type: 'Hostname', value: textAt(value, 'hostname') } : { type: 'IPAddress', value: ip };
  });
  const open = new Set(objectsAt(service, 'spec', 'ports').map(({ value }) => numberAt(value, 'port')));
  const ports = [...new Set(listeners.map(({ port }) => port))];
  const closed = ports.find((port) => !open.has(port));
  if (closed !== undefined)
    return { addresses, programmed: refused('AddressNotUsable', `port ${closed} not found for hostname "${host}"`) };
  if (addresses.length === 0)
    return { addresses, programmed: refused('AddressNotAssigned', `address pending for hostname "${host}"`) };
  const services = ports.map((port) => `${host}:${port}`).join(', ');
  const message = `Resource programmed, assigned to service(s) ${services}`;
  return { addresses, programmed: { type: 'Programmed', status: 'True', reason: 'Programmed', message } };
}

/** Writes what each parent says of a route, where it has changed. */
export function writeRouteStatus({ groupKind, route, attachments }: AttachedRoute, view: ClusterView, now: Date): void {
  if (attachments.length === 0) return;
  const known = at(route, 'status', 'parents');
  const parents = attachments.map(({ parentRef, conditions }) => {
    const before = entryWith(known, 'parentRef', parentRef)?.['conditions'];
    return { parentRef, controllerName, conditions: statusConditions(route, before, conditions, now) };
  });
  if (isNews(route, { parents })) view.put(groupKind, { ...route, status: { parents } });
}
