import { keysOf, ofProxy, ofResource } from './event-fields.ts';
import type { EventFields, LogPattern, MessageContext, Parts } from './log-pattern.ts';

const istiod = ['istiod'] as const;
const detailed = { from: '1.12' } as const;
const resource = String.raw`(?<resource>[a-z-]+:\/\/[^\s:]*)`;

function about(kind: EventFields['kind'], more: (parts: Parts) => Partial<EventFields> = () => ({})) {
  return (parts: Parts, _context: MessageContext): readonly EventFields[] => [
    { ...ofResource(parts['resource'], parts['namespace']), ...more(parts), kind },
  ];
}

/** Istio 1.8+: istiod reads the Secrets, checks who may have them, and sends them to Envoy. */
export const istiodSecretPatterns: readonly LogPattern[] = [
  {
    id: 'istiod-key-not-found',
    writers: istiod,
    cue: 'failed to fetch key and certificate for ',
    rest: new RegExp(String.raw`${resource}: secret (?<namespace>[^\s/]+)/(?<name>\S+) not found`, 'y'),
    versions: detailed,
    severity: 'error',
    meaning:
      "istiod sees no Secret of this name in the namespace of the gateway's pods. One elsewhere does not count, nor one of a type that istiod does not watch or in a namespace it does not discover.",
    causes: [
      'secret-missing',
      'secret-wrong-namespace',
      'cert-manager-not-ready',
      'external-secret-not-synced',
      'namespace-not-discovered',
    ],
    events: about('secret-not-found'),
  },
  {
    id: 'istiod-key-wrong-keys',
    writers: istiod,
    cue: 'failed to fetch key and certificate for ',
    rest: new RegExp(String.raw`${resource}: found secret, but didn't have expected keys .*; found: (?<found>.*)`, 'y'),
    versions: detailed,
    severity: 'error',
    meaning:
      'The Secret is there, but holds neither tls.crt and tls.key nor cert and key. The keys it has are listed, three at most.',
    causes: ['secret-wrong-keys', 'mtls-not-enforced'],
    events: about('secret-wrong-keys', ({ found }) => ({ keys: keysOf(found) })),
  },
  {
    id: 'istiod-key-empty',
    writers: istiod,
    cue: 'failed to fetch key and certificate for ',
    rest: new RegExp(
      String.raw`${resource}: found keys "(?<cert>[^"]*)" and "(?<key>[^"]*)", but they were empty`,
      'y',
    ),
    versions: detailed,
    severity: 'error',
    meaning: 'The right keys are there, and at least one of them has no value.',
    causes: ['secret-wrong-keys', 'cert-manager-not-ready', 'external-secret-not-synced'],
    events: about('secret-empty', ({ cert = '', key = '' }) => ({ keys: [cert, key] })),
  },
  {
    id: 'istiod-key-failed',
    writers: istiod,
    cue: 'failed to fetch key and certificate for ',
    rest: new RegExp(String.raw`${resource}(?:: (?<reason>.*))?`, 'y'),
    versions: { from: '1.8' },
    severity: 'error',
    meaning:
      'istiod has nothing to give for this credential. Up to 1.11 it does not say whether the Secret is missing or lacks its keys.',
    causes: ['secret-missing', 'secret-wrong-keys', 'secret-wrong-namespace'],
    events: about('secret-fetch-failed', ({ reason }) => (reason === undefined ? {} : { reason })),
  },
  {
    id: 'istiod-ca-not-found',
    writers: istiod,
    cue: 'failed to fetch ca certificate for ',
    rest: new RegExp(
      String.raw`${resource}: (?<what>secret|configmap) (?<namespace>[^\s/]+)/(?<name>\S+) not found`,
      'y',
    ),
    versions: detailed,
    severity: 'error',
    meaning:
      'There is no CA for client certificates: neither the Secret with -cacert nor, which the line names, the one without. No client is let in, with or without certificate.',
    causes: ['mtls-ca-missing', 'secret-missing', 'secret-wrong-namespace'],
    events: about('secret-not-found', () => ({ ca: true })),
  },
  {
    id: 'istiod-ca-wrong-keys',
    writers: istiod,
    cue: 'failed to fetch ca certificate for ',
    rest: new RegExp(String.raw`${resource}: found secret, but didn't have expected keys .*; found: (?<found>.*)`, 'y'),
    versions: detailed,
    severity: 'error',
    meaning:
      'No CA under cacert or ca.crt. With tls.crt and tls.key among the keys found, the Secret meant is the pair itself, looked at because there is none with -cacert; otherwise it is the one with -cacert, which hides a CA in the other.',
    causes: ['mtls-ca-missing', 'mtls-cacert-wrong-key'],
    events: about('secret-wrong-keys', ({ found }) => ({ ca: true, keys: keysOf(found) })),
  },
  {
    id: 'istiod-ca-empty',
    writers: istiod,
    cue: 'failed to fetch ca certificate for ',
    rest: new RegExp(String.raw`${resource}: found key "(?<key>[^"]*)", but it was empty`, 'y'),
    versions: detailed,
    severity: 'error',
    meaning: 'The key for the CA is there without a value, as cert-manager leaves it for issuers that give none.',
    causes: ['mtls-ca-missing', 'cert-manager-not-ready'],
    events: about('secret-empty', ({ key = '' }) => ({ ca: true, keys: [key] })),
  },
  {
    id: 'istiod-ca-failed',
    writers: istiod,
    cue: 'failed to fetch ca certificate for ',
    rest: new RegExp(String.raw`${resource}(?:: (?<reason>.*))?`, 'y'),
    versions: { from: '1.8' },
    severity: 'error',
    meaning: 'istiod has no CA to give for this credential. Up to 1.11 it does not say why.',
    causes: ['mtls-ca-missing', 'mtls-cacert-wrong-key'],
    events: about('secret-fetch-failed', ({ reason }) => ({ ca: true, ...(reason !== undefined && { reason }) })),
  },
  {
    id: 'istiod-certificate-out-of-time',
    writers: istiod,
    cue: 'invalid certificates: ',
    rest: /(?:(?<namespace>[^\s/]+)\/(?<name>\S+) )?"(?<resource>[^"]+)": (?<reason>certificate is expired or not yet valid)/y,
    versions: { from: '1.18' },
    severity: 'error',
    meaning:
      'The first certificate of the credential is past its end, or not valid yet. istiod sends it all the same, and clients refuse it.',
    causes: ['cert-expired', 'cert-not-yet-valid', 'mtls-ca-expired'],
    events: about('secret-expired', ({ reason = '' }) => ({ reason })),
  },
  {
    id: 'istiod-certificate-unreadable',
    writers: istiod,
    cue: 'invalid certificates: ',
    rest: /(?:(?<namespace>[^\s/]+)\/(?<name>\S+) )?"(?<resource>[^"]+)": (?<reason>.*)/y,
    versions: { from: '1.14' },
    severity: 'error',
    meaning:
      'The first PEM block of the credential is no certificate that istiod can read. It is sent all the same, and Envoy is likely to refuse it.',
    causes: ['cert-chain-malformed-pem'],
    events: about('secret-unparsable', ({ reason = '' }) => ({ reason })),
  },
  {
    id: 'istiod-bad-resource-name',
    writers: istiod,
    cue: 'error parsing resource name: ',
    rest: /(?<reason>(?:unknown resource type: (?<type>.*)|invalid resource name "(?<resource>[^"]*)".*))/y,
    versions: { from: '1.8' },
    severity: 'error',
    meaning:
      'credentialName has a scheme that Istio does not know, or lacks the namespace or the name that its scheme needs.',
    causes: ['secret-missing'],
    events: about('secret-fetch-failed', ({ reason = '' }) => ({ reason })),
  },
  {
    id: 'istiod-pushed',
    writers: istiod,
    cue: 'SDS: PUSH',
    rest: /(?: INC)?(?: request)? for node:(?<proxy>\S+) resources:(?<given>\d+)(?: removed:(?<missing>\d+))?.*/y,
    versions: { from: '1.9' },
    severity: 'none',
    meaning:
      'istiod sent that many secrets. Names are not printed; removed counts those that were asked for and cannot be given: missing, unusable or denied.',
    causes: [],
    events: ({ proxy, given, missing }) => [
      { ...ofProxy(proxy), pushed: { given: Number(given), missing: Number(missing ?? 0) }, kind: 'secret-pushed' },
    ],
  },
  {
    id: 'istiod-push-failed',
    writers: istiod,
    cue: 'SDS: Send failure for node:',
    rest: /(?<proxy>\S+)(?<reason>.*)/y,
    versions: { from: '1.9' },
    severity: 'warning',
    meaning: 'The connection to the proxy broke while secrets were being sent; it asks again when it comes back.',
    causes: ['gateway-not-connected'],
    events: ({ proxy, reason = '' }) => [{ ...ofProxy(proxy), reason: reason.trim(), kind: 'xds-disconnected' }],
  },
  {
    id: 'istiod-secret-changed',
    writers: istiod,
    cue: ' for config Secret/',
    rest: /(?<namespace>[^\s/]+)\/(?<name>[^\s:]+)(?: and (?<more>\d+) more configs)?: /y,
    versions: { from: '1.12' },
    severity: 'none',
    meaning:
      'istiod saw a change of this Secret and gives it to the proxies that use it. It is printed for Secrets that no proxy uses too, and names only the first of several that changed together.',
    causes: [],
    events: ({ namespace = '', name = '' }) => [{ secret: { namespace, name }, kind: 'secret-changed' }],
  },
];
