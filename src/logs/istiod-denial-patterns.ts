import { namesOf, ofProxy, ofResource } from './event-fields.ts';
import type { EventFields, LogPattern, Parts } from './log-pattern.ts';

const istiod = ['istiod'] as const;
const detailed = { from: '1.12' } as const;
const terse = { from: '1.8', to: '1.11' } as const;

/** One event for each name that was denied; what `and 3 others` hides cannot be told. No scheme, no namespace is printed. */
function denied(kind: EventFields['kind']) {
  return ({ before, names, reason = '' }: Parts): readonly EventFields[] =>
    namesOf(names).flatMap((name) => {
      const ca = name.endsWith('-cacert');
      const secret = { name: ca ? name.slice(0, -'-cacert'.length) : name };
      return [{ ...ofProxy(lastWord(before)), secret, ca, reason, kind }];
    });
}

/** istiod gives a proxy no secret that it may not have, and says so here only. */
export const istiodDenialPatterns: readonly LogPattern[] = [
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
    events: ({ resource, proxy, reason = '' }) => [
      { ...ofResource(resource), ...ofProxy(proxy), reason, kind: 'secret-denied-reference' },
    ],
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
];

function lastWord(text: string | undefined): string | undefined {
  return text?.split(' ').at(-1);
}
