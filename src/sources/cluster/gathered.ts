import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, objectKey } from '../../kubernetes/names.ts';
import type { Gap, Listing, Look, Lookup } from '../../model/coverage.ts';
import type { Resource } from '../../model/resource.ts';
import type { Secret } from '../../model/secret.ts';

/**
 * What a walk through a cluster has found so far, and every look it took. A look that gave everything is `complete`;
 * one that did not is kept with the reason, so that nothing absent is taken for looked for.
 */
export class Gathered {
  readonly #resources = new Map<string, Resource>();
  readonly #secrets = new Map<string, Secret>();
  readonly #looks = new Map<string, Look>();

  get resources(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  get secrets(): readonly Secret[] {
    return [...this.#secrets.values()];
  }

  get looks(): readonly Look[] {
    return [...this.#looks.values()];
  }

  look(look: Look): void {
    const key = `${look.kind}|${look.namespace}|${look.name ?? ''}`;
    const before = this.#looks.get(key);
    // one of several looks at the same place that failed leaves the place not wholly looked at
    if (!before || before.outcome === 'complete') this.#looks.set(key, look);
  }

  add(...resources: readonly Resource[]): void {
    for (const resource of resources) this.#resources.set(objectKey(resource), resource);
  }

  listed(kind: string, namespace: string, listing: Listing<Resource>): Gap | undefined {
    this.add(...listing.items);
    const [gap] = listing.gaps;
    this.look({ kind, namespace, outcome: gap ?? 'complete' });
    return gap;
  }

  got(kind: string, namespace: string, name: string, found: Lookup<Resource>): void {
    if (found.state === 'found') this.add(found.value);
    this.look({ kind, namespace, name, outcome: found.state === 'unknown' ? found.gap : 'complete' });
  }

  gotSecret(namespace: string, name: string, found: Lookup<Secret>): void {
    if (found.state === 'found') this.#secrets.set(objectKey(found.value), found.value);
    this.look({ kind: kinds.secret, namespace, name, outcome: found.state === 'unknown' ? found.gap : 'complete' });
  }

  of(kind: string): readonly Resource[] {
    return this.resources.filter((resource) => groupKind(resource) === kind);
  }
}
