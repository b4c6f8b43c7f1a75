import type { KeyObject } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { ProbeVia } from '../../model/probe.ts';
import type { TlsVersion } from '../../tls/versions.ts';

/** A client certificate with its key. The key is an object that neither JSON nor an inspection prints. */
export interface ClientCertificate {
  /** Leaf first, as it is sent; PEM. */
  readonly chain: readonly string[];
  readonly key: KeyObject;
  readonly subject: string;
}

/**
 * Whom the client trusts. `system`: the public roots that Node brings along and those of this machine. `none`: nothing
 * is verified, which is also the fastest way to ask a gateway for a thousand names.
 */
export type Trust =
  | { readonly kind: 'system' }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'certificates';
      readonly certificates: readonly string[];
      /** As the user named it, for the record and for commands that repeat the probe. */
      readonly source: string;
    };

/** One probe: where to connect, as whom, and what to ask. What is absent is as a client without flags has it. */
export interface ProbePlan {
  /** The name that is wanted: the server's certificate must hold it, and the request's `Host` names it. */
  readonly host: string;
  /** The server name to send: by default `host`, unless that is an address; null sends none. */
  readonly sni?: string | null;
  readonly address: string;
  readonly port: number;
  readonly via: ProbeVia;
  /** NAMESPACE/NAME. */
  readonly pod?: string;
  /** `https` by default. */
  readonly scheme?: 'https' | 'http';
  readonly client?: ClientCertificate;
  /** `system` by default. */
  readonly trust?: Trust;
  /** TLS 1.2 to 1.3 by default. */
  readonly min?: TlsVersion;
  readonly max?: TlsVersion;
  /** Names of OpenSSL or IANA, for TLS 1.2 and before; TLS 1.3 is offered beside them unless `max` excludes it. */
  readonly ciphers?: readonly string[];
  /** `h2` and `http/1.1` by default; an empty list offers nothing. */
  readonly alpn?: readonly string[];
  /** The GET to send once the connection stands; null only connects. By default `/`. */
  readonly request?: { readonly path: string } | null;
  /** For each connection of the probe; 3000 by default. */
  readonly timeoutMs?: number;
  /** Sends a PROXY protocol header (version 1) first, as a balancer does. */
  readonly proxyProtocol?: boolean;
  /**
   * False: one connection at most. Otherwise up to two more are made where the first leaves a question: with TLS 1.2
   * for an alert that TLS 1.3 lost, and without the client certificate to tell optional from required.
   */
  readonly followUp?: boolean;
  /** A stream that leads to the address, as a port-forward to a pod; by default a TCP connection from this machine. */
  readonly connect?: (signal: AbortSignal) => Promise<Duplex>;
}
