export type ProbeVia = 'load-balancer' | 'node-port' | 'pod' | 'cluster-ip' | 'direct';

export type ProbeOutcome =
  'ok' | 'refused' | 'timeout' | 'unreachable' | 'reset' | 'closed' | 'alert' | 'not-tls' | 'verify-failed';

/**
 * One connection to one address with one name. The shape is that of `probes.jsonl`; records of other programs may lack
 * what is optional here.
 */
export interface Probe {
  readonly host: string;
  /** The server name sent in the ClientHello; null: none was sent. */
  readonly sni: string | null;
  readonly address: string;
  readonly port: number;
  readonly via: ProbeVia;
  /** NAMESPACE/NAME of the pod that was dialled, where it is known. */
  readonly pod?: string;
  /** `none`, or the subject of the certificate that the client had to show. */
  readonly clientCertificate: string;
  readonly clientChain?: readonly string[];
  readonly offered?: {
    readonly min?: string;
    readonly max?: string;
    readonly ciphers?: string;
    readonly alpn?: readonly string[];
  };
  /** What the client trusted: `system`, a file, or `none` (nothing was verified). */
  readonly trust?: string;
  readonly outcome: ProbeOutcome;
  readonly alert?: { readonly number?: number; readonly name: string };
  readonly error?: string;
  readonly protocol?: string;
  readonly cipher?: string;
  readonly alpn?: string;
  readonly clientCertificateRequested?: 'no' | 'optional' | 'required';
  /** Distinguished names of the CAs that the server said it accepts. */
  readonly acceptableCas?: readonly string[];
  /** The chain as sent, leaf first, PEM. */
  readonly chain?: readonly string[];
  readonly verify?: { readonly ok: boolean; readonly code?: string };
  readonly http?: {
    readonly status: number;
    readonly server?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly path?: string;
  };
  /** True when istls made this connection in the run that judges it. */
  readonly own?: boolean;
  readonly at?: string;
  readonly ms: number;
}

export interface DnsAnswer {
  readonly host: string;
  readonly a: readonly string[];
  readonly aaaa: readonly string[];
  readonly cname: readonly string[];
  /** Why there is no answer; `NXDOMAIN` and `NODATA` are answers, not errors. */
  readonly error?: string;
}
