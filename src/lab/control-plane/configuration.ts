import type { KubernetesObject } from '../api-server/object.ts';
import { nameOf, namespaceOf } from '../api-server/object.ts';
import { compareAge } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import { isNews } from './conditions.ts';
import type { GatewayConfig, Notice } from './config.ts';
import { writeGatewayStatus, writeRouteStatus } from './gateway-status.ts';
import { claimedIngresses, ingressGateway, ingressStatus, ingressVirtualServices } from './ingress-config.ts';
import { gatewayConfig, istioGateways, istioVirtualServices } from './istio-config.ts';
import { claimedGateways, listenersOf } from './kubernetes-gateways.ts';
import { attachRoutes } from './kubernetes-routes.ts';
import type { Configuration } from './listeners.ts';
import type { MeshConfig } from './mesh-config.ts';

interface Source {
  readonly object: KubernetesObject;
  readonly config: GatewayConfig;
}

/**
 * Everything that configures gateways, from the three APIs that Istio reads. Writes what istiod writes back on the way:
 * the status of Kubernetes Gateways, of their routes and of Ingresses.
 */
export function readConfiguration(
  view: ClusterView,
  mesh: MeshConfig,
  now: Date,
): { readonly configuration: Configuration; readonly notices: readonly Notice[] } {
  const notices: Notice[] = [];
  const istio = istioGateways(view).map((object): Source => ({ object, config: gatewayConfig(object) }));

  const ingresses = claimedIngresses(view, mesh);
  const status = ingressStatus(view, mesh);
  for (const ingress of ingresses) {
    if (isNews(ingress, status)) view.put('Ingress.networking.k8s.io', { ...ingress, status });
  }
  const fromIngresses = ingresses.map((object): Source => ({ object, config: ingressGateway(object, mesh, notices) }));

  const listeners = claimedGateways(view).flatMap((gateway) => listenersOf(gateway, view));
  const routes = attachRoutes(view, listeners);
  const fromListeners = listeners.flatMap(({ gateway, config }): Source[] =>
    config ? [{ object: gateway, config }] : [],
  );
  for (const gateway of new Set(listeners.map((listener) => listener.gateway))) {
    const own = listeners.filter((listener) => listener.gateway === gateway);
    writeGatewayStatus(gateway, own, routes, view, now);
  }
  for (const route of routes) writeRouteStatus(route, view, now);

  const sources = [...istio, ...fromIngresses, ...fromListeners].toSorted((a, b) => compareAge(a.object, b.object));
  const virtualServices = [
    ...istioVirtualServices(view),
    ...ingresses.flatMap((ingress) => ingressVirtualServices(ingress, view)),
    ...routes.map(({ config }) => config),
  ];
  return { configuration: { gateways: sources.map(({ config }) => config), virtualServices }, notices };
}

/** How istiod names an object that a push is about. */
export function configName(object: KubernetesObject): string {
  return `${object.kind}/${namespaceOf(object)}/${nameOf(object)}`;
}
