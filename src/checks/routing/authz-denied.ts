import { ownAnswers } from '../../facts/answers.ts';
import { policiesFor, type AppliedPolicy } from '../../facts/authorization.ts';
import { denialOf, type Denial } from '../../facts/denials.ts';
import { sectionOf } from '../../facts/gateway-backends.ts';
import { listedHosts, servers, terminatesTls } from '../../facts/servers.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import { listAt, objectsAt, textsAt } from '../../kubernetes/read.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, valueAt } from '../remedies.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { decisionOn, fieldChange, shownField } from './field-change.ts';

const actionText = ({ policy, action, rules }: AppliedPolicy): string =>
  `${named(policy)} (${action}, ${rules.length} ${rules.length === 1 ? 'rule' : 'rules'})`;

/** The policy to mend: of several that allow, the one that names hosts. */
const subjectPolicy = (by: readonly AppliedPolicy[]): AppliedPolicy | undefined =>
  by.find(({ policy }) => JSON.stringify(listAt(policy.body, 'spec', 'rules')).includes('"hosts"')) ?? by[0];

/** The list of hosts of a policy that names some, to which one more can be added. */
function hostList({ policy }: AppliedPolicy): string | undefined {
  for (const { index, value: rule } of objectsAt(policy.body, 'spec', 'rules')) {
    for (const { index: place, value } of objectsAt(rule, 'to')) {
      if (textsAt(value, 'operation', 'hosts').length > 0) return `spec.rules[${index}].to[${place}].operation.hosts`;
    }
  }
  return undefined;
}

function fixOf(applied: AppliedPolicy, hosts: readonly string[]): Fix {
  const { policy, action } = applied;
  const widensAccess = `clients of ${hosts.join(', ')}, as far as the rest of the rule lets them`;
  const doNot = ['delete the policy: without one that allows, every host of the gateway is open to everybody'];
  const path = hostList(applied);
  if (action === 'DENY') {
    const summary = `let the rule that denies leave ${hosts.join(', ')} alone, if they are meant to be open`;
    const target = `${path?.replace(/\.hosts$/, '') ?? 'spec.rules[0].to[0].operation'}.notHosts`;
    return { ...fieldChange(policy, target, [...hosts], { summary, widensAccess }), doNot: [] };
  }
  if (path !== undefined) {
    const wanted = [...textsAt(valueAt(policy, path)), ...hosts];
    return fieldChange(policy, path, wanted, { summary: `allow ${hosts.join(', ')}`, widensAccess, doNot });
  }
  const rule = { to: [{ operation: { hosts: [...hosts] } }] };
  const hasRules = listAt(policy.body, 'spec', 'rules').length > 0;
  return {
    summary: `allow ${hosts.join(', ')} by a rule of their own`,
    commands: [
      jsonPatch(policy, [
        { op: 'add', path: hasRules ? '/spec/rules/-' : '/spec/rules', value: hasRules ? rule : [rule] },
      ]),
    ],
    undo: [],
    doNot,
    widensAccess,
    ...decisionOn(policy),
  };
}

function faultOf(denials: readonly Denial[]): Fault | undefined {
  const [first] = denials;
  const applied = first && subjectPolicy(first.by);
  if (!first || !applied) return undefined;
  const hosts = [...new Set(denials.map(({ host }) => host))];
  const { policy, action } = applied;
  const seen = [
    ...denials.flatMap(({ probes }) => probes.map(observedProbe)).slice(0, 2),
    ...denials.flatMap(({ lines }) => lines.slice(-2).map(observedEntry)).slice(0, 3),
  ];
  const path = first.rule === undefined ? 'spec.rules' : `spec.rules[${first.rule}]`;
  const refuses =
    action === 'DENY' ? 'denies' : action === 'CUSTOM' ? 'has another server refuse' : 'allows some requests, and none';
  const title = `${named(policy)} ${refuses} for ${hosts.join(', ')} at the gateway`;
  return {
    subject: subjectOf(policy, path),
    title: action === 'ALLOW' ? `${named(policy)} allows no request for ${hosts.join(', ')} at the gateway` : title,
    message: `TLS is in order: the handshake succeeds, and the gateway itself answers 403 “RBAC: access denied”. ${
      action === 'ALLOW'
        ? 'Where a policy that allows is in force, what none of them takes is refused.'
        : 'The policy refuses the request after the handshake.'
    }`,
    evidence: [
      ...first.by.slice(0, 3).map((one): Observation => ({
        source: 'resource',
        ref: actionText(one),
        detail: shownField(one.policy, 'spec.rules'),
      })),
      ...seen,
    ],
    affects: denials.map(({ server, host }) => ({ server, hosts: [host] })),
    confidence: first.certain ? (seen.length > 0 ? 0.95 : 0.82) : action === 'CUSTOM' ? 0.5 : 0.7,
    related: first.by.filter((one) => one !== applied).map((one) => subjectOf(one.policy)),
    ...(!first.certain && {
      clients: 'the clients seen; the policy lets in others by their address, identity or token',
    }),
    fix: fixOf(applied, hosts),
    confirm: confirmHost(hosts[0]),
    ruledOut: ['the handshake and, with MUTUAL, the client’s certificate: a 403 comes after both'],
    misleading: [
      '“access denied” sounds like a refused client certificate; that would end the handshake with an alert, without any status.',
    ],
  };
}

/** An AuthorizationPolicy at the gateway refuses the requests; TLS itself is sound. */
export const authzDenied: Check = {
  name: 'authz-denied',
  title: 'No AuthorizationPolicy at the gateway refuses a host that it serves',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'http',
  reads: ['resource', 'probe', 'access-log'],
  explains: [{ check: 'http-forbidden', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    const secure = servers(evidence).filter((server) => terminatesTls(server) && sectionOf(server) === 'http');
    const gap = evidence.gap(kinds.authorizationPolicy, '*');
    const refused = secure.filter((server) =>
      listedHosts(server).some((host) => ownAnswers(evidence, server, host, 403).length > 0),
    );
    if (gap && refused.length > 0) {
      yield {
        blind: gap,
        about: 'which AuthorizationPolicy refuses requests',
        affects: refused.map((server) => ({ server })),
      };
    }
    const denials = secure.flatMap((server) => {
      const policies = policiesFor(evidence, server);
      if (policies.length === 0) return [];
      return listedHosts(server).flatMap((host) => denialOf(evidence, server, host, policies) ?? []);
    });
    const key = ({ by, rule }: Denial): string => `${by.map(({ policy }) => fullName(policy)).join(' ')} ${rule ?? ''}`;
    for (const own of Map.groupBy(denials, key).values()) {
      const fault = faultOf(own);
      if (fault) yield fault;
    }
  },
};
