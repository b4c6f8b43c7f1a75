import { objectAt, objectsAt, textAt } from './read.ts';
import type { JsonObject } from '../model/json.ts';
import type { Setting } from '../model/resource.ts';

/**
 * Environment variables that decide a rule of ours. All others are left out of the evidence, whatever they hold:
 * a literal value in a pod may be a password.
 */
const deciding: ReadonlySet<string> = new Set([
  'COMPLIANCE_POLICY',
  'ENABLE_INGRESS_GATEWAY_SDS',
  'ENABLE_GATEWAY_API_MANUAL_DEPLOYMENT',
  'INGRESS_GATEWAY_FALLBACK_SECRET',
  'ISTIOD_ENABLE_SDS_SERVER',
  'ISTIO_DELTA_XDS',
  'ISTIO_META_ROUTER_MODE',
  'ISTIO_META_UNPRIVILEGED_POD',
  'ISTIO_META_USER_SDS',
  'K8S_INGRESS_NS',
  'PILOT_ENABLE_GATEWAY_API',
  'PILOT_ENABLE_QUIC_LISTENERS',
  'PILOT_ENABLE_STRICT_GATEWAY_MERGING',
  'PILOT_ENABLE_XDS_IDENTITY_CHECK',
  'PILOT_SCOPE_GATEWAY_TO_NAMESPACE',
  'REVISION',
]);

/** Switches, numbers and names of namespaces or modes: nothing that could be a secret passes. */
const harmless = /^(?:true|false|\d{1,5}|[a-z][a-z0-9.-]{0,40})$/i;

/** The controller's name: a pod's own name carries hashes, which come from its ReplicaSet's. */
function workloadName(object: JsonObject): string {
  const name = textAt(object, 'metadata', 'name') ?? '';
  if (textAt(object, 'kind') !== 'Pod') return name;
  const owner = textAt(object, 'metadata', 'ownerReferences', 0, 'name') ?? name;
  const hash = textAt(object, 'metadata', 'labels', 'pod-template-hash');
  return hash !== undefined && owner.endsWith(`-${hash}`) ? owner.slice(0, -hash.length - 1) : owner;
}

/** The deciding settings in the containers of a pod or of a pod template. */
export function settingsOf(object: JsonObject): readonly Setting[] {
  const spec = objectAt(object, 'spec', 'template', 'spec') ?? objectAt(object, 'spec');
  const namespace = textAt(object, 'metadata', 'namespace') ?? 'default';
  return objectsAt(spec, 'containers').flatMap(({ value: container }) =>
    objectsAt(container, 'env').flatMap(({ value: variable }) => {
      const name = textAt(variable, 'name') ?? '';
      const value = textAt(variable, 'value');
      if (value === undefined || !deciding.has(name) || !harmless.test(value)) return [];
      return [{ namespace, workload: workloadName(object), name, value }];
    }),
  );
}
