import type { Certificate } from '../../src/model/certificate.ts';
import type { EnvoyListener, EnvoySecret, EnvoyState, EnvoyTls } from '../../src/model/envoy.ts';
import { gatewayPodName } from './gateway.ts';

const noTls: EnvoyTls = {
  secrets: [],
  files: [],
  requireClientCertificate: false,
  validatesClients: false,
  subjectAltNames: [],
  verifySpki: [],
  verifyHash: [],
  cipherSuites: [],
  alpn: ['h2', 'http/1.1'],
};

const secret = (name: string, leaf: Certificate | undefined): EnvoySecret => ({
  name,
  state: leaf ? 'active' : 'warming',
  ...(leaf && { content: 'key-pair' as const }),
  certificates: leaf ? [leaf] : [],
  pemProblems: [],
  hasCrl: false,
});

function listenerFor(names: readonly string[]): EnvoyListener {
  return {
    name: '0.0.0.0_8443',
    state: 'active',
    port: 8443,
    chains: names.map((name) => ({
      serverNames: [`${name.replaceAll(/[^a-z0-9]+/g, '-')}.example`],
      applicationProtocols: [],
      tls: { ...noTls, secrets: [name] },
      tcpClusters: [],
      filters: [],
    })),
    hasDefaultChain: false,
    listenerFilters: ['envoy.filters.listener.tls_inspector'],
    udp: false,
    accessLog: false,
  };
}

/** What one gateway pod's Envoy holds, by the names under which it asks: a certificate, or nothing while it waits. */
export function envoyHolding(
  held: Readonly<Record<string, Certificate | undefined>>,
  more: {
    readonly pod?: string;
    readonly namespace?: string;
    /** Those of which a TLS context was really built, as `/certs` tells; without it nothing is known of that. */
    readonly loaded?: readonly Certificate[];
  } = {},
): EnvoyState {
  const { pod = gatewayPodName(), namespace = 'istio-ingress', loaded } = more;
  return {
    namespace,
    pod,
    listeners: [listenerFor(Object.keys(held))],
    secrets: Object.entries(held).map(([name, leaf]) => secret(name, leaf)),
    ...(loaded && {
      loadedCertificates: loaded.map(({ serialNumber, dnsNames, notAfter }) => ({
        role: 'leaf' as const,
        serialNumber,
        subjectAltNames: [...dnsNames],
        path: '<inline>',
        expirationTime: notAfter,
      })),
    }),
  };
}
