import type { Origin } from './resource.ts';

export type Severity = 'error' | 'warning' | 'info';

/** The steps of a connection, in order. Six of them are those that the guides name for mutual TLS (runbook D6). */
export const steps = [
  'dns',
  'address',
  'tcp',
  'listener',
  'credential',
  'tls',
  'server-certificate',
  'client-certificate',
  'route',
  'http',
] as const;
export type Step = (typeof steps)[number];

export type EvidenceSource =
  | 'resource'
  | 'secret'
  | 'gateway-log'
  | 'istiod-log'
  | 'config-dump'
  | 'envoy-stats'
  | 'access-log'
  | 'probe'
  | 'dns'
  | 'access-review';

/** One observed fact, an entry of `evidence[]`: where it was seen (`ref`) and what was seen there (`detail`). */
export interface Observation {
  readonly source: EvidenceSource;
  readonly ref: string;
  readonly detail: string;
}

/** An object, and the field of it that is meant. `path` as in `spec.servers[0].tls.credentialName`. */
export interface Subject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly path?: string;
  readonly pod?: string;
  readonly host?: string;
  readonly origin?: Origin;
}

/**
 * A command line by its words, so that quoting, `--context` and `--kubeconfig` are one reporter's work.
 * `stdin` is a manifest that the command reads (`kubectl apply -f -`). `<LIKE_THIS>` marks what evidence cannot know.
 */
export interface Command {
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** A further command whose standard input is this one's output. */
  readonly pipe?: Command;
}

export interface Fix {
  readonly summary: string;
  /** Whose decision it is: `owner of namespace shop`, `the client`, `DNS`. */
  readonly owner: string;
  readonly commands: readonly Command[];
  readonly undo: readonly Command[];
  readonly doNot: readonly string[];
  /** Set when the fix lets in somebody who is kept out today: who. */
  readonly widensAccess?: string;
  /** The tool that would write the object back: `Argo CD`, `Flux`, `Helm release shop`. */
  readonly managedBy?: string;
}
