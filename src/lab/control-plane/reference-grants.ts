import { objectsAt, textAt } from '../../kubernetes/read.ts';
import type { ClusterView } from './cluster-view.ts';

export interface CrossReference {
  /** The kind that refers, of gateway.networking.k8s.io, and its namespace. */
  readonly fromKind: string;
  readonly fromNamespace: string;
  /** What is referred to, of the core group. */
  readonly toKind: string;
  readonly toNamespace: string;
  readonly toName: string;
}

/** Whether a reference may cross namespaces: within one it always may, else a ReferenceGrant beside the target allows it. */
export function isGranted(view: ClusterView, reference: CrossReference): boolean {
  if (reference.fromNamespace === reference.toNamespace) return true;
  const grants = view.list('ReferenceGrant.gateway.networking.k8s.io', reference.toNamespace);
  return grants.some((grant) => {
    const from = objectsAt(grant, 'spec', 'from').some(
      ({ value }) =>
        textAt(value, 'group') === 'gateway.networking.k8s.io' &&
        textAt(value, 'kind') === reference.fromKind &&
        textAt(value, 'namespace') === reference.fromNamespace,
    );
    const to = objectsAt(grant, 'spec', 'to').some(
      ({ value }) =>
        (textAt(value, 'group') ?? '') === '' &&
        textAt(value, 'kind') === reference.toKind &&
        [undefined, reference.toName].includes(textAt(value, 'name')),
    );
    return from && to;
  });
}
