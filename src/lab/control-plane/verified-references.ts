import type { ClusterView } from './cluster-view.ts';
import type { GatewayConfig, Proxy } from './config.ts';
import { isGranted } from './reference-grants.ts';

const scheme = 'kubernetes-gateway://';

/**
 * The Secrets that a proxy may have by a reference of its Gateways: those in one namespace with Gateway and pod, and those
 * that a ReferenceGrant allows. A reference of a Gateway in another namespace than the pod's never counts.
 */
export function verifiedReferences(
  gateways: readonly GatewayConfig[],
  proxy: Proxy,
  view: ClusterView,
): ReadonlySet<string> {
  const own = gateways.filter((gateway) => gateway.namespace === proxy.namespace && gateway.selects(proxy));
  const references = own.flatMap(({ servers }) => servers.flatMap(({ tls }) => tls?.keyPairs ?? []));
  return new Set(
    references.filter((reference) => {
      if (!reference.startsWith(scheme)) return false;
      const [namespace = '', name = ''] = reference.slice(scheme.length).split('/');
      return isGranted(view, {
        fromKind: 'Gateway',
        fromNamespace: proxy.namespace,
        toKind: 'Secret',
        toNamespace: namespace,
        toName: name,
      });
    }),
  );
}
