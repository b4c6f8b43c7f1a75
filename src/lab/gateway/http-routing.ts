import type { HttpPlan, RequestMatch, RoutePlan, TextMatch, VirtualHostPlan } from './plan.ts';

export interface RoutedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authority: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The virtual host for an authority: the exact name, the longest wildcard, then `*`. The port does not count. */
export function chooseVirtualHost({ virtualHosts }: HttpPlan, authority: string): VirtualHostPlan | undefined {
  const host = withoutPort(authority).toLowerCase();
  const exact = virtualHosts.find(({ domain }) => domain.toLowerCase() === host);
  if (exact) return exact;
  const covering = virtualHosts.filter(
    ({ domain }) => domain.startsWith('*.') && host.endsWith(domain.slice(1).toLowerCase()),
  );
  const [longest] = covering.toSorted((a, b) => b.domain.length - a.domain.length);
  return longest ?? virtualHosts.find(({ domain }) => domain === '*');
}

/** The first route whose conditions the request meets. */
export function chooseRoute(virtualHost: VirtualHostPlan, request: RoutedRequest): RoutePlan | undefined {
  return virtualHost.routes.find(
    ({ matches }) => matches.length === 0 || matches.some((match) => meets(match, request)),
  );
}

export function withoutPort(authority: string): string {
  return authority.replace(/:\d+$/, '');
}

function meets(match: RequestMatch, request: RoutedRequest): boolean {
  const path = request.path.replace(/\?.*$/, '');
  return (
    textMeets(match.uri, path) &&
    textMeets(match.method, request.method) &&
    textMeets(match.authority, request.authority) &&
    Object.entries(match.headers).every(([name, wanted]) => {
      const value = request.headers[name.toLowerCase()];
      return value !== undefined && textMeets(wanted, value);
    })
  );
}

function textMeets(match: TextMatch | undefined, text: string): boolean {
  if (!match) return true;
  if ('exact' in match) return text === match.exact;
  if ('prefix' in match) return text.startsWith(match.prefix);
  if ('pathPrefix' in match) {
    const prefix = match.pathPrefix.replace(/\/$/, '');
    return text === prefix || text.startsWith(`${prefix}/`);
  }
  return matchesRegex(match.regex, text);
}

/** Envoy's RE2 matches the whole text; an expression that JavaScript cannot read matches nothing. */
function matchesRegex(expression: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${expression})$`).test(text);
  } catch {
    return false;
  }
}
