/** One of Envoy's response flags. */
export interface ResponseFlag {
  readonly short: string;
  /** As `%RESPONSE_FLAGS_LONG%` prints it. */
  readonly long: string;
  /** Where the fault is, seen from the proxy that printed the flag. */
  readonly side: 'client' | 'here' | 'upstream' | 'none';
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** What it has to do with TLS, where it has. */
  readonly tls?: string;
}

function flag(short: string, long: string, side: ResponseFlag['side'], meaning: string, tls?: string): ResponseFlag {
  return { short, long, side, meaning, ...(tls !== undefined && { tls }) };
}

/** Envoy's flags up to 1.38 (source/common/stream_info/utility.h), those that matter at a gateway first. */
export const responseFlags: readonly ResponseFlag[] = [
  flag(
    'NR',
    'NoRouteFound',
    'here',
    'Nothing is configured for this request: no route for its host and path (404), or no filter chain for its connection.',
    'With status 0 and filter_chain_not_found no server of the port has the name that the client sent, or it sent none.',
  ),
  flag(
    'UF',
    'UpstreamConnectionFailure',
    'upstream',
    'The connection to the backend could not be made (503).',
    'If the failure reason holds TLS_error, it is the TLS to the backend that failed, not that of the client.',
  ),
  flag(
    'URX',
    'UpstreamRetryLimitExceeded',
    'upstream',
    'It was tried as often as allowed; the flag beside it says what failed.',
    'Printed beside UF when TLS to the backend fails.',
  ),
  flag('UH', 'NoHealthyUpstream', 'upstream', 'The backend has no endpoint that takes requests (503).'),
  flag(
    'UC',
    'UpstreamConnectionTermination',
    'upstream',
    'The backend closed the connection before it answered (503).',
    'A backend that expects TLS does so when it is spoken to in plaintext; one that refuses a client certificate under TLS 1.3 too.',
  ),
  flag('UR', 'UpstreamRemoteReset', 'upstream', 'The backend reset the stream.', 'As for UC.'),
  flag(
    'UPE',
    'UpstreamProtocolError',
    'upstream',
    'The backend answered in another protocol than it was spoken to in (502).',
    'HTTP/2 to a server that knows HTTP/1.1 only, by the name or appProtocol of its port; or a TLS alert in the place of HTTP.',
  ),
  flag('NC', 'NoClusterFound', 'here', 'The route leads to a destination that does not exist (503).'),
  flag(
    'DPE',
    'DownstreamProtocolError',
    'client',
    'The client sent something that is no HTTP (400).',
    'On a plaintext port that is what a TLS client sends: the server should be HTTPS, or the client should use http.',
  ),
  flag(
    'DC',
    'DownstreamConnectionTermination',
    'client',
    'The client went away before it had its answer.',
    'With status 0 and no method it left after the handshake without a request: a probe, or a client that did not like the certificate.',
  ),
  flag('UT', 'UpstreamRequestTimeout', 'upstream', 'The backend did not answer in time (504).'),
  flag('UO', 'UpstreamOverflow', 'here', 'A limit of connections or requests to the backend was reached (503).'),
  flag('UAEX', 'UnauthorizedExternalService', 'here', 'The external authorization service refused the request.'),
  flag('RL', 'RateLimited', 'here', 'The request was over a rate limit (429).'),
  flag('RLSE', 'RateLimitServiceError', 'here', 'The rate limit service failed.'),
  flag('LH', 'FailedLocalHealthCheck', 'here', 'The local service failed its health check.'),
  flag('LR', 'LocalReset', 'here', 'The proxy itself reset the connection.'),
  flag('DT', 'DurationTimeout', 'here', 'The connection or stream lasted longer than allowed.'),
  flag('SI', 'StreamIdleTimeout', 'none', 'Nothing was sent on the stream for too long.'),
  flag('DI', 'DelayInjected', 'here', 'The request was delayed on purpose, by fault injection.'),
  flag('FI', 'FaultInjected', 'here', 'The request was ended on purpose, by fault injection.'),
  flag('IH', 'InvalidEnvoyRequestHeaders', 'client', 'A header that is checked strictly has no valid value (400).'),
  flag(
    'UMSDR',
    'UpstreamMaxStreamDurationReached',
    'upstream',
    'The request to the backend lasted longer than allowed.',
  ),
  flag('RFCF', 'ResponseFromCacheFilter', 'none', 'The answer came from the cache.'),
  flag('NFCF', 'NoFilterConfigFound', 'here', 'The configuration of a filter did not come in time.'),
  flag('OM', 'OverloadManagerTerminated', 'here', 'The proxy was overloaded and gave the request up.'),
  flag('DF', 'DnsResolutionFailed', 'upstream', 'The name of the backend could not be resolved.'),
  flag('DO', 'DropOverload', 'here', 'The request was dropped by a configured share (503).'),
  flag('DR', 'DownstreamRemoteReset', 'client', 'The client reset its HTTP/2 stream.'),
  flag('UDO', 'UnconditionalDropOverload', 'here', 'All requests to the backend are dropped by configuration (503).'),
];

const byName: ReadonlyMap<string, ResponseFlag> = new Map(
  responseFlags.flatMap((each) => [
    [each.short, each],
    [each.long, each],
  ]),
);

/** A flag by its short or long name. */
export function responseFlag(name: string): ResponseFlag | undefined {
  return byName.get(name);
}

/** The short name of a flag, whichever of the two is given; unknown ones stay as they are. */
export function shortFlag(name: string): string {
  return byName.get(name)?.short ?? name;
}
