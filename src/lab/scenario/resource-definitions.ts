import type { Kind } from '../api-server/kinds.ts';
import type { KubernetesObject } from '../api-server/object.ts';

/** The CustomResourceDefinitions behind the installed APIs, for clients that ask which there are. They hold no schema. */
export function resourceDefinitions(kinds: readonly Kind[], creationTimestamp: string): readonly KubernetesObject[] {
  return kinds
    .filter(({ custom }) => custom)
    .map(({ group, plural, singular, kind, shortNames, namespaced, versions }) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}`, creationTimestamp, generation: 1 },
      spec: {
        group,
        names: { plural, singular, kind, listKind: `${kind}List`, shortNames },
        scope: namespaced ? 'Namespaced' : 'Cluster',
        versions: versions.map((name, index) => ({ name, served: true, storage: index === 0 })),
      },
      status: {
        conditions: ['NamesAccepted', 'Established'].map((type) => ({ type, status: 'True' })),
        acceptedNames: { plural, singular, kind, shortNames },
        storedVersions: versions.slice(0, 1),
      },
    }));
}
