import { ofResource } from './event-fields.ts';
import type { EventFields, LogPattern } from './log-pattern.ts';
import { listenerReasons, secretReasons } from './refusal-reasons.ts';
import { refusedListeners } from './refused-listeners.ts';

const gateway = ['gateway', 'node-agent'] as const;
const always = { from: '1.0' } as const;
const secretType = String.raw`(?<type>envoy\.extensions\.transport_sockets\.tls\.v3\.Secret|envoy\.api\.v2\.auth\.Secret)`;
const refusedType = (type: string) => new RegExp(String.raw`${type} rejected: (?<reason>.*)`, 'sy');

const tlsError = /TLS[_ ]error.*/s;

/** The client of `remote address:ADDRESS,…` and `closing connection from ADDRESS`. */
function ofClient(text: string | undefined): Partial<EventFields> {
  const client = /(?:remote address:|connection from )([^\s,]+)/.exec(text ?? '')?.[1];
  return client === undefined ? {} : { client };
}

/** What Envoy itself prints, and the agent about files. The reason of a handshake is printed at debug level only. */
export const envoyPatterns: readonly LogPattern[] = [
  {
    id: 'envoy-secret-timeout',
    writers: gateway,
    cue: 'gRPC config: initial fetch timed out for type.googleapis.com/',
    rest: new RegExp(secretType, 'y'),
    versions: { from: '1.4' },
    severity: 'error',
    meaning:
      'A secret did not come within the 15 s that Envoy waits for it. From now on the listener works, and connections to the hosts of that secret are reset. The name is not printed; the secret stands among the warming ones.',
    causes: [
      'secret-missing',
      'secret-wrong-namespace',
      'secret-wrong-keys',
      'secret-rbac-denied',
      'file-mount-missing',
    ],
    events: () => [{ kind: 'secret-fetch-timeout' }],
  },
  {
    id: 'envoy-secret-refused',
    writers: gateway,
    cue: ' config for type.googleapis.com/',
    rest: refusedType(secretType),
    reason: { part: 'reason', known: secretReasons },
    versions: { from: '1.1' },
    severity: 'error',
    meaning:
      'Envoy refused a secret and keeps the one before it, if there was one. The name is not printed. One refusal gives several lines, and can leave other secrets of the same answer waiting.',
    causes: ['key-cert-mismatch', 'private-key-malformed', 'cert-chain-malformed-pem'],
    events: ({ reason = '' }) => [{ kind: 'secret-refused', reason: reason.trim() }],
  },
  {
    id: 'envoy-listener-refused',
    writers: gateway,
    cue: ' config for type.googleapis.com/',
    rest: /(?<type>envoy\.config\.listener\.v3\.Listener|envoy\.api\.v2\.Listener) rejected: (?:Error adding\/updating listener(?:\(s\))? (?:(?<listener>\S+?): )?)?(?<reason>.*)/sy,
    reason: { part: 'reason', known: listenerReasons },
    versions: always,
    severity: 'error',
    meaning:
      'Envoy refused a listener. A changed one stays as it was, a new one does not exist and its port refuses connections.',
    causes: ['listener-nack'],
    events: ({ message = '' }) => refusedListeners(message, {}),
  },
  {
    id: 'envoy-cluster-refused',
    writers: gateway,
    cue: ' config for type.googleapis.com/',
    rest: refusedType(String.raw`(?<type>envoy\.config\.cluster\.v3\.Cluster|envoy\.api\.v2\.Cluster)`),
    versions: always,
    severity: 'error',
    meaning: 'Envoy refused a cluster: what a DestinationRule or an EnvoyFilter asks of the backend cannot be done.',
    causes: ['backend-tls-origination', 'envoyfilter-breaks-tls'],
    events: ({ reason = '' }) => [{ kind: 'cluster-refused', reason: reason.trim() }],
  },
  {
    id: 'envoy-secret-stream-closed',
    writers: gateway,
    cue: 'StreamSecrets gRPC config stream',
    rest: /(?: to (?<target>\S+))? closed(?: since \d+s ago)?: (?<code>\d+), (?<reason>.*)/y,
    versions: always,
    severity: 'warning',
    meaning:
      "The agent, or another server of secrets, ended Envoy's request: with `no such file`, a file that a Gateway names is not mounted; with an authorization text, a server such as SPIRE refuses the name.",
    causes: ['file-mount-missing', 'mesh-identity-not-ready'],
    events: ({ reason = '' }) => {
      // The agent prints the same of the same: one failure, so the words are made equal.
      const [, resource, why = ''] =
        /failed to generate secret for (file-(?:cert|root):\S+?):? (.*)/.exec(reason) ?? [];
      const words = why.replace(/\{via_upstream\}$/, '');
      return resource === undefined ? [] : [{ ...ofResource(resource), reason: words, kind: 'file-secret-failed' }];
    },
  },
  {
    id: 'envoy-tls-not-ready',
    writers: gateway,
    cue: 'Create NotReadySslSocket',
    rest: /$/y,
    versions: always,
    severity: 'error',
    meaning: 'A client reached a filter chain whose secret has not come, and is dropped without an answer.',
    causes: ['secret-missing', 'mtls-ca-missing', 'secret-held-by-refused'],
    events: () => [{ kind: 'handshake-failed', reason: 'Secret is not supplied by SDS' }],
  },
  {
    id: 'envoy-no-filter-chain',
    writers: gateway,
    cue: ': no matching filter chain found',
    rest: /$/y,
    versions: always,
    severity: 'error',
    meaning: 'A client sent no server name, or one that no server of this port has; the connection is reset.',
    causes: ['sni-missing', 'gateway-host-missing', 'sni-stripped-by-lb'],
    events: ({ before }) => [
      { ...ofClient(before), kind: 'handshake-failed', reason: 'no matching filter chain found' },
    ],
  },
  {
    id: 'envoy-client-certificate-refused',
    writers: gateway,
    cue: 'verify cert failed: ',
    rest: /(?<reason>.*)/y,
    isHandshake: true,
    versions: always,
    severity: 'error',
    meaning: 'The client showed a certificate that the gateway does not accept, for the reason in the line.',
    causes: [
      'mtls-client-untrusted',
      'mtls-client-expired',
      'mtls-client-eku',
      'mtls-client-san-mismatch',
      'mtls-ca-wrong',
    ],
    events: ({ message = '', reason = '' }) => [
      { ...ofClient(message), kind: 'handshake-failed', reason: tlsError.exec(message)?.[0].trim() ?? reason },
    ],
  },
  {
    id: 'envoy-handshake-failed',
    writers: gateway,
    cue: 'TLS_error',
    rest: /:?\|(?<reason>.*)/sy,
    isHandshake: true,
    versions: { from: '1.20' },
    severity: 'error',
    meaning: 'A TLS handshake failed; BoringSSL says why.',
    causes: ['mtls-client-untrusted', 'mtls-client-cert-missing', 'tls-version-cipher'],
    events: ({ message, reason = '' }) => [
      { ...ofClient(message), kind: 'handshake-failed', reason: `TLS_error:|${reason.trim()}` },
    ],
  },
  {
    id: 'envoy-handshake-failed-older',
    writers: gateway,
    cue: 'TLS error: ',
    rest: /(?<reason>.*)/sy,
    isHandshake: true,
    versions: { from: '1.0', to: '1.19' },
    severity: 'error',
    meaning: 'A TLS handshake failed; BoringSSL says why.',
    causes: ['mtls-client-untrusted', 'mtls-client-cert-missing', 'tls-version-cipher'],
    events: ({ message, reason = '' }) => [
      { ...ofClient(message), kind: 'handshake-failed', reason: `TLS error: ${reason.trim()}` },
    ],
  },
  {
    id: 'envoy-secret-updated',
    writers: gateway,
    cue: 'Secret is updated.',
    rest: /$/y,
    versions: always,
    severity: 'none',
    meaning: 'Envoy builds a TLS context anew from a secret that has come or changed.',
    causes: [],
  },
  {
    id: 'envoy-listener-taken',
    writers: gateway,
    cue: "lds: add/update listener '",
    rest: /(?<listener>[^']*)'/y,
    versions: always,
    severity: 'none',
    meaning: 'Envoy took this listener.',
    causes: [],
  },
  {
    id: 'file-secret-failed',
    writers: gateway,
    cue: 'failed to generate secret for proxy from file: ',
    rest: /(?<reason>.*)/y,
    versions: { from: '1.10' },
    severity: 'error',
    meaning:
      'The agent cannot read the files that a Gateway names, or key and certificate in them do not belong together. It tries for 10 s before it says so, and goes on.',
    causes: ['file-mount-missing', 'key-cert-mismatch'],
    events: ({ reason = '' }, { resource }) => [{ ...ofResource(resource), reason, kind: 'file-secret-failed' }],
  },
  {
    id: 'file-secret-read',
    writers: gateway,
    cue: 'read certificate from file',
    rest: /$/y,
    versions: { from: '1.10' },
    severity: 'none',
    meaning: 'The agent read the certificate files that a Gateway names.',
    causes: [],
    events: (_parts, { labels = '' }) => [
      { ...ofResource(/\bresource=(\S+)/.exec(labels)?.[1]), kind: 'file-secret-read' },
    ],
  },
  {
    id: 'file-changed',
    writers: gateway,
    cue: 'event for file certificate ',
    rest: /(?<file>\S+) : (?<what>[A-Z|]+), pushing to proxy/y,
    versions: { from: '1.10' },
    severity: 'none',
    meaning: 'A mounted certificate file changed, and Envoy gets the new one.',
    causes: [],
    events: ({ file = '', what = '' }) => [{ kind: 'secret-changed', reason: `${file} ${what}` }],
  },
  {
    id: 'file-watched',
    writers: gateway,
    cue: 'adding watcher for ',
    rest: /(?:file|symlink)(?: certificate)? (?<file>\S+)/y,
    versions: { from: '1.6' },
    severity: 'none',
    meaning: 'The agent watches this file for changes.',
    causes: [],
  },
];
