import { ofConnection } from './event-fields.ts';
import type { LogPattern } from './log-pattern.ts';
import { listenerReasons, secretReasons } from './refusal-reasons.ts';
import { refusedListeners } from './refused-listeners.ts';

const istiod = ['istiod'] as const;

/** What a proxy refused of what istiod sent it, in the words of Envoy. */
export const istiodRefusalPatterns: readonly LogPattern[] = [
  {
    id: 'istiod-secret-refused',
    writers: istiod,
    cue: 'ADS:SDS: ACK ERROR ',
    rest: /(?<connection>\S+) (?<code>[A-Za-z]+):(?<reason>.*)/sy,
    reason: { part: 'reason', known: secretReasons },
    versions: { from: '1.8' },
    severity: 'error',
    meaning:
      'Envoy refused a secret that istiod sent. The text is that of Envoy, and names no secret: the one meant is among those of the push just before.',
    causes: ['key-cert-mismatch', 'private-key-malformed', 'cert-chain-malformed-pem'],
    events: ({ connection, reason = '' }) => [
      { ...ofConnection(connection), reason: reason.trim(), kind: 'secret-refused' },
    ],
  },
  {
    id: 'istiod-listener-refused',
    writers: istiod,
    cue: 'ADS:LDS: ACK ERROR ',
    rest: /(?<connection>\S+) (?<code>[A-Za-z]+):(?:Error adding\/updating listener(?:\(s\))? )?(?:(?<listener>\S+?): )?(?<reason>.*)/sy,
    reason: { part: 'reason', known: listenerReasons },
    versions: { from: '1.3' },
    severity: 'error',
    meaning:
      'Envoy refused a listener. A changed one stays as it was, a new one does not exist and its port refuses connections; other listeners of the push are taken.',
    causes: ['listener-nack'],
    events: ({ connection, message = '' }) => refusedListeners(message, ofConnection(connection)),
  },
  {
    id: 'istiod-cluster-refused',
    writers: istiod,
    cue: 'ADS:CDS: ACK ERROR ',
    rest: /(?<connection>\S+) (?<code>[A-Za-z]+):(?<reason>.*)/sy,
    versions: { from: '1.3' },
    severity: 'error',
    meaning: 'Envoy refused a cluster: what a DestinationRule or an EnvoyFilter asks of the backend cannot be done.',
    causes: ['backend-tls-origination', 'envoyfilter-breaks-tls'],
    events: ({ connection, reason = '' }) => [
      { ...ofConnection(connection), reason: reason.trim(), kind: 'cluster-refused' },
    ],
  },
  {
    id: 'istiod-routes-refused',
    writers: istiod,
    cue: 'ADS:RDS: ACK ERROR ',
    rest: /(?<connection>\S+) (?<code>[A-Za-z]+):(?<reason>.*)/sy,
    versions: { from: '1.3' },
    severity: 'error',
    meaning: 'Envoy refused a route configuration: requests go by the one before it.',
    causes: ['vs-route-match', 'envoyfilter-breaks-tls'],
  },
];
