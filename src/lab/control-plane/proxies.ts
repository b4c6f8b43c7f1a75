import { numberAt, objectsAt, textAt, textMapAt, textsAt } from '../../kubernetes/read.ts';
import { matchesLabels } from '../../kubernetes/selector.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { labelsOf, nameOf, namespaceOf } from '../api-server/object.ts';
import { byAge } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Proxy, ProxyService } from './config.ts';
import { targetPortOf } from './endpoints.ts';

/** The container of a gateway pod that is Envoy with Istio's agent. */
export const proxyContainer = 'istio-proxy';

/** The gateway pods: those whose proxy runs as a router, as the proxy itself tells istiod. */
export function gatewayProxies(view: ClusterView): readonly Proxy[] {
  return view
    .list('Pod')
    .filter(isRouter)
    .map((pod) => proxyOf(pod, view));
}

function isRouter(pod: KubernetesObject): boolean {
  const container = objectsAt(pod, 'spec', 'containers').find(({ value }) => value['name'] === proxyContainer);
  return textsAt(container?.value, 'args').includes('router') && textAt(pod, 'status', 'phase') === 'Running';
}

function proxyOf(pod: KubernetesObject, view: ClusterView): Proxy {
  return {
    namespace: namespaceOf(pod),
    pod: nameOf(pod),
    labels: labelsOf(pod),
    serviceAccount: textAt(pod, 'spec', 'serviceAccountName') ?? 'default',
    services: servicesOf(pod, view),
  };
}

/** The Services that select a pod, oldest first. */
function servicesOf(pod: KubernetesObject, view: ClusterView): readonly ProxyService[] {
  const selecting = view.list('Service', namespaceOf(pod)).filter((service) => {
    const selector = textMapAt(service, 'spec', 'selector');
    return Object.keys(selector).length > 0 && matchesLabels(selector, labelsOf(pod));
  });
  return byAge(selecting).map((service) => ({
    name: nameOf(service),
    ports: objectsAt(service, 'spec', 'ports').flatMap(({ value }) => {
      const [port, targetPort] = [numberAt(value, 'port'), targetPortOf(value, pod)];
      return port === undefined || targetPort === undefined ? [] : [{ port, targetPort }];
    }),
  }));
}
