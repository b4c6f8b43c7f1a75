import { groupOf } from './names.ts';

/** Plurals that no rule gives; every other kind of those that istls reads takes an `s`. */
const irregular: Readonly<Record<string, string>> = {
  Ingress: 'ingresses',
  IngressClass: 'ingressclasses',
  GatewayClass: 'gatewayclasses',
  Endpoints: 'endpoints',
  NetworkPolicy: 'networkpolicies',
  AuthorizationPolicy: 'authorizationpolicies',
  BackendTLSPolicy: 'backendtlspolicies',
  SecretProviderClass: 'secretproviderclasses',
  ServiceEntry: 'serviceentries',
  WorkloadEntry: 'workloadentries',
  Telemetry: 'telemetries',
};

/** The lower-case plural under which the API serves a kind: `virtualservices`. */
export const pluralOf = (kind: string): string => irregular[kind] ?? `${kind.toLowerCase()}s`;

/**
 * A resource by its full name, `gateways.networking.istio.io`: a cluster may have several kinds called Gateway, and
 * kubectl takes whichever it meets first.
 */
export function fullResource(object: { readonly apiVersion: string; readonly kind: string }): string {
  const group = groupOf(object.apiVersion);
  return group === '' ? pluralOf(object.kind) : `${pluralOf(object.kind)}.${group}`;
}
