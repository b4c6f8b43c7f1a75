/** What a line of a gateway's, a node agent's or istiod's log says, in one vocabulary for all five eras. */
export type LogEventKind =
  // a credential on its way to Envoy
  | 'secret-asked'
  | 'secret-not-found'
  | 'secret-wrong-keys'
  | 'secret-empty'
  | 'secret-fetch-failed'
  | 'secret-denied-rbac'
  | 'secret-denied-reference'
  | 'secret-denied'
  | 'secret-reserved-name'
  | 'secret-unparsable'
  | 'secret-expired'
  | 'secret-changed'
  | 'secret-pushed'
  | 'secret-fallback'
  | 'secret-fetch-timeout'
  | 'secret-refused'
  | 'secret-api-forbidden'
  | 'agent-sds-skipped'
  | 'file-secret-failed'
  | 'file-secret-read'
  // listeners and what makes them
  | 'listener-refused'
  | 'cluster-refused'
  | 'listener-omitted'
  | 'listener-invalid'
  | 'server-dropped-duplicate-hosts'
  | 'server-dropped-protocol-conflict'
  | 'server-dropped-port-name'
  | 'server-dropped-plaintext'
  | 'server-dropped-privileged-port'
  | 'server-dropped-scope'
  | 'route-dropped-duplicate-sni'
  | 'no-virtual-service'
  | 'no-virtual-hosts'
  | 'no-gateway-servers'
  | 'ingress-without-secret'
  // the control plane connection and the mesh identity
  | 'xds-connected'
  | 'xds-disconnected'
  | 'xds-connect-failed'
  | 'proxy-unauthenticated'
  | 'identity-failed'
  | 'clock-skew'
  // handshakes at debug level
  | 'handshake-failed'
  | 'bind-failed';

export interface LogEvent {
  readonly kind: LogEventKind;
  /** Whose log it stands in. */
  readonly from: 'gateway' | 'node-agent' | 'istiod';
  /** The pod whose log it is. */
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly line: number;
  /** ISO 8601, where the line carries a time. */
  readonly at?: string;
  /** The line as written, without its envelope. */
  readonly text: string;
  /** The name Envoy asks for, as written: `kubernetes://shop-tls`, `shop-tls-cacert`, `file-cert:…`. */
  readonly resource?: string;
  /** The Secret that the line speaks of, where it names one; `namespace` as far as the line tells. */
  readonly secret?: { readonly namespace?: string; readonly name: string };
  /** True when the line is about the CA of the clients (`-cacert`), not about a key pair. */
  readonly ca?: boolean;
  /** The proxy that the line speaks of (istiod's lines name `POD.NAMESPACE`). */
  readonly proxy?: { readonly namespace: string; readonly pod: string };
  /** Keys that were found in a Secret with the wrong ones. */
  readonly keys?: readonly string[];
  /** Envoy's own words in a refusal, BoringSSL's in a failed handshake. */
  readonly reason?: string;
  /** Gateway, route or host names of configuration lines. */
  readonly gateway?: { readonly namespace?: string; readonly name: string };
  readonly hosts?: readonly string[];
  readonly route?: string;
  readonly port?: number;
  /** The listener or cluster that was refused or left out, as Envoy names it: `0.0.0.0_443`. */
  readonly listener?: string;
  readonly cluster?: string;
  /** The address and port of the client whose handshake failed. */
  readonly client?: string;
  /** istiod's push: how many secrets it gave, and how many names it was asked for and could not give. */
  readonly pushed?: { readonly given: number; readonly missing: number };
  /** How many lines of the log said the same of the same within one refusal. */
  readonly times: number;
}

/** One line of an access log. Fields that the format does not have are absent; `-` in the log is null. */
export interface AccessLogEntry {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly line: number;
  readonly at?: string;
  readonly method?: string | null;
  readonly path?: string | null;
  readonly protocol?: string | null;
  readonly status?: number;
  /** Short response flags, `NR`, `UF`; empty when the log says `-`. */
  readonly flags: readonly string[];
  readonly details?: string | null;
  readonly terminationDetails?: string | null;
  readonly upstreamFailure?: string | null;
  readonly downstreamFailure?: string | null;
  readonly bytesReceived?: number;
  readonly bytesSent?: number;
  readonly durationMs?: number;
  readonly forwardedFor?: string | null;
  readonly userAgent?: string | null;
  readonly requestId?: string | null;
  readonly authority?: string | null;
  readonly upstreamHost?: string | null;
  readonly upstreamCluster?: string | null;
  readonly upstreamLocal?: string | null;
  readonly downstreamLocal?: string | null;
  readonly downstreamRemote?: string | null;
  readonly sni?: string | null;
  readonly routeName?: string | null;
}
