import type { JsonObject } from '../../model/json.ts';

/** One gateway pod as istiod knows it. */
export interface Proxy {
  readonly namespace: string;
  readonly pod: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly services: readonly ProxyService[];
}

/** A Service that selects the pod. */
export interface ProxyService {
  readonly name: string;
  readonly ports: readonly { readonly port: number; readonly targetPort: number }[];
}

/** A Gateway as istiod sees it, whether it was written as one or made from an Ingress or a Kubernetes Gateway. */
export interface GatewayConfig {
  readonly namespace: string;
  readonly name: string;
  readonly selects: (proxy: Proxy) => boolean;
  readonly servers: readonly ServerConfig[];
}

export interface ServerConfig {
  readonly index: number;
  readonly port: number;
  readonly portName: string;
  /** In upper case. */
  readonly protocol: string;
  readonly bind: string;
  /** As written: `host`, `*.host`, `ns/host`, `./host`. */
  readonly hosts: readonly string[];
  readonly tls?: ServerTls;
  /** Made from a Kubernetes Gateway: only a port of the Service opens, there is no fallback to the same number. */
  readonly onlyServicePorts: boolean;
}

export const tlsModes = [
  'PASSTHROUGH',
  'SIMPLE',
  'MUTUAL',
  'AUTO_PASSTHROUGH',
  'ISTIO_MUTUAL',
  'OPTIONAL_MUTUAL',
] as const;
export type TlsMode = (typeof tlsModes)[number];

export interface ServerTls {
  readonly mode: TlsMode;
  readonly httpsRedirect: boolean;
  /** SDS names. */
  readonly keyPairs: readonly string[];
  readonly clientCa?: string;
  readonly settings: JsonObject;
}

export interface VirtualServiceConfig {
  readonly namespace: string;
  readonly name: string;
  readonly hosts: readonly string[];
  /** `NAMESPACE/NAME` each. */
  readonly gateways: readonly string[];
  readonly exportTo: readonly string[];
  /** Rules in the syntax of a VirtualService. */
  readonly http: readonly JsonObject[];
  readonly tls: readonly JsonObject[];
  readonly tcp: readonly JsonObject[];
}

/** Something that istiod writes into its log while it makes a configuration. */
export interface Notice {
  readonly level: 'info' | 'warn';
  /** Empty for the default scope. */
  readonly scope: string;
  readonly text: string;
}
