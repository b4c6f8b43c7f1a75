/** Why something was not looked at. `absent-api`: the server has no such kind, so there can be no such object. */
export type GapReason = 'forbidden' | 'unreachable' | 'timeout' | 'not-collected' | 'unreadable';

export interface Gap {
  readonly reason: GapReason;
  /** What the server, the file or the network said, in a few words. */
  readonly detail: string;
  /** The one permission that would allow the look, as `get secrets in namespace istio-ingress`. */
  readonly permission?: string;
}

/**
 * The outcome of looking at one kind in one place. `kind` is the kind and its group as kubectl writes it
 * (`Gateway.networking.istio.io`, `Secret`); `namespace` is `*` for a look at all of them;
 * `name` is there when a single object was asked for by name.
 */
export interface Look {
  readonly kind: string;
  readonly namespace: string;
  readonly name?: string;
  readonly outcome: 'complete' | Gap;
}

/** What a lookup of one object gives. Absent was looked for and is not there; unknown could not be looked for. */
export type Lookup<T> =
  | { readonly state: 'found'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly gap: Gap };

/** What a lookup of many gives: those found, and the places that could not be looked at. */
export interface Listing<T> {
  readonly items: readonly T[];
  readonly gaps: readonly Gap[];
}
