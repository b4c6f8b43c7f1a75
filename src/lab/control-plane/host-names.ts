/** Whether two host patterns have a name in common. `*.a.b` meets every name below `a.b`, at any depth, never `a.b`. */
export function hostsMeet(a: string, b: string): boolean {
  return commonHost(a, b) !== undefined;
}

/** The narrower of two patterns where they meet: what a route for one can serve of the other. */
export function commonHost(a: string, b: string): string | undefined {
  const [first, second] = [a.toLowerCase(), b.toLowerCase()];
  if (covers(first, second)) return second;
  return covers(second, first) ? first : undefined;
}

function covers(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
}

/** A host of a Gateway: the namespace that it admits routes of (`*` for all), and the name itself. */
export interface GatewayHost {
  readonly namespace: string;
  readonly name: string;
}

// `ns/host`, `./host` (the Gateway's own namespace), `*/host`, or the host alone.
export function gatewayHost(text: string, gatewayNamespace: string): GatewayHost {
  const slash = text.indexOf('/');
  if (slash < 0) return { namespace: '*', name: text };
  const namespace = text.slice(0, slash);
  return { namespace: namespace === '.' ? gatewayNamespace : namespace, name: text.slice(slash + 1) };
}
