import { chooseRoute, chooseVirtualHost, withoutPort } from './http-routing.ts';
import type { RoutedRequest } from './http-routing.ts';
import type { HttpPlan, RouteAction, RoutePlan } from './plan.ts';
import type { FindUpstream, Upstream } from './upstream.ts';

/** An answer to a request, with what the access log says about it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly flags?: string;
  readonly details: string;
  readonly upstreamFailure?: string;
  readonly upstream?: Extract<Upstream, { state: 'ready' }>;
  readonly routeName?: string;
}

/** What the gateway answers: itself, or with what the application said. `isTls` is false on a plaintext listener. */
export function answerRequest(
  plan: HttpPlan,
  request: RoutedRequest,
  isTls: boolean,
  findUpstream: FindUpstream,
): HttpAnswer {
  const virtualHost = chooseVirtualHost(plan, request.authority);
  if (!virtualHost) return notRouted;
  if (virtualHost.requireTls && !isTls) return redirectTo(`https://${request.authority}${request.path}`, 301);
  const route = chooseRoute(virtualHost, request);
  if (!route) return notRouted;
  const answer = act(route, request, findUpstream, isTls);
  return route.name === '' ? answer : { ...answer, routeName: route.name };
}

const notRouted: HttpAnswer = { status: 404, headers: {}, body: '', flags: 'NR', details: 'route_not_found' };

function act(route: RoutePlan, request: RoutedRequest, findUpstream: FindUpstream, isTls: boolean): HttpAnswer {
  const { action } = route;
  if (action.kind === 'respond') {
    return { status: action.code, headers: textHeaders, body: action.body, details: 'direct_response' };
  }
  if (action.kind === 'redirect') return redirectTo(locationOf(action, request, isTls), action.code);
  const [destination] = action.destinations;
  const upstream: Upstream = destination ? findUpstream(destination) : { state: 'no-cluster' };
  if (upstream.state === 'no-cluster') {
    return { status: 503, headers: {}, body: '', flags: 'NC', details: 'cluster_not_found' };
  }
  if (upstream.state === 'no-endpoints') {
    return {
      status: 503,
      headers: textHeaders,
      body: 'no healthy upstream',
      flags: 'UH',
      details: 'no_healthy_upstream',
    };
  }
  return forward(upstream, action.rewrite === undefined ? request : rewritten(route, request, action.rewrite));
}

const textHeaders = { 'content-type': 'text/plain' };

function forward(upstream: Extract<Upstream, { state: 'ready' }>, request: RoutedRequest): HttpAnswer {
  if (upstream.originatesTls && !upstream.expectsTls) return { ...tlsToPlaintext, upstream };
  if (!upstream.originatesTls && upstream.expectsTls) return { ...plaintextToTls, upstream };
  const { status, contentType, body } = upstream.application.answer(request);
  return {
    status,
    headers: { 'content-type': contentType, 'x-envoy-upstream-service-time': '1' },
    body,
    details: 'via_upstream',
    upstream,
  };
}

const wrongVersion = 'TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end';

const tlsToPlaintext: HttpAnswer = {
  status: 503,
  headers: textHeaders,
  body: `upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, transport failure reason: ${wrongVersion.replaceAll('_', ' ')}`,
  flags: 'URX,UF',
  details: `upstream_reset_before_response_started{remote_connection_failure|${wrongVersion}}`,
  upstreamFailure: wrongVersion,
};

const plaintextToTls: HttpAnswer = {
  status: 503,
  headers: textHeaders,
  body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  flags: 'UC',
  details: 'upstream_reset_before_response_started{connection_termination}',
};

function redirectTo(location: string, status: number): HttpAnswer {
  return { status, headers: { location }, body: '', details: 'direct_response' };
}

function locationOf(
  action: Extract<RouteAction, { kind: 'redirect' }>,
  request: RoutedRequest,
  isTls: boolean,
): string {
  const scheme = action.scheme ?? (isTls ? 'https' : 'http');
  const authority = action.authority ?? request.authority;
  const host = action.port === undefined ? authority : `${withoutPort(authority)}:${action.port}`;
  return `${scheme}://${host}${action.uri ?? request.path}`;
}

/** The request with the matched prefix of its path replaced, or the whole path where no prefix was matched. */
function rewritten({ matches }: RoutePlan, request: RoutedRequest, uri: string): RoutedRequest {
  const prefixes = matches.flatMap(({ uri: match }) =>
    match && 'prefix' in match ? [match.prefix] : match && 'pathPrefix' in match ? [match.pathPrefix] : [],
  );
  const prefix = prefixes.find((candidate) => request.path.startsWith(candidate));
  return { ...request, path: prefix === undefined ? uri : uri + request.path.slice(prefix.length) };
}
