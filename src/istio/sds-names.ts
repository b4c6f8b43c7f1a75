/** A value of `credentialName` (or `caCertCredentialName`) as istiod reads it (istio-gateway-tls 2.1). */
export interface CredentialReference {
  /**
   * `kubernetes`: a Secret beside the gateway's pods, of a Gateway; `kubernetes-gateway`: a Secret that the Gateway may
   * refer to by name and namespace; `builtin`: the workload's own certificate; `sds`: an external SDS server.
   */
  readonly scheme: 'kubernetes' | 'kubernetes-gateway' | 'configmap' | 'builtin' | 'sds' | 'invalid';
  readonly namespace?: string;
  readonly name: string;
}

const schemes = ['kubernetes-gateway', 'kubernetes', 'configmap', 'builtin', 'sds', 'invalid'] as const;

export function readCredentialName(text: string): CredentialReference {
  const scheme = schemes.find((one) => text.startsWith(`${one}://`)) ?? 'kubernetes';
  const rest = text.startsWith(`${scheme}://`) ? text.slice(scheme.length + 3) : text;
  if (scheme === 'builtin' || scheme === 'sds' || scheme === 'invalid') return { scheme, name: rest };
  const parts = rest.split('/');
  // only the first two segments count; an unknown scheme such as secret://x reads as namespace `secret:`
  if (parts.length === 1) return { scheme, name: rest };
  return { scheme, namespace: parts[0] ?? '', name: parts[1] ?? '' };
}

export const caSuffix = '-cacert';

/** The name that Envoy asks for: `kubernetes://shop-tls`, since 1.8; the bare name before. */
export function sdsName(reference: CredentialReference, bare: boolean): string {
  if (bare) return reference.name;
  const { scheme, namespace, name } = reference;
  return namespace === undefined ? `${scheme}://${name}` : `${scheme}://${namespace}/${name}`;
}
