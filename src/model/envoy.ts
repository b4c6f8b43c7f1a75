import type { Certificate, PemProblem } from './certificate.ts';

/**
 * What one Envoy says of itself, narrowed from its admin pages to what TLS at a gateway depends on.
 * Both generations of its API (v2, v3) read into the same shape.
 */

/** Where the certificate of a TLS context comes from, and what is asked of the client. */
export interface EnvoyTls {
  /** Names of the secrets that hold key pairs, in order; for mounted files of Istio ≤ 1.9 the file names stand in `files`. */
  readonly secrets: readonly string[];
  readonly validationSecret?: string;
  /** Chain and key by turns. Content that stands in the configuration itself is named `<inline>`, as Envoy names it. */
  readonly files: readonly string[];
  /** The trusted CAs and the revocation lists, where no secret delivers them: a file, or `<inline>`. */
  readonly caFile?: string;
  readonly crlFile?: string;
  /** The certificates of inline pairs, and the inline trusted CAs. */
  readonly inlineCertificates?: readonly Certificate[];
  readonly inlineTrustedCa?: readonly Certificate[];
  /** Who delivers the secrets: `ads`, a cluster (`sds-grpc`), or a socket (`unix:/var/run/ingress_gateway/sds`). */
  readonly secretSource?: string;
  /** How long Envoy waits for a first value, `0s` being for ever; absent: its default of 15 s. */
  readonly secretFetchTimeout?: string;
  readonly requireClientCertificate: boolean;
  /** Whether client certificates are verified at all: a validation context is there. */
  readonly validatesClients: boolean;
  readonly subjectAltNames: readonly string[];
  readonly verifySpki: readonly string[];
  readonly verifyHash: readonly string[];
  readonly trustChainVerification?: string;
  readonly minVersion?: string;
  readonly maxVersion?: string;
  readonly cipherSuites: readonly string[];
  readonly ecdhCurves?: readonly string[];
  readonly alpn: readonly string[];
  /** Upstream contexts only: the name sent. */
  readonly sni?: string;
}

export interface EnvoyFilterChain {
  readonly name?: string;
  /** Empty: the chain takes every name, and clients that send none. Lower case, `*.example.com` for a suffix. */
  readonly serverNames: readonly string[];
  readonly transportProtocol?: string;
  readonly applicationProtocols: readonly string[];
  readonly destinationPort?: number;
  /** Further criteria by their field names (`source_prefix_ranges`): whether the chain is taken then depends on more. */
  readonly otherMatch?: readonly string[];
  /** Absent: plaintext, or TLS that passes through, unless `transportSocket` says that it is something else. */
  readonly tls?: EnvoyTls;
  /** The type of a transport socket that is neither TLS nor plaintext. */
  readonly transportSocket?: string;
  /** Set when the chain has an HTTP connection manager: the RDS name, or `inline`. */
  readonly routeConfig?: string;
  /** Set when the chain forwards bytes: the clusters. */
  readonly tcpClusters: readonly string[];
  /** Names of the network filters, in order. */
  readonly filters: readonly string[];
  /** Names of the HTTP filters of the connection manager, in order. */
  readonly httpFilters?: readonly string[];
  /** `xff_num_trusted_hops`: how many proxies in front are believed about scheme and address. */
  readonly trustedHops?: number;
}

export interface EnvoyListener {
  readonly name: string;
  /** `static` is always active; `error` is a version that Envoy refused, `details` says why. */
  readonly state: 'static' | 'active' | 'warming' | 'draining' | 'error';
  readonly address?: string;
  readonly port?: number;
  readonly chains: readonly EnvoyFilterChain[];
  readonly hasDefaultChain: boolean;
  readonly defaultChain?: EnvoyFilterChain;
  /** True where a matching tree chooses the chain: the criteria of the chains themselves are then not looked at. */
  readonly matcher?: boolean;
  /** Names of the listener filters, in order: `envoy.filters.listener.tls_inspector`, `…proxy_protocol`. */
  readonly listenerFilters: readonly string[];
  /** True for a UDP (QUIC) listener. */
  readonly udp: boolean;
  /** Whether the listener itself writes access log lines (Istio: `NR` only). */
  readonly accessLog: boolean;
  /** Formats of its file access logs: a format line, or the fields of a JSON format as JSON. Absent: Envoy's default. */
  readonly accessLogFormats?: readonly string[];
  readonly versionInfo?: string;
  readonly lastUpdated?: string;
  readonly details?: string;
}

