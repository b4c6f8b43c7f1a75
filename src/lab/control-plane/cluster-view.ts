import type { JsonObject } from '../../model/json.ts';
import { textAt } from '../../kubernetes/read.ts';
import type { Kind } from '../api-server/kinds.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { nameOf, namespaceOf } from '../api-server/object.ts';
import type { ObjectStore } from '../api-server/store.ts';

/** Reads the objects of the simulated cluster by kind and group, as kubectl writes them: `Gateway.networking.istio.io`. */
export class ClusterView {
  readonly #store: ObjectStore;
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(store: ObjectStore, kinds: readonly Kind[]) {
    this.#store = store;
    this.#kinds = new Map(kinds.map((kind) => [kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`, kind]));
  }

  kind(groupKind: string): Kind | undefined {
    return this.#kinds.get(groupKind);
  }

  /** All objects of a kind, or those of one namespace; none where the API is not installed. */
  list(groupKind: string, namespace?: string): readonly KubernetesObject[] {
    const kind = this.#kinds.get(groupKind);
    return kind ? this.#store.list(kind, namespace) : [];
  }

  get(groupKind: string, namespace: string, name: string): KubernetesObject | undefined {
    const kind = this.#kinds.get(groupKind);
    return kind && this.#store.get(kind, namespace, name);
  }

  /** Stores an object as a controller of the cluster would; nothing happens when it is the same as before. */
  put(groupKind: string, object: KubernetesObject): void {
    const kind = this.#kinds.get(groupKind);
    if (kind) this.#store.put(kind, object);
  }

  remove(groupKind: string, object: JsonObject): void {
    const kind = this.#kinds.get(groupKind);
    if (kind) this.#store.remove(kind, namespaceOf(object), nameOf(object));
  }
}

/** Oldest first, then by name and namespace: the order in which Istio lets objects win (mergeGateways). */
export function byAge(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  return objects.toSorted(compareAge);
}

export function compareAge(a: KubernetesObject, b: KubernetesObject): number {
  const [first, second] = [a, b].map((object) => {
    const created = textAt(object, 'metadata', 'creationTimestamp') ?? '';
    return `${created}\0${nameOf(object)}\0${namespaceOf(object)}`;
  });
  return (first ?? '') < (second ?? '') ? -1 : 1;
}
