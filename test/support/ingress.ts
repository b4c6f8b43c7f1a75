/** An Ingress with one host and one tls entry each, of class istio by its annotation unless told otherwise. */
export function ingress(
  name: string,
  parts: {
    readonly hosts?: readonly string[];
    readonly secrets?: readonly string[];
    readonly annotations?: string;
  } = {},
): string {
  const [namespace, own] = name.split('/');
  const { hosts = ['shop.example.com'], secrets = ['shop-tls'] } = parts;
  const { annotations = '{kubernetes.io/ingress.class: istio}' } = parts;
  const tls = secrets.map((secret, index) => `{hosts: ['${hosts[index] ?? ''}'], secretName: ${secret}}`);
  return `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {namespace: ${namespace}, name: ${own}, annotations: ${annotations}}
spec:
  tls: [${tls.join(', ')}]
  rules:
${hosts.map((host) => `    - {host: '${host}', http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}`).join('\n')}`;
}
