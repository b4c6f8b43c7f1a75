import { kinds, type Kind } from '../../kubernetes/kinds.ts';
import { pluralOf } from '../../kubernetes/plurals.ts';
import type { ApiKind } from './api-kind.ts';
import { kindIn, type Discovery } from './discovery.ts';
import type { Lookup } from '../../model/coverage.ts';

/** Configuration that is read of the whole cluster: where an object of these lies says nothing about whom it concerns. */
export const configuration: readonly Kind[] = [
  kinds.gateway,
  kinds.virtualService,
  kinds.destinationRule,
  kinds.serviceEntry,
  kinds.envoyFilter,
  kinds.sidecar,
  kinds.proxyConfig,
  kinds.peerAuthentication,
  kinds.authorizationPolicy,
  kinds.requestAuthentication,
  kinds.telemetry,
  kinds.ingress,
  kinds.ingressClass,
  kinds.kubernetesGateway,
  kinds.gatewayClass,
  kinds.httpRoute,
  kinds.grpcRoute,
  kinds.tlsRoute,
  kinds.tcpRoute,
  kinds.referenceGrant,
  kinds.backendTlsPolicy,
  kinds.listenerSet,
  kinds.experimentalListenerSet,
  kinds.certificate,
  kinds.certificateRequest,
  kinds.issuer,
  kinds.clusterIssuer,
  kinds.order,
  kinds.challenge,
  kinds.externalSecret,
  kinds.sealedSecret,
  kinds.secretProviderClass,
  kinds.namespace,
];

/** Kinds that explain a gateway's pods, read in their namespaces. */
export const besideGateways: readonly Kind[] = [
  kinds.service,
  kinds.deployment,
  kinds.daemonSet,
  kinds.networkPolicy,
  kinds.role,
  kinds.roleBinding,
];

const clusterWide: ReadonlySet<string> = new Set([
  kinds.namespace,
  kinds.node,
  kinds.ingressClass,
  kinds.gatewayClass,
  kinds.clusterIssuer,
  kinds.clusterRole,
  kinds.clusterRoleBinding,
]);

/** Versions to ask for when the server does not say what it has: groups whose first version every server of today serves. */
const usualVersions: Readonly<Record<string, string>> = {
  '': 'v1',
  apps: 'v1',
  'networking.k8s.io': 'v1',
  'discovery.k8s.io': 'v1',
  'rbac.authorization.k8s.io': 'v1',
  'networking.istio.io': 'v1beta1',
  'security.istio.io': 'v1beta1',
  'telemetry.istio.io': 'v1alpha1',
  'gateway.networking.k8s.io': 'v1',
  'cert-manager.io': 'v1',
};

export function splitKind(kind: string): { readonly group: string; readonly kind: string } {
  const dot = kind.indexOf('.');
  return dot < 0 ? { group: '', kind } : { group: kind.slice(dot + 1), kind: kind.slice(0, dot) };
}

/** A kind as this server serves it; absent when it has no such kind. Without discovery, as most servers serve it. */
export function apiKindOf(discovery: Lookup<Discovery>, name: string): Lookup<ApiKind> {
  const { group, kind } = splitKind(name);
  if (discovery.state === 'found') return kindIn(discovery.value, group, kind);
  const version = usualVersions[group];
  if (version === undefined) return { state: 'unknown', gap: noDiscovery };
  return {
    state: 'found',
    value: { group, version, kind, resource: pluralOf(kind), namespaced: !clusterWide.has(name) },
  };
}

const noDiscovery = { reason: 'unreachable', detail: 'the API server did not say which kinds it has' } as const;
