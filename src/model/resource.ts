import type { JsonObject } from './json.ts';

/** Where an object was read from, when it came from files: `line` is the first line of its document, from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly controller: boolean;
}

/** One write to an object, as `metadata.managedFields` tells it. `manager` is the client's own name for itself. */
export interface Change {
  readonly at: string;
  readonly by: string;
  readonly operation: string;
}

/** The metadata that istls reads of any object. `namespace` is the empty string for what has none. */
export interface Meta {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly OwnerReference[];
  /** `managedFields` as dates and names; the fields themselves are not kept. */
  readonly changes: readonly Change[];
  readonly createdAt?: string;
  readonly deletedAt?: string;
  readonly resourceVersion?: string;
  readonly uid?: string;
  readonly origin?: Origin;
}

/**
 * A Kubernetes object of any kind but Secret. `body` is everything beside apiVersion, kind and metadata, unread:
 * a fact that needs a field of it reads that field with `kubernetes/read.ts`, which expects nothing.
 */
export interface Resource extends Meta {
  readonly body: JsonObject;
  /** Of a pod or pod template: the few environment variables that decide a rule; all others are left out of `body`. */
  readonly settings?: readonly Setting[];
}

/** A feature switch of istiod or of a gateway that decides a rule; only values that can hold no secret are kept. */
export interface Setting {
  readonly namespace: string;
  readonly workload: string;
  readonly name: string;
  readonly value: string;
}

/** Names one object. What has no namespace leaves it empty. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}
