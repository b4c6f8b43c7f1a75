import type { Certificate, PublicKeyFacts } from './certificate.ts';
import type { Look } from './coverage.ts';
import type { EnvoyState } from './envoy.ts';
import type { DnsAnswer, Probe } from './probe.ts';
import type { Resource, Setting } from './resource.ts';
import type { Secret } from './secret.ts';

export interface SourcePart {
  readonly name: string;
  readonly status: 'read' | 'partly-read' | 'failed';
  readonly detail?: string;
}

export interface SourceDescription {
  readonly kind: 'cluster' | 'snapshot' | 'files' | 'lab';
  readonly context?: string;
  readonly paths?: readonly string[];
  readonly parts: readonly SourcePart[];
}

/** One container's log. Lines are as written; a line over the source's limit is cut and counted. */
export interface ContainerLog {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly lines: readonly string[];
  readonly truncatedLines: number;
}

/** A SubjectAccessReview and its answer. */
export interface AccessReview {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name?: string;
  readonly allowed: boolean;
  readonly reason?: string;
}

/** A client certificate that the user named, without its key. */
export interface ClientIdentity {
  readonly source: string;
  readonly chain: readonly Certificate[];
  readonly publicKey?: PublicKeyFacts;
  readonly keyGiven: boolean;
}

/** What the user asked for beyond the cluster: it is evidence too, and judged with it. */
export interface Question {
  readonly targets: readonly Target[];
  readonly namespaces: readonly string[];
  readonly client?: ClientIdentity;
  readonly symptom?: string;
  /** Certificates of `--cacert`: what the clients in question trust. */
  readonly trusted?: readonly Certificate[];
  readonly inCluster?: boolean;
  readonly expectations?: readonly Expectation[];
}

/** What a fresh deployment must show for one host. */
export interface Expectation {
  readonly host: string;
  readonly status?: number;
  readonly issuer?: string;
  readonly fingerprint?: string;
  readonly minTls?: string;
}

export type Target =
  | {
      readonly kind: 'host';
      readonly text: string;
      readonly host: string;
      readonly port?: number;
      readonly path?: string;
    }
  | { readonly kind: 'address'; readonly text: string; readonly address: string; readonly port: number }
  | {
      readonly kind: 'gateway' | 'gtw' | 'ingress' | 'svc' | 'pod';
      readonly text: string;
      readonly namespace: string;
      readonly name: string;
    };

/**
 * All evidence of one run: immutable, dated, serialisable. Everything after the sources is a function of it.
 * No private key, token or password is ever in it.
 */
export interface Snapshot {
  /** ISO 8601. The only clock that checks see. */
  readonly capturedAt: string;
  readonly source: SourceDescription;
  /** The Istio release that the snapshot itself names, `1.29.5`. */
  readonly istioVersion?: string;
  readonly kubernetesVersion?: string;
  readonly resources: readonly Resource[];
  readonly secrets: readonly Secret[];
  /** Names and namespaces of Secrets that are known to exist and were not read (metadata only). */
  readonly secretNames: readonly { readonly namespace: string; readonly name: string }[];
  readonly looks: readonly Look[];
  readonly settings: readonly Setting[];
  readonly logs: readonly ContainerLog[];
  readonly envoys: readonly EnvoyState[];
  readonly probes: readonly Probe[];
  readonly dns: readonly DnsAnswer[];
  readonly accessReviews: readonly AccessReview[];
  readonly question: Question;
}
