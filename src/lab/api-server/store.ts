import { randomUUID } from 'node:crypto';
import type { Kind } from './kinds.ts';
import { groupResource } from './kinds.ts';
import type { KubernetesObject } from './object.ts';
import { keyOf, withMetadata } from './object.ts';

export interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: Kind;
  readonly object: KubernetesObject;
  /** What it was before, for MODIFIED. */
  readonly before?: KubernetesObject;
  readonly version: number;
}

/** How many events a watch can go back; one that asks for older ones is told `410 Gone`. */
const rememberedEvents = 2000;

/** The objects of the simulated cluster, in memory. Every write gives the whole store a new resource version. */
export class ObjectStore {
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #listeners = new Set<(event: ObjectEvent) => void>();
  #events: ObjectEvent[] = [];
  #version = 1;

  get version(): number {
    return this.#version;
  }

  get(kind: Kind, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(groupResource(kind))?.get(`${namespace}/${name}`);
  }

  /** All objects of a kind, or those of one namespace, by namespace and name. */
  list(kind: Kind, namespace?: string): readonly KubernetesObject[] {
    const all = this.#objects.get(groupResource(kind)) ?? new Map<string, KubernetesObject>();
    return [...all]
      .filter(([key]) => namespace === undefined || key.startsWith(`${namespace}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  /** Stores an object as it stands; only `uid` (if it has none) and `resourceVersion` are given to it. */
  put(kind: Kind, object: KubernetesObject): KubernetesObject {
    const objects = this.#objectsOf(kind);
    const before = objects.get(keyOf(object));
    this.#version += 1;
    const stored = withMetadata(object, {
      uid: object.metadata['uid'] ?? randomUUID(),
      resourceVersion: String(this.#version),
    });
    objects.set(keyOf(object), stored);
    this.#announce({
      type: before ? 'MODIFIED' : 'ADDED',
      kind,
      object: stored,
      ...(before && { before }),
      version: this.#version,
    });
    return stored;
  }

  remove(kind: Kind, namespace: string, name: string): KubernetesObject | undefined {
    const objects = this.#objectsOf(kind);
    const object = objects.get(`${namespace}/${name}`);
    if (!object) return undefined;
    objects.delete(`${namespace}/${name}`);
    this.#version += 1;
    const removed = withMetadata(object, { resourceVersion: String(this.#version) });
    this.#announce({ type: 'DELETED', kind, object: removed, version: this.#version });
    return removed;
  }

  /** The events of a kind after a resource version, or `undefined` when they are no longer remembered. */
  eventsAfter(kind: Kind, version: number): readonly ObjectEvent[] | undefined {
    const oldest = this.#events[0];
    if (oldest && version < oldest.version - 1) return undefined;
    return this.#events.filter((event) => event.version > version && event.kind === kind);
  }

  /** Calls back for every write until the returned function is called. */
  subscribe(listener: (event: ObjectEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #objectsOf(kind: Kind): Map<string, KubernetesObject> {
    const key = groupResource(kind);
    const known = this.#objects.get(key);
    if (known) return known;
    const fresh = new Map<string, KubernetesObject>();
    this.#objects.set(key, fresh);
    return fresh;
  }

  #announce(event: ObjectEvent): void {
    this.#events.push(event);
    if (this.#events.length > rememberedEvents * 2) this.#events = this.#events.slice(-rememberedEvents);
    for (const listener of this.#listeners) listener(event);
  }
}
