import { kinds } from '../kubernetes/kinds.ts';
import { objectsAt, textAt } from '../kubernetes/read.ts';
import { readCredentialName, type CredentialReference } from '../istio/sds-names.ts';
import type { Gap } from '../model/coverage.ts';
import type { Resource } from '../model/resource.ts';
import type { Evidence } from './evidence.ts';
import type { CredentialName, Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** What a ReferenceGrant was called before v1alpha2 renamed it; Istio 1.12 to 1.16 read it. */
const referencePolicy = 'ReferencePolicy.gateway.networking.k8s.io';

/** Whether a ReferenceGrant lets Gateways of one namespace refer to this Secret (or ConfigMap) of another. */
export function isGranted(
  evidence: Evidence,
  from: Resource,
  to: { readonly namespace: string; readonly kind: string; readonly name: string },
): 'granted' | 'not-granted' | Gap {
  const listing = evidence.list(kinds.referenceGrant, to.namespace);
  const granted = [...listing.items, ...evidence.list(referencePolicy, to.namespace).items].some(
    (grant) =>
      objectsAt(grant.body, 'spec', 'from').some(
        ({ value }) =>
          textAt(value, 'group') === 'gateway.networking.k8s.io' &&
          textAt(value, 'kind') === from.kind &&
          textAt(value, 'namespace') === from.namespace,
      ) &&
      objectsAt(grant.body, 'spec', 'to').some(({ value }) => {
        const name = textAt(value, 'name');
        return textAt(value, 'kind') === to.kind && (name === undefined || name === '' || name === to.name);
      }),
  );
  if (granted) return 'granted';
  return listing.gaps[0] ?? 'not-granted';
}

/** Why istiod refuses a reference before it looks for the Secret. */
export type Denial = 'cross-namespace' | 'no-grant';

/** Where a reference leads. */
export interface ResolvedReference {
  readonly reference: CredentialReference;
  readonly namespace: string;
  readonly name: string;
  readonly denied?: Denial;
}

/** Whether a Gateway API reference crosses into a namespace that does not grant it. */
export function isUngranted(
  evidence: Evidence,
  server: Server,
  kind: string,
  namespace: string,
  name: string,
): boolean {
  const crosses = namespace !== server.owner.namespace;
  return crosses && isGranted(evidence, server.owner, { namespace, kind, name }) === 'not-granted';
}

/** Where a certificateRef of the Gateway API leads: the pods play no part in it. */
export function placeOfReference(
  evidence: Evidence,
  server: Server,
  { name, namespace: own }: CredentialName,
): ResolvedReference {
  const namespace = own ?? server.owner.namespace;
  const reference: CredentialReference = { scheme: 'kubernetes-gateway', namespace, name };
  const denied = isUngranted(evidence, server, 'Secret', namespace, name);
  return { reference, namespace, name, ...(denied && { denied: 'no-grant' as const }) };
}

/**
 * Where a credentialName leads for one workload, and whether istiod will follow it. `kubernetes-gateway://` is only
 * followed for Gateways beside the pods: a grant for one elsewhere changes nothing [seen: 1.29.5].
 */
export function placeOf(
  evidence: Evidence,
  server: Server,
  workload: Workload,
  credential: CredentialName,
): ResolvedReference {
  const reference = readCredentialName(credential.name);
  const namespace = reference.namespace ?? workload.namespace;
  const place = { reference, namespace, name: reference.name };
  if (reference.scheme !== 'kubernetes-gateway') {
    return namespace === workload.namespace ? place : { ...place, denied: 'cross-namespace' };
  }
  if (server.owner.namespace !== workload.namespace) return { ...place, denied: 'cross-namespace' };
  const denied = isUngranted(evidence, server, 'Secret', namespace, reference.name);
  return denied ? { ...place, denied: 'no-grant' } : place;
}
