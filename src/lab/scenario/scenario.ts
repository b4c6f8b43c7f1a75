/** What a scenario folder describes, as its `scenario.yaml` says it. */
export interface Scenario {
  /** The folder's name. */
  readonly name: string;
  readonly title: string;
  /** What happened, in one or two sentences. */
  readonly story: string;
  /** Ids of the documented procedures that the scenario plays. */
  readonly runbook: readonly string[];
  /** The root cause that a diagnosis must come to, or `healthy`. */
  readonly cause: string;
  /** The object whose edit mends it; absent in a healthy cluster. */
  readonly subject?: ScenarioSubject;
  readonly apis: readonly string[];
  /** Flags that a person adds to a diagnosis; `$LAB_DIR` is the folder of the clients' files. */
  readonly arguments: readonly string[];
  readonly includes: readonly Inclusion[];
  /** How each host behaves at first. The scenario is tested against this. */
  readonly expect: readonly Expectation[];
  readonly fix?: ScenarioFix;
}

export interface ScenarioSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A file of the base folder, with the values of its placeholders. */
export interface Inclusion {
  readonly template: string;
  readonly values: Readonly<Record<string, string>>;
}

export interface ScenarioFix {
  /** Lines for a shell that has the lab's environment. */
  readonly commands: readonly string[];
  /** How hosts behave afterwards. */
  readonly expect: readonly Expectation[];
}

export interface Expectation {
  readonly host: string;
  readonly port: 'https' | 'http';
  /** `ok`, `reset`, `refused`, `closed`, `not-tls`, or `alert NUMBER`. */
  readonly outcome: string;
  /** The client certificate to show: a pair `NAME.crt` and `NAME.key` among the files. */
  readonly client?: string;
  readonly path: string;
  readonly status?: number;
  /** Whether the answer came from the application behind the gateway, or from the gateway itself. */
  readonly answeredBy?: 'application' | 'gateway';
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** What a client that trusts the file `ca.crt` says of the certificate, as Node names it. Absent: it is content. */
  readonly verify?: string;
  /** No SNI is sent. */
  readonly withoutSni: boolean;
  /** The beginning of a redirect's target. */
  readonly location?: string;
}
