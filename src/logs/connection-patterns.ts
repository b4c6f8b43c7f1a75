import type { EventFields, LogPattern, Parts } from './log-pattern.ts';

const gateway = ['gateway'] as const;
const everyone = ['gateway', 'node-agent', 'istiod'] as const;

/** A peer's certificate that is "not yet valid" is a wrong clock more often than a wrong certificate. */
const future = /not yet valid: current time \S+ is before|not valid yet|token used before issued/;

function failing(kind: EventFields['kind']) {
  return ({ reason = '' }: Parts): readonly EventFields[] => [
    { kind: future.test(reason) ? 'clock-skew' : kind, reason: reason.trim() },
  ];
}

/** The connection to istiod, and the identity of the gateway itself: without either, nothing else arrives. */
export const connectionPatterns: readonly LogPattern[] = [
  {
    id: 'agent-connected',
    writers: gateway,
    cue: 'connected to ',
    rest: /(?:delta )?upstream XDS server: (?<server>\S+)/y,
    versions: { from: '1.8' },
    severity: 'none',
    meaning: 'The gateway has a connection to istiod.',
    causes: [],
    events: ({ server = '' }) => [{ kind: 'xds-connected', reason: server }],
  },
  {
    id: 'agent-cannot-connect',
    writers: gateway,
    cue: 'failed to connect to upstream ',
    rest: /(?<server>\S+?): (?<reason>.*)/y,
    versions: { from: '1.8' },
    severity: 'error',
    meaning: 'The gateway does not reach istiod, so that it keeps the configuration it has, or has none.',
    causes: ['gateway-not-connected'],
    events: failing('xds-connect-failed'),
  },
  {
    id: 'agent-disconnected',
    writers: gateway,
    cue: 'upstream terminated with unexpected error ',
    rest: /(?<reason>.*)/y,
    versions: { from: '1.8' },
    severity: 'warning',
    meaning:
      'The connection to istiod broke. It is made again at once; a fault only if that fails, or with `Unauthenticated`: then istiod does not take the gateway for whom it says it is.',
    causes: ['gateway-not-connected', 'mesh-identity-not-ready'],
    events: failing('xds-disconnected'),
  },
  {
    id: 'envoy-cannot-connect',
    writers: gateway,
    cue: 'AggregatedResources gRPC config stream',
    rest: /(?: to (?<server>\S+))? closed(?: since (?<seconds>\d+)s ago)?: (?<code>\d+), (?<reason>.*(?:connection error|connection failure|dial|handshake|authentication|Unauthenticated|x509|no healthy upstream|unreachable).*)/iy,
    versions: { from: '1.0' },
    severity: 'error',
    meaning: 'Envoy gets no configuration, since istiod cannot be reached or does not accept this gateway.',
    causes: ['gateway-not-connected', 'clock-skew', 'mesh-identity-not-ready'],
    events: failing('xds-connect-failed'),
  },
  {
    id: 'envoy-stream-closed',
    writers: gateway,
    cue: 'AggregatedResources gRPC config stream',
    rest: /(?: to (?<server>\S+))? closed(?: since (?<seconds>\d+)s ago)?: (?<code>\d+), ?(?<reason>.*)/y,
    versions: { from: '1.0' },
    severity: 'none',
    meaning:
      'The stream of configuration ended, as it does about every half hour and when istiod restarts. Envoy opens a new one.',
    causes: [],
    events: failing('xds-disconnected'),
  },
  {
    id: 'agent-no-identity',
    writers: gateway,
    cue: 'failed to warm ',
    rest: /(?:root )?certificate: (?<reason>.*)/y,
    versions: { from: '1.9' },
    severity: 'error',
    meaning:
      'The gateway got no certificate of its own from istiod; without it no TLS to the mesh and no connection to istiod works.',
    causes: ['mesh-identity-not-ready', 'gateway-not-connected', 'clock-skew'],
    events: failing('identity-failed'),
  },
  {
    id: 'agent-certificate-not-signed',
    writers: everyone,
    cue: 'failed to sign: ',
    rest: /(?<reason>.*)/y,
    versions: { from: '1.9' },
    severity: 'error',
    meaning: 'istiod, or another CA, did not sign the certificate of the gateway itself.',
    causes: ['mesh-identity-not-ready', 'gateway-not-connected', 'clock-skew'],
    events: failing('identity-failed'),
  },
  {
    id: 'istiod-csr-not-signed',
    writers: ['istiod'],
    cue: 'CSR signing error',
    rest: /:? ?(?<reason>.*)/y,
    versions: { from: '1.5' },
    severity: 'error',
    meaning: 'istiod could not sign the certificate that a proxy asked for.',
    causes: ['mesh-identity-not-ready'],
    events: failing('identity-failed'),
  },
  {
    id: 'istiod-client-unauthenticated',
    writers: ['istiod'],
    cue: 'Failed to authenticate client from ',
    rest: /(?<address>\S+?): (?<reason>.*)/y,
    versions: { from: '1.6' },
    severity: 'error',
    meaning:
      'Somebody connected to istiod with no certificate and no token that it accepts; the line names the address and why each way of proof failed.',
    causes: ['gateway-not-connected', 'mesh-identity-not-ready', 'clock-skew'],
    events: failing('proxy-unauthenticated'),
  },
  {
    id: 'secrets-forbidden',
    writers: everyone,
    cue: '*v1.Secret: ',
    rest: /(?:failed to list \*v1\.Secret: )?secrets is forbidden: User "(?<user>[^"]*)" cannot (?<verb>\w+) resource "secrets"(?<reason>.*)/y,
    versions: { from: '1.1' },
    severity: 'error',
    meaning:
      "Whoever reads the Secrets may not: up to 1.7 the gateway's own service account, later istiod, or its reader of another cluster.",
    causes: ['secret-rbac-denied'],
    events: ({ user = '', verb = '', reason = '' }) => [
      { kind: 'secret-api-forbidden', reason: `${user} cannot ${verb} secrets${reason}` },
    ],
  },
  {
    id: 'clock-skew',
    writers: everyone,
    cue: 'certificate has expired or is not yet valid: current time ',
    rest: /(?<now>\S+) is before (?<start>\S+)/y,
    versions: { from: '1.0' },
    severity: 'error',
    meaning:
      'A certificate that was just issued is not valid yet by the clock here: the clocks of two machines disagree.',
    causes: ['clock-skew'],
    events: ({ now = '', start = '' }) => [{ kind: 'clock-skew', reason: `${now} is before ${start}` }],
  },
];

