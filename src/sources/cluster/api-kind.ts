/** One kind of object as the API server serves it. */
export interface ApiKind {
  /** The empty string for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural in the path: `gateways`. */
  readonly resource: string;
  readonly namespaced: boolean;
}

export const secretKind: ApiKind = core('Secret', 'secrets');
export const podKind: ApiKind = core('Pod', 'pods');

function core(kind: string, resource: string): ApiKind {
  return { group: '', version: 'v1', kind, resource, namespaced: true };
}

export function apiVersionOf(kind: ApiKind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** One object, a subresource of it, or all of a kind in one place. No namespace means all of them. */
export interface ApiPlace {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/**
 * The path of a request, or nothing when a name cannot be one of an object. Names come from evidence:
 * an empty one would turn a read of one Secret into a list of them all, and `..` leads elsewhere.
 */
export function apiPath(kind: ApiKind, place: ApiPlace): string | undefined {
  const segments = kind.group === '' ? ['api', kind.version] : ['apis', kind.group, kind.version];
  if (kind.namespaced && place.namespace !== undefined) segments.push('namespaces', place.namespace);
  segments.push(kind.resource);
  if (place.name !== undefined) segments.push(place.name);
  if (place.subresource !== undefined) segments.push(place.subresource);
  return segments.every(isSegment) ? `/${segments.map(encodeURIComponent).join('/')}` : undefined;
}

/** As `k8s.io/apimachinery/pkg/api/validation/path` has it, and bounded. */
function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && text.length <= 253 && !/[/%]/.test(text);
}

/**
 * A permission in the words of kubectl and RBAC: `get secrets/shop-tls in namespace istio-ingress`,
 * `list gateways.networking.istio.io in all namespaces`, `create pods/portforward in namespace istio-ingress`.
 */
export function permission(verb: string, kind: ApiKind, place: ApiPlace): string {
  const resource = kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`;
  // RBAC writes subresources the way that kubectl writes names, so only one of the two can stand there.
  const part = place.subresource ?? place.name;
  const what = part === undefined ? resource : `${resource}/${part}`;
  if (!kind.namespaced) return `${verb} ${what}`;
  return `${verb} ${what} in ${place.namespace === undefined ? 'all namespaces' : `namespace ${place.namespace}`}`;
}
