import type { LogMeaning } from './log-pattern.ts';
import type { AccessLineFields } from './read-access-log.ts';

/** How an access log line of one kind is known, and what it means. */
export interface AccessPattern extends LogMeaning {
  readonly is: (entry: AccessLineFields) => boolean;
}

const always = { from: '1.0' } as const;

const has = (entry: AccessLineFields, flag: string) => entry.flags.includes(flag);
const details = (entry: AccessLineFields) => entry.details ?? '';
const failure = (entry: AccessLineFields) => `${details(entry)} ${entry.upstreamFailure ?? ''}`;

/** The first that fits holds. */
export const accessPatterns: readonly AccessPattern[] = [
  {
    id: 'access-no-server-name',
    is: (entry) => isUnmatched(entry) && !entry.sni,
    versions: { from: '1.8' },
    severity: 'warning',
    meaning:
      'A connection came without a server name (or was no TLS), and no server of the port takes every name: it was reset. From probes and scanners that is no fault.',
    causes: ['sni-missing', 'sni-stripped-by-lb', 'lb-health-check', 'lb-proxy-protocol'],
  },
  {
    id: 'access-unknown-server-name',
    is: isUnmatched,
    versions: { from: '1.8' },
    severity: 'error',
    meaning:
      'The client asked for a name (last column but one) that no server of this port has, and was reset. So it is configuration: no certificate was even chosen.',
    causes: [
      'gateway-host-missing',
      'gateway-selector-mismatch',
      'gateway-host-conflict',
      'referencegrant-missing',
      'passthrough-route-mismatch',
      'gateway-port-not-on-service',
      'multi-revision',
      'ingress-class-unclaimed',
      'front-sni-mismatch',
      'listener-nack',
    ],
  },
  {
    id: 'access-other-host-on-connection',
    is: (entry) => entry.status === 404 && has(entry, 'NR') && isOtherHost(entry),
    versions: always,
    severity: 'error',
    meaning:
      'The request is for another host than the connection was opened for: an HTTP/2 client uses one connection for all names of a certificate, and this server has no route for the other one.',
    causes: ['http2-coalescing'],
  },
  {
    id: 'access-no-route',
    is: (entry) => entry.status === 404 && has(entry, 'NR'),
    versions: always,
    severity: 'error',
    meaning: 'TLS was well; no VirtualService or route of this server has the host and path of the request.',
    causes: [
      'vs-missing',
      'vs-host-mismatch',
      'vs-gateway-namespace',
      'vs-route-match',
      'route-not-attached',
      'vs-export-to',
    ],
  },
  {
    id: 'access-no-http',
    is: (entry) => has(entry, 'DPE'),
    versions: always,
    severity: 'error',
    meaning:
      'Something that is no HTTP came to a plaintext HTTP server. Most often it is a TLS client: the server on this port is not HTTPS.',
    causes: [
      'server-protocol-not-https',
      'tls-settings-missing',
      'gateway-port-protocol-conflict',
      'lb-protocol-mismatch',
      'lb-proxy-protocol',
    ],
  },
  {
    id: 'access-backend-tls-failed',
    is: (entry) => has(entry, 'UF') && /TLS[_ ]error/.test(failure(entry)),
    versions: { from: '1.2' },
    severity: 'error',
    meaning:
      'The client is connected; it is the TLS from the gateway to the backend that failed, for the reason in the braces.',
    causes: ['backend-tls-origination'],
  },
  {
    id: 'access-backend-unreachable',
    is: (entry) => has(entry, 'UF'),
    versions: always,
    severity: 'error',
    meaning: 'The gateway could not connect to the backend.',
    causes: ['upstream-no-endpoints', 'backend-tls-origination'],
  },
  {
    id: 'access-no-endpoint',
    is: (entry) => has(entry, 'UH'),
    versions: always,
    severity: 'error',
    meaning: 'The destination has no endpoint that takes requests.',
    causes: ['upstream-no-endpoints'],
  },
  {
    id: 'access-no-destination',
    is: (entry) => has(entry, 'NC'),
    versions: always,
    severity: 'error',
    meaning:
      'The route leads to a destination that does not exist, often a short name that means another namespace than was thought.',
    causes: ['vs-destination-missing', 'vs-export-to', 'namespace-not-discovered'],
  },
  {
    id: 'access-backend-closed',
    is: (entry) => has(entry, 'UC') || has(entry, 'UR'),
    versions: always,
    severity: 'error',
    meaning: 'The backend closed the connection without an answer, as one that wants TLS does when it gets plaintext.',
    causes: ['backend-tls-origination', 'strict-mtls-bypass'],
  },
  {
    id: 'access-backend-protocol',
    is: (entry) => has(entry, 'UPE'),
    versions: always,
    severity: 'error',
    meaning: 'The backend does not speak the protocol that the name or appProtocol of its port says.',
    causes: ['service-port-name', 'backend-tls-origination'],
  },
  {
    id: 'access-denied',
    is: (entry) => details(entry).startsWith('rbac_access_denied'),
    versions: { from: '1.9' },
    severity: 'error',
    meaning:
      'TLS was well; an AuthorizationPolicy at this proxy refused the request. In brackets stands the policy, `none` where no ALLOW policy let it in.',
    causes: ['authz-denied'],
  },
  {
    id: 'access-redirect-over-tls',
    is: (entry) => isRedirect(entry.status) && details(entry) === 'direct_response' && Boolean(entry.sni),
    versions: { from: '1.9' },
    severity: 'warning',
    meaning:
      'The gateway itself answered an https request with a redirect. If it leads to the same address, the client goes round in a circle.',
    causes: ['https-redirect-loop'],
  },
  {
    id: 'access-client-left',
    is: (entry) => has(entry, 'DC'),
    versions: always,
    severity: 'none',
    meaning:
      'The client went away before it had an answer. With status 0 it sent no request at all: a probe, or a client that does not like the certificate.',
    causes: [],
  },
  {
    id: 'access-other-flag',
    is: (entry) => entry.flags.length > 0,
    versions: always,
    severity: 'warning',
    meaning: 'TLS with the client was well; the response flag says what went wrong after it.',
    causes: [],
  },
  {
    id: 'access-passed-on',
    is: (entry) => (entry.status ?? 0) === 0,
    versions: always,
    severity: 'none',
    meaning:
      'A connection whose bytes were passed on, as for PASSTHROUGH and TCP. What was in them the gateway does not know.',
    causes: [],
  },
  {
    id: 'access-answered',
    is: () => true,
    versions: always,
    severity: 'none',
    meaning: 'The request went through: TLS and route are in order, and the status is the answer of the backend.',
    causes: [],
  },
];

function isUnmatched(entry: AccessLineFields): boolean {
  if (!has(entry, 'NR') || (entry.status ?? 0) !== 0) return false;
  // Istio 1.8 has no column for the details.
  return entry.details === undefined || entry.details === null || entry.details === 'filter_chain_not_found';
}

function isOtherHost({ sni, authority }: AccessLineFields): boolean {
  const host = authority?.replace(/:\d+$/, '').toLowerCase();
  return Boolean(sni) && Boolean(host) && sni?.toLowerCase() !== host && !sni?.startsWith('outbound_');
}

function isRedirect(status: number | undefined): boolean {
  return status === 301 || status === 302 || status === 307 || status === 308;
}