/** Lines that look like faults and are none, so that `explain` can say so. */
export const noisePatterns: readonly LogPattern[] = [
  noise(
    'istiod-incremental-push',
    'istiod',
    'XDS: Incremental Pushing ',
    'Follows a change of a Secret or of endpoints: listeners and routes stay as they are.',
  ),
  noise(
    'istiod-webhook-not-ready',
    'istiod',
    'error handling istio-validator',
    'At its start istiod waits for its own validating webhook. Only if this goes on is nothing validated.',
  ),
  noise(
    'istiod-webhook-conflict',
    'istiod',
    'Operation cannot be fulfilled on validatingwebhookconfigurations',
    'Two writers of the webhook configuration met at a start; it is tried again.',
  ),
  noise(
    'istiod-gateway-class-exists',
    'istiod',
    'gatewayclasses.gateway.networking.k8s.io "',
    'The class was made a moment before by another writer.',
  ),
  noise(
    'istiod-ca-reference',
    'istiod',
    'buildCaCertificateReference ',
    'A leftover of debugging in 1.28 and later, printed whenever a CA of a Gateway API gateway is found.',
  ),
  noise('memory-limit', 'istiod', 'failed to set GOMEMLIMIT', 'No memory limit is set for the container.'),
  noise(
    'agent-concurrency',
    'gateway',
    'concurrency is set to 0',
    'No CPU limit is set for the gateway, so that it uses every CPU of the node.',
  ),
];

function noise(id: string, writer: LogPattern['writers'][number], cue: string, meaning: string): LogPattern {
  return {
    id,
    writers: [writer],
    cue,
    rest: /(?<rest>.*)/sy,
    versions: { from: '1.0' },
    severity: 'none',
    meaning,
    causes: [],
  };
}
