import { groupKind } from '../kubernetes/names.ts';
import { kinds } from '../kubernetes/kinds.ts';
import type { Gap, Listing, Look, Lookup } from '../model/coverage.ts';
import type { Resource } from '../model/resource.ts';
import type { Secret } from '../model/secret.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { inferredObjects } from './inferred-objects.ts';

/**
 * A snapshot with its indexes: how facts and checks ask for objects. Asking for what nobody looked at gives `unknown`
 * with the gap, never `absent`.
 */
export interface Evidence {
  readonly snapshot: Snapshot;
  /** The moment that everything is judged at. */
  readonly now: Date;
  get(kind: string, namespace: string, name: string): Lookup<Resource>;
  /** All objects of a kind, in one namespace or (without one) everywhere. */
  list(kind: string, namespace?: string): Listing<Resource>;
  secret(namespace: string, name: string): Lookup<Secret>;
  /** Secrets of that name wherever one was seen. */
  secretsNamed(name: string): readonly Secret[];
  /** Whether a place was looked at: undefined when it was, else why not. */
  gap(kind: string, namespace: string, name?: string): Gap | undefined;
}

const notCollected: Gap = { reason: 'not-collected', detail: 'not part of the evidence' };

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

const place = (kind: string, namespace: string, name = ''): string => `${kind}|${namespace}|${name}`;

class IndexedEvidence implements Evidence {
  readonly snapshot: Snapshot;
  readonly now: Date;
  readonly #byKind: ReadonlyMap<string, readonly Resource[]>;
  readonly #byPlace: ReadonlyMap<string, readonly Resource[]>;
  readonly #byName: ReadonlyMap<string, readonly Resource[]>;
  readonly #secrets: ReadonlyMap<string, readonly Secret[]>;
  readonly #secretsByName: ReadonlyMap<string, readonly Secret[]>;
  readonly #looks: ReadonlyMap<string, readonly Look[]>;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.now = new Date(snapshot.capturedAt);
    const resources = [...snapshot.resources, ...inferredObjects(snapshot)];
    this.#byKind = groupBy(resources, groupKind);
    this.#byPlace = groupBy(resources, (resource) => place(groupKind(resource), resource.namespace));
    this.#byName = groupBy(resources, (resource) => place(groupKind(resource), resource.namespace, resource.name));
    this.#secrets = groupBy(snapshot.secrets, (secret) => place(kinds.secret, secret.namespace, secret.name));
    this.#secretsByName = groupBy(snapshot.secrets, (secret) => secret.name);
    this.#looks = groupBy(snapshot.looks, (look) => place(look.kind, look.namespace, look.name));
  }

  get(kind: string, namespace: string, name: string): Lookup<Resource> {
    const found = this.#byName.get(place(kind, namespace, name))?.[0];
    if (found) return { state: 'found', value: found };
    const gap = this.gap(kind, namespace, name);
    return gap ? { state: 'unknown', gap } : { state: 'absent' };
  }

  list(kind: string, namespace?: string): Listing<Resource> {
    const items = namespace === undefined ? this.#byKind.get(kind) : this.#byPlace.get(place(kind, namespace));
    const gap = this.gap(kind, namespace ?? '*');
    return { items: items ?? [], gaps: gap ? [gap] : [] };
  }

  secret(namespace: string, name: string): Lookup<Secret> {
    const found = this.#secrets.get(place(kinds.secret, namespace, name))?.[0];
    if (found) return { state: 'found', value: found };
    const gap = this.gap(kinds.secret, namespace, name);
    return gap ? { state: 'unknown', gap } : { state: 'absent' };
  }

  secretsNamed(name: string): readonly Secret[] {
    return this.#secretsByName.get(name) ?? [];
  }

  gap(kind: string, namespace: string, name?: string): Gap | undefined {
    // the nearest look decides: at this object, at its namespace, at all of them
    const places = [
      ...(name === undefined ? [] : [place(kind, namespace, name)]),
      place(kind, namespace),
      place(kind, '*'),
    ];
    for (const nearest of places) {
      const looks = this.#looks.get(nearest) ?? [];
      if (looks.some(({ outcome }) => outcome === 'complete')) return undefined;
      const blocked = looks[0]?.outcome;
      if (blocked !== undefined && blocked !== 'complete') return blocked;
    }
    return notCollected;
  }
}

const indexed = new WeakMap<Snapshot, Evidence>();

export function evidenceOf(snapshot: Snapshot): Evidence {
  let evidence = indexed.get(snapshot);
  if (!evidence) {
    evidence = new IndexedEvidence(snapshot);
    indexed.set(snapshot, evidence);
  }
  return evidence;
}

/** A fact: a pure function of the evidence, computed once for each. Ten checks share one computation. */
export function derive<T>(compute: (evidence: Evidence) => T): (evidence: Evidence) => T {
  const known = new WeakMap<Evidence, { readonly value: T }>();
  return (evidence) => {
    const before = known.get(evidence);
    if (before) return before.value;
    const value = compute(evidence);
    known.set(evidence, { value });
    return value;
  };
}
