export interface ListenerParts {
  readonly name?: string;
  readonly host?: string;
  /** Entries of `certificateRefs`, as flow YAML. */
  readonly refs: string;
}

/** A Gateway of the Gateway API, of a class that Istio takes; `status` is appended as it is. */
export function gatewayApi(name: string, listeners: readonly ListenerParts[], more = ''): string {
  const [namespace, own] = name.split('/');
  const lines = listeners.map(
    ({ name: listener = 'web', host = 'shop.example.com', refs }) =>
      `    - {name: ${listener}, hostname: ${host}, port: 443, protocol: HTTPS, tls: {certificateRefs: [${refs}]}}`,
  );
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: istio}
spec: {controllerName: istio.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {namespace: ${namespace}, name: ${own}}
spec:
  gatewayClassName: istio
  listeners:
${lines.join('\n')}
${more}`;
}

/** The status of one listener, by its one condition ResolvedRefs. */
export const resolvedRefs = (listener: string, status: string, reason: string, message: string): string => `
status:
  listeners:
    - name: ${listener}
      conditions:
        - {type: ResolvedRefs, status: '${status}', reason: ${reason}, message: '${message}'}`;
