import { readAccessLine } from '../logs/read-access-log.ts';
import type { AccessLineFields } from '../logs/read-access-log.ts';
import type { ResponseFlag } from '../logs/response-flags.ts';
import { responseFlag, responseFlags } from '../logs/response-flags.ts';
import type { Answer } from './answer.ts';

/** What a line of an access log says, in any default format of Istio; undefined for another line. */
export function accessLine(asked: string): Answer | undefined {
  const fields = readAccessLine(asked);
  if (!fields) return undefined;
  const flags = fields.flags.flatMap((name) => responseFlag(name) ?? []);
  const detail = details.find(({ text }) => fields.details?.startsWith(text));
  const said = [fields.status, ...fields.flags, fields.details].filter((part) => part !== undefined && part !== null);
  const notes = [
    ...flags.map((flag) => `- ${flag.short}: ${meaningOf(flag)}`),
    ...(detail ? [`- ${detail.text}: ${detail.meaning}`] : []),
  ];
  return {
    kind: 'access-log-line',
    name: 'access-log-line',
    title: `A line of an access log: ${said.join(' ')}`,
    facts: facts(fields),
    sections: [
      {
        heading: 'What it means',
        text:
          notes.length > 0
            ? notes.join('\n')
            : 'The proxy saw nothing wrong: no flag is set, and the answer is that of the backend.',
      },
    ],
    causes: detail?.causes ?? flags.flatMap((flag) => causesOfFlags[flag.short] ?? []),
  };
}

/** `NR`, or several as a log has them: `UF,URX`. Nothing unless each of them is a flag of Envoy. */
export function flagsByName(asked: string): readonly Answer[] {
  const names = asked.trim().split(',');
  const flags = names.flatMap(
    (name) => responseFlag(name) ?? responseFlags.find(({ short }) => short === name.toUpperCase()) ?? [],
  );
  return flags.length === names.length ? flags.map(ofFlag) : [];
}

const sides = {
  client: 'The fault is with the client, or with what it was given.',
  here: 'The fault is in the proxy itself, that is to say in its configuration.',
  upstream: 'The fault is between this proxy and the backend.',
  none: 'It is no fault.',
} satisfies Record<ResponseFlag['side'], string>;

function ofFlag(flag: ResponseFlag): Answer {
  return {
    kind: 'response-flag',
    name: flag.short,
    title: `Response flag ${flag.short}, ${flag.long}`,
    sections: [
      { heading: 'What it means', text: flag.meaning },
      { heading: 'Where the fault is', text: sides[flag.side] },
      ...(flag.tls === undefined ? [] : [{ heading: 'In TLS', text: flag.tls }]),
    ],
    causes: causesOfFlags[flag.short] ?? [],
  };
}

function meaningOf({ meaning, tls }: ResponseFlag): string {
  return tls === undefined ? meaning : `${meaning} ${tls}`;
}

const noRoute = ['vs-missing', 'vs-host-mismatch', 'vs-gateway-namespace', 'vs-route-match', 'route-not-attached'];
const noChain = [
  'gateway-host-missing',
  'sni-missing',
  'gateway-selector-mismatch',
  'front-sni-mismatch',
  'multi-revision',
];
const unreachable = ['backend-tls-origination', 'service-port-name', 'upstream-no-endpoints', 'strict-mtls-bypass'];

const causesOfFlags: Readonly<Record<string, readonly string[]>> = {
  NR: [...noChain.slice(0, 2), ...noRoute],
  UF: unreachable,
  UC: ['backend-tls-origination', 'service-port-name', 'strict-mtls-bypass'],
  UPE: ['service-port-name', 'backend-tls-origination'],
  UH: ['upstream-no-endpoints'],
  NC: ['vs-destination-missing'],
  DPE: ['server-protocol-not-https', 'gateway-port-protocol-conflict', 'tls-settings-missing'],
  UAEX: ['authz-denied'],
};

/** `%RESPONSE_CODE_DETAILS%` where it tells more than the flag (envoy:source/common/stream_info/…, http/codes). */
const details: readonly { readonly text: string; readonly meaning: string; readonly causes: readonly string[] }[] = [
  {
    text: 'filter_chain_not_found',
    meaning:
      'no server of this port takes the name that the client sent (the SNI, last but one in the line; a dash means that it sent none). The connection was reset without a TLS alert.',
    causes: noChain,
  },
  {
    text: 'route_not_found',
    meaning: 'TLS is sound; no route takes this host and path.',
    causes: noRoute,
  },
  {
    text: 'http1.codec_error',
    meaning: 'what came is not HTTP, most often TLS on a port that is served in plaintext.',
    causes: ['server-protocol-not-https', 'tls-settings-missing', 'gateway-port-protocol-conflict'],
  },
  {
    text: 'rbac_access_denied',
    meaning: 'TLS is sound; an AuthorizationPolicy refuses the request.',
    causes: ['authz-denied'],
  },
  {
    text: 'cluster_not_found',
    meaning: 'the route leads to a destination that the proxy does not know.',
    causes: ['vs-destination-missing', 'vs-export-to'],
  },
  {
    text: 'no_healthy_upstream',
    meaning: 'the destination has no endpoint that is ready.',
    causes: ['upstream-no-endpoints'],
  },
  {
    text: 'upstream_reset_before_response_started',
    meaning: 'the connection to the backend failed or ended before an answer came; the reason stands in braces.',
    causes: unreachable,
  },
  { text: 'via_upstream', meaning: 'the answer is that of the backend: the gateway only passed it on.', causes: [] },
  {
    text: 'direct_response',
    meaning: 'the gateway itself answered, as its route says: a redirect or a fixed answer.',
    causes: [],
  },
];

function facts(fields: AccessLineFields): NonNullable<Answer['facts']> {
  const { method, path, status, flags, upstreamHost, upstreamCluster, sni, upstreamFailure, downstreamFailure } =
    fields;
  const request = method === null || method === undefined ? undefined : `${method} ${path ?? '-'}`;
  const named: readonly (readonly [string, string | number | null | undefined])[] = [
    ['time', fields.at],
    ['request', request],
    ['host', fields.authority],
    ['SNI', sni],
    ['status', status],
    ['flags', flags.length === 0 ? undefined : flags.join(', ')],
    ['details', fields.details],
    ['ended', fields.terminationDetails],
    ['client', fields.downstreamRemote],
    ['backend', upstreamHost ?? upstreamCluster],
    ['TLS to the backend', upstreamFailure],
    ['TLS to the client', downstreamFailure],
    ['route', fields.routeName],
  ];
  return named.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [{ name, value: String(value) }],
  );
}
