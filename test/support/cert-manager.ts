export interface CertificateParts {
  /** `True`, `False`, `Unknown`; without it nobody has written a status. */
  readonly ready?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly secretName?: string;
  readonly dnsNames?: readonly string[];
  /** Further lines of `status`, as YAML with two spaces before each. */
  readonly status?: string;
  readonly group?: string;
}

/** A Certificate of cert-manager that writes `shop-tls` unless told otherwise. */
export function certificate(name: string, parts: CertificateParts = {}): string {
  const [namespace, own] = name.split('/');
  const { ready, reason = 'Ready', message = '', secretName = 'shop-tls', dnsNames = ['shop.example.com'] } = parts;
  const { status = '', group = 'cert-manager.io/v1' } = parts;
  const conditions =
    ready === undefined
      ? ''
      : `\n  conditions: [{type: Ready, status: '${ready}', reason: ${reason}, message: '${message}', lastTransitionTime: '2026-02-27T10:00:00Z'}]`;
  return `
apiVersion: ${group}
kind: Certificate
metadata: {namespace: ${namespace}, name: ${own}}
spec: {secretName: ${secretName}, dnsNames: [${dnsNames.join(', ')}], issuerRef: {kind: ClusterIssuer, name: letsencrypt}}
status:${conditions === '' && status === '' ? ' {}' : `${conditions}${status === '' ? '' : `\n${status}`}`}`;
}

const owner = (kind: string, name: string, group: string): string =>
  `ownerReferences: [{apiVersion: ${group}, kind: ${kind}, name: ${name}, controller: true}]`;

/** Request, Order and HTTP-01 Challenge below a Certificate. `solver` is what stands under `http01`. */
export function pendingChallenge(
  certificateName: string,
  parts: { readonly host?: string; readonly reason?: string; readonly state?: string; readonly solver?: string } = {},
): string {
  const [namespace, own] = certificateName.split('/');
  const { host = 'shop.example.com', state = 'pending', solver = '{ingress: {class: istio}}' } = parts;
  const { reason = "Waiting for HTTP-01 challenge propagation: wrong status code ''404'', expected ''200''" } = parts;
  return `
apiVersion: cert-manager.io/v1
kind: CertificateRequest
metadata: {namespace: ${namespace}, name: ${own}-1, ${owner('Certificate', own ?? '', 'cert-manager.io/v1')}}
status: {conditions: [{type: Ready, status: 'False', reason: Pending, message: 'Waiting on certificate issuance from order'}]}
---
apiVersion: acme.cert-manager.io/v1
kind: Order
metadata: {namespace: ${namespace}, name: ${own}-1-1, ${owner('CertificateRequest', `${own}-1`, 'cert-manager.io/v1')}}
status: {state: ${state}}
---
apiVersion: acme.cert-manager.io/v1
kind: Challenge
metadata: {namespace: ${namespace}, name: ${own}-1-1-1, ${owner('Order', `${own}-1-1`, 'acme.cert-manager.io/v1')}}
spec: {type: HTTP-01, dnsName: ${host}, token: t, solver: {http01: ${solver}}}
status: {state: ${state}, reason: '${reason}'}`;
}

/** The Ingress that the solver of a challenge makes. */
export function solverIngress(
  namespace: string,
  parts: { readonly host?: string; readonly annotations?: string; readonly className?: string } = {},
): string {
  const { host = 'shop.example.com', annotations = '{kubernetes.io/ingress.class: istio}', className } = parts;
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  namespace: ${namespace}
  name: cm-acme-http-solver-x7k2p
  labels: {acme.cert-manager.io/http01-solver: 'true'}
  annotations: ${annotations}
spec:
  ${className === undefined ? '' : `ingressClassName: ${className}`}
  rules:
    - {host: ${host}, http: {paths: [{path: /.well-known/acme-challenge/t, pathType: ImplementationSpecific, backend: {service: {name: solver, port: {number: 8089}}}}]}}`;
}
