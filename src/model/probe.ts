import type { Gap } from './coverage.ts';

export type ProbeVia = 'load-balancer' | 'node-port' | 'pod' | 'cluster-ip' | 'direct';

/**
 * How a connection ended. `verify-failed`: it works, and a client with this trust would refuse the certificate; what was
 * seen after that (`http`) is what a client that does not verify gets. `closed` is an end without a reset: FIN.
 */
export type ProbeOutcome =
  'ok' | 'refused' | 'timeout' | 'unreachable' | 'reset' | 'closed' | 'alert' | 'not-tls' | 'verify-failed';

/** What a connection was about to do: reach the address, agree on TLS, get an answer to its request. */
export type ProbePhase = 'connect' | 'handshake' | 'request';

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
  /** The port of the clients' URL, where another one was dialled: 443 for a pod's 8443. `Host` goes by it. */
  readonly urlPort?: number;
  /** `http` is a request in clear, as for a server of port 80; absent: https. */
  readonly scheme?: 'https' | 'http';
  /** True when a PROXY protocol header went ahead, as a balancer sends it. */
  readonly proxyProtocol?: boolean;
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
  /** Where it ended; absent when nothing failed. */
  readonly phase?: ProbePhase;
  /**
   * Set when the reason lies with the machine that looked (no IPv6, a local firewall): then nothing was learned of the
   * server, and the outcome is no fault of it.
   */
  readonly gap?: Gap;
  readonly alert?: {
    readonly number?: number;
    readonly name: string;
    /** `client`: the client sent it, because it does not accept what the server chose. */
    readonly by?: 'client';
    /** The version of TLS of a second connection that got the alert which the first one lost. */
    readonly seenWith?: string;
  };
  readonly error?: string;
  /**
   * TLS 1.3 lets a client finish before the server has judged its certificate. True when the server ended the
   * connection at that point, with or without an alert: it refused the certificate, or the lack of one.
   */
  readonly refusedAfterHandshake?: boolean;
  /** What came from the server before the end, and how long after the start of the connection the last of it came. */
  readonly received?: { readonly bytes: number; readonly lastAtMs?: number };
  /** What a server that does not speak TLS answered: `HTTP/1.1 400 Bad Request`, `SSH-2.0-…`. */
  readonly plainAnswer?: string;
  /** The version agreed on; absent when the client's handshake was not finished. */
  readonly protocol?: string;
  readonly cipher?: string;
  readonly alpn?: string;
  readonly clientCertificateRequested?: 'no' | 'optional' | 'required';
  /** Distinguished names of the CAs that the server said it accepts. */
  readonly acceptableCas?: readonly string[];
  /** True when a client certificate was there and stayed unsent: the server takes no signature of such a key. */
  readonly clientCertificateWithheld?: boolean;
  /** The chain as sent, leaf first, PEM. */
  readonly chain?: readonly string[];
  readonly verify?: { readonly ok: boolean; readonly code?: string };
  readonly http?: {
    readonly status: number;
    readonly server?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly path?: string;
    /** The beginning of the body of an error answer: a 403 of the gateway itself says `RBAC: access denied` there. */
    readonly bodyStart?: string;
  };
  /** Local ends of the connections, `192.0.2.7:51034`: how a line in a gateway's log is known to be of this probe. */
  readonly from?: readonly string[];
  /** How many connections the record took; 1 when absent. */
  readonly connections?: number;
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
  /**
   * The addresses that this machine itself finds (getaddrinfo: hosts file, search domains, split DNS), where they differ
   * from those of DNS. Programs on this machine connect to these.
   */
  readonly local?: readonly string[];
  /**
   * Why there is no address. `NXDOMAIN` (no such name) and `NODATA` (a name without addresses) are answers; all others
   * (`SERVFAIL`, `REFUSED`, `timeout`, …) mean that nobody knows.
   */
  readonly error?: string;
}
