/** Objects of a small mesh that most checks need: a control plane, a gateway with its Service, a backend. */

export interface GatewayParts {
  readonly namespace?: string;
  readonly release?: string;
  readonly replicas?: number;
  readonly ready?: boolean;
  /** Secrets that the pods mount, by the path. */
  readonly mounts?: Readonly<
    Record<string, { readonly secret: string; readonly optional?: boolean; readonly subPath?: string }>
  >;
  /** When the pods started. */
  readonly startedAt?: string;
}

/** istiod and one gateway workload of the Helm chart's shape, with pods, Service and the right to read Secrets. */
export function mesh(parts: GatewayParts = {}): string {
  const { namespace = 'istio-ingress', release = '1.29.5', replicas = 1, ready = true, startedAt } = parts;
  const spec = podSpec(release, parts.mounts ?? {});
  const pods = Array.from({ length: replicas }, (_, index) => gatewayPod(namespace, spec, index, ready, startedAt));
  return [controlPlane(release), gatewayObjects(namespace, spec), ...pods].join('\n---\n');
}

/** The spec of a gateway's pods, as flow YAML without its braces. */
function podSpec(release: string, mounts: NonNullable<GatewayParts['mounts']>): string {
  const entries = Object.entries(mounts);
  const volumeMounts = entries.map(
    ([mountPath, { subPath }], index) =>
      `{name: volume-${index}, mountPath: ${mountPath}${subPath === undefined ? '' : `, subPath: ${subPath}`}}`,
  );
  const volumes = entries.map(
    ([, { secret, optional = false }], index) =>
      `{name: volume-${index}, secret: {secretName: ${secret}, optional: ${optional}}}`,
  );
  const container = `{name: istio-proxy, image: 'docker.io/istio/proxyv2:${release}', args: [proxy, router], volumeMounts: [${volumeMounts.join(', ')}]}`;
  return `serviceAccountName: istio-ingressgateway, containers: [${container}], volumes: [${volumes.join(', ')}]`;
}

function controlPlane(release: string): string {
  return `
apiVersion: v1
kind: Namespace
metadata: {name: istio-system}
---
apiVersion: v1
kind: Pod
metadata:
  namespace: istio-system
  name: istiod-6c86784695-abcde
  labels: {app: istiod, istio.io/rev: default, pod-template-hash: 6c86784695}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: istiod-6c86784695, controller: true}]
spec: {containers: [{name: discovery, image: 'docker.io/istio/pilot:${release}'}]}
status: {phase: Running, podIP: 10.0.0.2, conditions: [{type: Ready, status: 'True'}]}`;
}

function gatewayObjects(namespace: string, spec: string): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: ${namespace}, name: istio-ingressgateway, labels: {istio: ingressgateway}}
spec:
  template:
    metadata: {labels: {app: istio-ingressgateway, istio: ingressgateway}}
    spec: {${spec}}
---
apiVersion: v1
kind: Service
metadata: {namespace: ${namespace}, name: istio-ingressgateway}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.10
  selector: {istio: ingressgateway}
  ports:
    - {name: status-port, port: 15021, targetPort: 15021, nodePort: 30021}
    - {name: http2, port: 80, targetPort: 8080, nodePort: 30080}
    - {name: https, port: 443, targetPort: 8443, nodePort: 30443}
status: {loadBalancer: {ingress: [{ip: 203.0.113.10}]}}`;
}

export const gatewayPodName = (index = 0): string => `istio-ingressgateway-7d9c-${index}`;

function gatewayPod(namespace: string, spec: string, index: number, ready: boolean, startedAt?: string): string {
  return `
apiVersion: v1
kind: Pod
metadata:
  namespace: ${namespace}
  name: ${gatewayPodName(index)}
  labels: {app: istio-ingressgateway, istio: ingressgateway, pod-template-hash: 7d9c}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: istio-ingressgateway-7d9c, controller: true}]
spec: {nodeName: worker-1, ${spec}}
status:${startedAt === undefined ? '' : `\n  startTime: '${startedAt}'`}
  phase: Running
  podIP: 10.0.1.${index + 10}
  hostIP: 172.18.0.3
  conditions: [{type: Ready, status: '${ready ? 'True' : 'False'}'}]`;
}

export interface ServerParts {
  readonly host?: string;
  readonly port?: number;
  readonly protocol?: string;
  /** The `tls` block as flow YAML; without it there is none. */
  readonly tls?: string;
}

/** An Istio Gateway with one server, `shop/storefront` for shop.example.com unless told otherwise. */
export function gateway(name = 'shop/storefront', parts: ServerParts = {}): string {
  const [namespace, own] = name.split('/');
  const { host = 'shop.example.com', port = 443, protocol = 'HTTPS' } = parts;
  const { tls = '{mode: SIMPLE, credentialName: shop-tls}' } = parts;
  return `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {namespace: ${namespace}, name: ${own}, creationTimestamp: '2026-01-01T00:00:00Z'}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: ${port}, name: https, protocol: ${protocol}}
      hosts: ['${host}']
      ${tls === '' ? '' : `tls: ${tls}`}`;
}

/** A VirtualService that routes the host of `gateway()` to a Service `web` in its own namespace. */
export function virtualService(
  name = 'shop/storefront',
  host = 'shop.example.com',
  gatewayName = 'storefront',
): string {
  const [namespace, own] = name.split('/');
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {namespace: ${namespace}, name: ${own}}
spec:
  hosts: ['${host}']
  gateways: [${gatewayName}]
  http: [{route: [{destination: {host: web, port: {number: 80}}}]}]`;
}

/** The backend of \`virtualService()\`: a Service with one ready pod. */
export function backend(namespace = 'shop', portName = 'http'): string {
  return `
apiVersion: v1
kind: Service
metadata: {namespace: ${namespace}, name: web}
spec: {selector: {app: web}, clusterIP: 10.96.0.20, ports: [{name: ${portName}, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: ${namespace}, name: web-0, labels: {app: web}}
spec: {containers: [{name: web, image: example/web, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.0.2.10, conditions: [{type: Ready, status: 'True'}]}`;
}
