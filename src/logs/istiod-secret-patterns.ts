import { keysOf, namesOf, ofConnection, ofProxy, ofResource } from './event-fields.ts';
import type { EventFields, LogPattern, MessageContext, Parts } from './log-pattern.ts';
import { secretReasons } from './refusal-reasons.ts';

const istiod = ['istiod'] as const;
const detailed = { from: '1.12' } as const;
const terse = { from: '1.8', to: '1.11' } as const;
const resource = String.raw`(?<resource>[a-z-]+:\/\/[^\s:]*)`;

function about(kind: EventFields['kind'], more: (parts: Parts) => Partial<EventFields> = () => ({})) {
  return (parts: Parts, _context: MessageContext): readonly EventFields[] => [
    { ...ofResource(parts['resource'], parts['namespace']), ...more(parts), kind },
  ];
}

/** One event for each name that was denied; what `and 3 others` hides cannot be told. No scheme, no namespace is printed. */
function denied(kind: EventFields['kind']) {
  return ({ before, names, reason = '' }: Parts): readonly EventFields[] =>
    namesOf(names).map((name) => {
      const ca = name.endsWith('-cacert');
      const secret = { name: ca ? name.slice(0, -'-cacert'.length) : name };
      return { ...ofProxy(lastWord(before)), secret, ca, reason, kind };
    });
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
    id: 'istiod-denied-rbac',
    writers: istiod,
    cue: 'attempted to access unauthorized certificates ',
    rest: /(?<names>[^:]*): (?<reason>(?<account>[^\s/]+)\/(?<namespace>\S+) is not authorized to read secrets.*)/y,
    versions: detailed,
    severity: 'error',
    meaning:
      'The service account of the gateway (first part; the second is its namespace) may not list Secrets in its own namespace, so istiod gives it none. The answer is remembered for a minute.',
    causes: ['secret-rbac-denied'],
    events: denied('secret-denied-rbac'),
  },
  {
    id: 'istiod-denied-reference',
    writers: istiod,
    cue: 'attempted to access unauthorized certificates ',
    rest: /(?<names>[^:]*): (?<reason>cross namespace secret reference requires Reference(?:Grant|Policy))/y,
    versions: detailed,
    severity: 'error',
    meaning:
      "The Secret is in another namespace than the gateway's pods: never allowed for a plain credentialName, and for the Gateway API only with a ReferenceGrant. The text is also the common one for any reference that was not verified.",
    causes: ['referencegrant-missing', 'secret-wrong-namespace', 'istio-bug-secret-authorization'],
    events: denied('secret-denied-reference'),
  },
  {
    id: 'istiod-denied',
    writers: istiod,
    cue: 'attempted to access unauthorized certificates ',
    rest: /(?<names>[^:]*): (?<reason>.*)/y,
    versions: detailed,
    severity: 'error',
    meaning: 'istiod could not find out whether the gateway may have these secrets, and gave none.',
    causes: ['secret-rbac-denied', 'istio-bug-secret-authorization'],
    events: denied('secret-denied'),
  },
  {
    id: 'istiod-denied-rbac-terse',
    writers: istiod,
    cue: ' is not authorized to receive secrets: ',
    rest: /(?<reason>(?<account>[^\s/]+)\/(?<namespace>\S+) is not authorized to read secrets.*)/y,
    versions: terse,
    severity: 'error',
    meaning:
      'The service account of the gateway may not list Secrets. In these releases that denies all secrets of the request.',
    causes: ['secret-rbac-denied'],
    events: ({ before, reason = '' }) => [{ ...ofProxy(lastWord(before)), reason, kind: 'secret-denied-rbac' }],
  },
  {
    id: 'istiod-denied-reference-terse',
    writers: istiod,
    cue: 'requested secret ',
    rest: /(?<resource>\S+) not accessible for proxy (?<proxy>[^\s:]+): (?<reason>.*)/y,
    versions: terse,
    severity: 'error',
    meaning: "The Secret is in another namespace than the gateway's pods, which these releases never allow.",
    causes: ['secret-wrong-namespace'],
    events: about('secret-denied-reference', ({ proxy, reason = '' }) => ({ ...ofProxy(proxy), reason })),
  },
  {
    id: 'istiod-proxy-unauthenticated',
    writers: istiod,
    cue: ' is not authorized to receive ',
    rest: /(?:secrets|credscontroller)\. Ensure you are connecting over TLS port and are authenticated/y,
    versions: { from: '1.8' },
    severity: 'error',
    meaning:
      'istiod does not know who this proxy is, since it connects without TLS or without a valid token, and gives secrets only to proxies it knows.',
    causes: ['gateway-not-connected', 'mesh-identity-not-ready'],
    events: ({ before }) => [{ ...ofProxy(lastWord(before)), kind: 'proxy-unauthenticated' }],
  },
  {
    id: 'istiod-unknown-cluster',
    writers: istiod,
    cue: ' is from an unknown cluster, cannot retrieve certificates',
    rest: /:? ?(?<reason>.*)/y,
    versions: { from: '1.8' },
    severity: 'error',
    meaning: 'The proxy names a cluster that this istiod does not have, so that it has no Secrets to look into.',
    causes: ['gateway-not-connected'],
    events: ({ before, reason = '' }) => [{ ...ofProxy(lastWord(before)), reason, kind: 'secret-denied' }],
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

function lastWord(text: string | undefined): string | undefined {
  return text?.split(' ').at(-1);
}
