import type { CredentialUse } from '../../facts/credentials.ts';
import type { Uses } from './consequences.ts';
import { before, type Release } from '../../istio/release.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ObjectRef } from '../../model/resource.ts';

/** The version of the kind that a release of Istio reads: it was called ReferencePolicy up to Gateway API 0.4. */
function kindFor(rules: Release | undefined): { readonly apiVersion: string; readonly kind: string } {
  if (before(rules, 1, 15)) return { apiVersion: 'gateway.networking.k8s.io/v1alpha2', kind: 'ReferencePolicy' };
  if (before(rules, 1, 17)) return { apiVersion: 'gateway.networking.k8s.io/v1alpha2', kind: 'ReferenceGrant' };
  return { apiVersion: 'gateway.networking.k8s.io/v1beta1', kind: 'ReferenceGrant' };
}

/** A grant, beside the Secrets (or ConfigMaps), that lets Gateways of one namespace refer to just those. */
export function referenceGrantFor(
  uses: Uses,
  rules?: Release,
): { readonly ref: ObjectRef; readonly manifest: JsonObject } {
  const [{ server, namespace }] = uses;
  const { owner } = server;
  const type = kindFor(rules);
  const names = [...new Set(uses.map(({ name }) => name))];
  const only = names.length === 1 ? `-to-${names[0] ?? ''}` : '';
  const name = `allow-${owner.namespace}${only}`.slice(0, 253).replace(/[^a-z0-9]+$/, '');
  const to = [...new Map(uses.map((use) => [`${kindOf(use)}/${use.name}`, use])).values()];
  return {
    ref: { ...type, namespace, name },
    manifest: {
      ...type,
      metadata: { namespace, name },
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: owner.kind, namespace: owner.namespace }],
        to: to.map((use) => ({ group: '', kind: kindOf(use), name: use.name })),
      },
    },
  };
}

const kindOf = ({ reference }: CredentialUse): string => (reference.scheme === 'configmap' ? 'ConfigMap' : 'Secret');
