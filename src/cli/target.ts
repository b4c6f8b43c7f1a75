import type { Target } from '../model/snapshot.ts';
import { quoted } from '../text/quoted.ts';
import { parseHostAndPort } from './host.ts';
import { parseNamespacedName } from './object-name.ts';
import { usageError } from './usage-error.ts';

const forms = 'a target is HOST[:PORT], https://HOST[:PORT]/PATH, ADDRESS:PORT or KIND/NAMESPACE/NAME';

type ObjectKind = 'gateway' | 'gtw' | 'ingress' | 'svc' | 'pod';

/** What people write for a kind, and the word that a target takes. `gtw` is the Gateway of the Gateway API. */
const kinds: Readonly<Record<string, ObjectKind>> = {
  gateway: 'gateway',
  gtw: 'gtw',
  ingress: 'ingress',
  svc: 'svc',
  pod: 'pod',
};
const otherWords: Readonly<Record<string, ObjectKind>> = {
  gw: 'gateway',
  gateways: 'gateway',
  'gateways.networking.istio.io': 'gateway',
  'gateway.networking.istio.io': 'gateway',
  'gateways.gateway.networking.k8s.io': 'gtw',
  'gateway.gateway.networking.k8s.io': 'gtw',
  ing: 'ingress',
  ingresses: 'ingress',
  service: 'svc',
  services: 'svc',
  po: 'pod',
  pods: 'pod',
};

/**
 * What the user wants examined. Names of hosts come out in lower-case ASCII without a final dot; an address without a
 * port means 443.
 *
 * @throws IstlsError that names the input and what would be right
 */
export function parseTarget(text: string): Target {
  if (text.trim() === '') throw usageError('an empty target', forms);
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text);
  if (scheme) return parseUrl(text, scheme[1] ?? '');
  if (text.includes('/')) return parseObject(text);

  const { host, isAddress, port } = parseHostAndPort(text);
  if (isAddress) return { kind: 'address', text, address: host, port: port ?? 443 };
  return { kind: 'host', text, host, ...(port !== undefined && { port }) };
}

function parseUrl(text: string, scheme: string): Target {
  const rest = text.slice(scheme.length + '://'.length);
  if (scheme.toLowerCase() !== 'https') {
    throw usageError(`${quoted(text)} is not an https address`, 'istls examines TLS: write https://HOST[:PORT][/PATH]');
  }
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  // Not quoted in the message: it may be a password.
  if (authority.includes('@'))
    throw usageError('a target cannot hold a user or password', 'write https://HOST[:PORT][/PATH]');

  const { host, isAddress, port } = parseHostAndPort(authority);
  const tail = rest.slice(authority.length);
  const path = tail === '' ? undefined : pathOf(tail);
  if (!isAddress) {
    return { kind: 'host', text, host, ...(port !== undefined && { port }), ...(path !== undefined && { path }) };
  }
  if (path !== undefined && path !== '/') {
    const literal = host.includes(':') ? `[${host}]` : host;
    throw usageError(
      `${quoted(text)} asks for a path of an address`,
      `a path belongs to a host: https://HOST${path} --resolve HOST:${port ?? 443}:${literal}`,
    );
  }
  return { kind: 'address', text, address: host, port: port ?? 443 };
}

/** Path and query as they go over the wire; a fragment never does. */
function pathOf(tail: string): string {
  const url = new URL(tail, 'https://host/');
  return url.pathname + url.search;
}

function parseObject(text: string): Target {
  const slash = text.indexOf('/');
  const word = text.slice(0, slash).toLowerCase();
  const kind = kinds[word];
  if (kind !== undefined) return { kind, text, ...parseNamespacedName(text.slice(slash + 1), `${kind}/`) };

  const meant = otherWords[word];
  if (meant !== undefined) {
    throw usageError(`${quoted(word)} is not a kind of target`, `write ${meant}/${text.slice(slash + 1)}`);
  }
  if (/^[^/]+\.[^/]+\//.test(text)) throw usageError(`${quoted(text)} is a host with a path`, `write https://${text}`);
  throw usageError(
    `${quoted(word)} in ${quoted(text)} is not a kind of target`,
    'the kinds are gateway, gtw (Gateway API), ingress, svc and pod, each as KIND/NAMESPACE/NAME',
  );
}
