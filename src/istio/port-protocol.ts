/** What Istio takes a port for: by `appProtocol`, else by the part of its name before the first dash. */
export type PortProtocol = 'HTTP' | 'HTTP2' | 'GRPC' | 'HTTPS' | 'TLS' | 'TCP' | 'UDP';

const byWord: Readonly<Record<string, PortProtocol>> = {
  http: 'HTTP',
  http2: 'HTTP2',
  h2c: 'HTTP2',
  grpc: 'GRPC',
  'grpc-web': 'GRPC',
  https: 'HTTPS',
  tls: 'TLS',
  tcp: 'TCP',
  mongo: 'TCP',
  mysql: 'TCP',
  redis: 'TCP',
  udp: 'UDP',
  'kubernetes.io/h2c': 'HTTP2',
  'kubernetes.io/ws': 'HTTP',
  'kubernetes.io/wss': 'HTTPS',
};

const word = (text: string): PortProtocol | undefined => {
  const key = text.toLowerCase();
  return Object.hasOwn(byWord, key) ? byWord[key] : undefined;
};

/**
 * The protocol that a Service port declares; undefined where it declares none and Istio finds out by itself
 * (istio pkg/config/kube/conversion.go, ConvertProtocol: `appProtocol` decides alone where it is there).
 */
export function declaredProtocol(port: {
  readonly name?: string;
  readonly appProtocol?: string;
}): PortProtocol | undefined {
  if (port.appProtocol !== undefined && port.appProtocol !== '') return word(port.appProtocol);
  const name = port.name ?? '';
  if (name.toLowerCase().startsWith('grpc-web')) return 'GRPC';
  return word(name.split('-', 1)[0] ?? '');
}

/** A port whose server is said to speak TLS itself. */
export const speaksTls = (protocol: PortProtocol | undefined): boolean => protocol === 'HTTPS' || protocol === 'TLS';
