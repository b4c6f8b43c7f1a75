/**
 * The name of a secret in Envoy, taken apart. `name` is that of the credential, without the `-cacert` of its CA:
 * `ca` says which of the two is meant.
 */
export type SdsName =
  /** A Secret, or a ConfigMap with a CA. No namespace: that of the gateway's pods. */
  | {
      readonly scheme: 'kubernetes' | 'kubernetes-gateway' | 'configmap';
      readonly namespace?: string;
      readonly name: string;
      readonly ca: boolean;
    }
  /** The bare credential name of Istio ≤ 1.7, served by an agent in the gateway's pod. */
  | { readonly scheme: 'agent'; readonly name: string; readonly ca: boolean }
  /** The certificate and the root of the workload itself: `default`, `ROOTCA`. */
  | { readonly scheme: 'workload'; readonly ca: boolean }
  /** Files that the agent reads, Istio ≥ 1.10: `file-cert:CRT~KEY`. */
  | { readonly scheme: 'file-cert'; readonly certificate: string; readonly key: string; readonly ca: false }
  | { readonly scheme: 'file-root'; readonly file: string; readonly ca: true }
  /** A server of secrets that is not Istio's. */
  | { readonly scheme: 'sds'; readonly name: string; readonly ca: boolean }
  /** A reference that istiod itself refused: never delivered. */
  | { readonly scheme: 'invalid'; readonly ca: boolean };

const suffix = '-cacert';

/**
 * Reads the name of an SDS resource, as Istio forms it (pilot/pkg/model/credentials/resource.go, since 1.8; bare names
 * before). Every text is some name: what has no known scheme is a bare one.
 */
export function readSdsName(text: string): SdsName {
  if (text === 'default') return { scheme: 'workload', ca: false };
  if (text === 'ROOTCA') return { scheme: 'workload', ca: true };
  if (text.startsWith('file-root:')) return { scheme: 'file-root', file: text.slice('file-root:'.length), ca: true };
  if (text.startsWith('file-cert:')) {
    const [certificate = '', key = ''] = text.slice('file-cert:'.length).split('~');
    return { scheme: 'file-cert', certificate, key, ca: false };
  }
  const [, scheme, rest = ''] = /^([a-z-]+):\/\/(.*)$/s.exec(text) ?? [];
  const ca = rest.endsWith(suffix) || (rest === '' && text.endsWith(suffix));
  const name = ca ? rest.slice(0, -suffix.length) : rest;
  switch (scheme) {
    case 'kubernetes':
      return { scheme, ...namespaced(name), ca };
    case 'kubernetes-gateway':
      return { scheme, ...namespaced(name), ca };
    case 'configmap':
      // A ConfigMap can hold nothing but a CA, whatever its name ends in.
      return { scheme, ...namespaced(name), ca: true };
    case 'builtin':
      return { scheme: 'workload', ca };
    case 'sds':
      return { scheme, name, ca };
    case 'invalid':
      return { scheme, ca };
    default:
      return {
        scheme: 'agent',
        name: text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
        ca: text.endsWith(suffix),
      };
  }
}

/** istiod looks at the first two parts only, so that a path (`/etc/…`) has an empty namespace and is denied. */
function namespaced(text: string): { readonly namespace?: string; readonly name: string } {
  const [first = '', second] = text.split('/');
  return second === undefined ? { name: first } : { namespace: first, name: second };
}
