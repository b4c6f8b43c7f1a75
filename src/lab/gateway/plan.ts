/**
 * What the control plane of the lab tells a gateway to do: a small image of what istiod sends to Envoy by xDS.
 * Names are Envoy's and Istio's.
 */
export interface GatewayPlan {
  readonly listeners: readonly ListenerPlan[];
}

export interface ListenerPlan {
  /** The port inside the pod. */
  readonly port: number;
  readonly chains: readonly ChainPlan[];
}

export interface ChainPlan {
  /** Whose server it is: `NAMESPACE/NAME[INDEX]`. */
  readonly server: string;
  /** Empty: the chain takes every name, and clients that send none. */
  readonly serverNames: readonly string[];
  /** Absent: plaintext, or TLS that passes through. */
  readonly tls?: TlsPlan;
  readonly traffic: HttpPlan | TcpPlan;
}

export interface TlsPlan {
  /** SDS names of the key pairs: one, or two of different key types. */
  readonly keyPairs: readonly string[];
  /** The SDS name of the CA that signs clients. */
  readonly clientCa?: string;
  readonly clientCertificate: 'none' | 'optional' | 'required';
  readonly subjectAltNames: readonly string[];
  /** SHA-256 pins: of the public key in base64, of the certificate in hex. */
  readonly spkiPins: readonly string[];
  readonly certificatePins: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Names that OpenSSL shares with BoringSSL, for TLS 1.2 and older. Empty: the default list. */
  readonly ciphers: readonly string[];
  readonly alpn: readonly string[];
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface HttpPlan {
  readonly kind: 'http';
  readonly virtualHosts: readonly VirtualHostPlan[];
}

export interface TcpPlan {
  readonly kind: 'tcp';
  readonly destination: Destination;
}

export interface VirtualHostPlan {
  /** As in `hosts`: a name, `*.example.com`, or `*`. */
  readonly domain: string;
  /** Plain HTTP is answered with a redirect to https (`httpsRedirect`). */
  readonly requireTls: boolean;
  readonly routes: readonly RoutePlan[];
}

export interface RoutePlan {
  readonly name: string;
  /** Any of these; an empty list matches every request. */
  readonly matches: readonly RequestMatch[];
  readonly action: RouteAction;
}

/** All conditions that are there must hold. */
export interface RequestMatch {
  readonly uri?: TextMatch;
  readonly method?: TextMatch;
  readonly authority?: TextMatch;
  readonly headers: Readonly<Record<string, TextMatch>>;
}

export type TextMatch =
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly regex: string }
  /** A path and what lies below it, as `path` and `PathPrefix` of Ingress and Gateway API mean it. */
  | { readonly pathPrefix: string };

export type RouteAction =
  | { readonly kind: 'forward'; readonly destinations: readonly Destination[]; readonly rewrite?: string }
  | {
      readonly kind: 'redirect';
      readonly code: number;
      readonly scheme?: string;
      readonly authority?: string;
      readonly uri?: string;
      readonly port?: number;
    }
  | { readonly kind: 'respond'; readonly code: number; readonly body: string };

/** A Service as a route names it, resolved to its full host name. */
export interface Destination {
  readonly host: string;
  /** Absent: the Service's only port. */
  readonly port?: number;
  readonly subset?: string;
}