export interface EnvoySecret {
  readonly name: string;
  /** `warming`: no value was ever received. `active` also holds content that Envoy refused. */
  readonly state: 'static' | 'active' | 'warming';
  readonly versionInfo?: string;
  readonly lastUpdated?: string;
  /** `key-pair`: a certificate chain; `validation`: trusted CAs; `other`: tickets and the like; absent while warming. */
  readonly content?: 'key-pair' | 'validation' | 'other';
  readonly certificates: readonly Certificate[];
  readonly pemProblems: readonly PemProblem[];
  /** A private key that reads `[redacted]` after redaction twice, see istio/istio#57789, cannot be told: always false there. */
  readonly hasCrl: boolean;
}

export interface EnvoyRoute {
  readonly name?: string;
  /** `prefix:/api`, `path:/`, `regex:…`, as matched. */
  readonly match: string;
  /** True when headers, parameters or the like must match as well. */
  readonly conditional?: boolean;
  readonly clusters: readonly string[];
  readonly redirect?: { readonly https: boolean; readonly host?: string; readonly port?: number };
  readonly directStatus?: number;
  /** The object that made it, as Istio notes it: `/apis/networking.istio.io/v1/namespaces/shop/virtual-service/shop`. */
  readonly config?: string;
}

export interface EnvoyVirtualHost {
  readonly name: string;
  readonly domains: readonly string[];
  readonly routes: readonly EnvoyRoute[];
  /** `ALL` or `EXTERNAL_ONLY` when plain HTTP is redirected to https for the whole host. */
  readonly requireTls?: string;
}

export interface EnvoyRouteConfig {
  readonly name: string;
  readonly virtualHosts: readonly EnvoyVirtualHost[];
  readonly lastUpdated?: string;
}

export interface EnvoyCluster {
  readonly name: string;
  readonly type?: string;
  readonly tls?: EnvoyTls;
  /** Names of `transport_socket_matches`: `tlsMode-istio` says that mesh mTLS is used where the endpoint can. */
  readonly transportSocketMatches: readonly string[];
  readonly http2: boolean;
  /** True while Envoy waits for its endpoints or secrets: no request can use it yet. */
  readonly warming?: boolean;
  /** The object that made it, as Istio notes it. */
  readonly config?: string;
}

/** One entry of `/certs`: a certificate of a TLS context that was really built. */
export interface EnvoyLoadedCertificate {
  readonly role: 'leaf' | 'ca';
  readonly serialNumber: string;
  readonly subjectAltNames: readonly string[];
  readonly path?: string;
  readonly validFrom?: string;
  readonly expirationTime?: string;
  /** Equal for the certificates of one TLS context, so that a leaf finds the CA beside it. */
  readonly context?: number;
}

export interface EnvoyEndpoint {
  readonly cluster: string;
  readonly address: string;
  readonly healthy: boolean;
}

export interface EnvoyNode {
  readonly id?: string;
  readonly istioVersion?: string;
  readonly envoyVersion?: string;
  readonly revision?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `LIVE`, `INITIALIZING`, …, of `/server_info`. */
  readonly state?: string;
  /** `router`, `sidecar`, … of the node id. */
  readonly proxyType?: string;
  /** `BoringSSL`, `BoringSSL-FIPS`, `OpenSSL`. */
  readonly ssl?: string;
  /** Switches of the proxy that decide rules of istls: `UNPRIVILEGED_POD`, `USER_SDS`, `CLUSTER_ID`, … */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What this Envoy records, as `prefix:cluster_manager`, `suffix:rbac.allowed`; absent: not known. */
  readonly statsInclusion?: readonly string[];
}

/** All that was read of one Envoy. A list is absent, not empty, when its page or section was not collected. */
export interface EnvoyState {
  readonly namespace: string;
  readonly pod: string;
  readonly node?: EnvoyNode;
  readonly listeners?: readonly EnvoyListener[];
  /** Names of the bound listeners of `/listeners`: one that is only warming or refused is not among them. */
  readonly boundListeners?: readonly string[];
  readonly secrets?: readonly EnvoySecret[];
  readonly routeConfigs?: readonly EnvoyRouteConfig[];
  readonly clusters?: readonly EnvoyCluster[];
  readonly endpoints?: readonly EnvoyEndpoint[];
  readonly loadedCertificates?: readonly EnvoyLoadedCertificate[];
  /** Recorded statistics. A name that is not there was not recorded: that is not zero. */
  readonly stats?: Readonly<Record<string, number>>;
  /** Targets that hold listeners back, of `/init_dump`. */
  readonly waitingFor?: readonly string[];
}
