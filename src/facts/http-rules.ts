import { kinds } from '../kubernetes/kinds.ts';
import { at, isObject, numberAt, objectAt, objectsAt, textAt, textMapAt, textsAt } from '../kubernetes/read.ts';
import { matchesLabels } from '../kubernetes/selector.ts';
import type { Lookup } from '../model/coverage.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { attachmentOf } from './attachments.ts';
import type { Evidence } from './evidence.ts';
import { hostsMeet, type Server } from './servers.ts';
import type { RouteBinding, VirtualService } from './routes.ts';

/** One condition of a rule, `spec.http[0].match[1]`. */
export interface RuleMatch {
  readonly path: string;
  readonly match: JsonObject;
}

/** One `http` rule that a VirtualService contributes, its own or one of a delegate. */
export interface HttpRule {
  /** The VirtualService in which it stands: the delegate, where there is one. */
  readonly owner: Resource;
  /** `spec.http[0]`. */
  readonly path: string;
  readonly rule: JsonObject;
  readonly matches: readonly RuleMatch[];
  /** The rule of the root VirtualService that delegates to this one: its conditions must hold as well. */
  readonly under?: HttpRule;
}

/** A delegate that a rule names, where nothing of it can be used. */
export interface LostDelegate {
  readonly owner: Resource;
  readonly path: string;
  readonly namespace: string;
  readonly name: string;
  readonly delegate: Exclude<Lookup<Resource>, { state: 'found' }>;
}

function ruleOf(owner: Resource, index: number, rule: JsonObject, under?: HttpRule): HttpRule {
  const path = `spec.http[${index}]`;
  const matches = objectsAt(rule, 'match').map((one) => ({ path: `${path}.match[${one.index}]`, match: one.value }));
  return { owner, path, rule, matches, ...(under && { under }) };
}

/** The delegate of a rule; none where the rule has routes of its own (VirtualService `http[].delegate`, 1.8). */
function delegateOf(evidence: Evidence, { owner, rule, path }: HttpRule) {
  const delegate = objectAt(rule, 'delegate');
  const name = textAt(delegate, 'name');
  if (name === undefined) return undefined;
  const namespace = textAt(delegate, 'namespace') ?? owner.namespace;
  return {
    owner,
    path: `${path}.delegate`,
    namespace,
    name,
    delegate: evidence.get(kinds.virtualService, namespace, name),
  };
}

/** The http rules of a VirtualService in their order, with those of its delegates in their places. */
export function httpRulesOf(evidence: Evidence, { resource }: Pick<VirtualService, 'resource'>): readonly HttpRule[] {
  return objectsAt(resource.body, 'spec', 'http').flatMap(({ index, value }) => {
    const rule = ruleOf(resource, index, value);
    const delegated = delegateOf(evidence, rule)?.delegate;
    if (delegated?.state !== 'found') return [rule];
    const delegate = delegated.value;
    return objectsAt(delegate.body, 'spec', 'http').map((one) => ruleOf(delegate, one.index, one.value, rule));
  });
}

/** The delegates of a VirtualService that are not there, or could not be looked at. */
export function lostDelegates(
  evidence: Evidence,
  { resource }: Pick<VirtualService, 'resource'>,
): readonly LostDelegate[] {
  return objectsAt(resource.body, 'spec', 'http').flatMap(({ index, value }) => {
    const reference = delegateOf(evidence, ruleOf(resource, index, value));
    if (!reference || reference.delegate.state === 'found') return [];
    return [{ ...reference, delegate: reference.delegate }];
  });
}

/** Why a condition can hold for no request to a server. */
export interface Obstacle {
  readonly reason: 'port' | 'gateways' | 'source' | 'scheme' | 'authority' | 'uri' | 'malformed';
  /** The field: `spec.http[0].match[0].port`. */
  readonly path: string;
  /** What is wrong with it, as the end of a sentence that begins with the field. */
  readonly says: string;
}

const matchers = ['exact', 'prefix', 'regex'] as const;

/** Fields of one `match` entry (networking/v1 HTTPMatchRequest). */
const matchFields: ReadonlySet<string> = new Set([
  'name',
  'uri',
  'scheme',
  'method',
  'authority',
  'headers',
  'port',
  'sourceLabels',
  'queryParams',
  'ignoreUriCase',
  'withoutHeaders',
  'sourceNamespace',
  'gateways',
  'statPrefix',
]);

/** A matcher that stands one level too high, beside `uri` in place of below it. */
function malformed({ match, path }: RuleMatch): Obstacle | undefined {
  const astray = Object.keys(match).find((key) => !matchFields.has(key));
  if (astray !== undefined) {
    const isMatcher = matchers.some((matcher) => matcher === astray);
    const says = isMatcher
      ? 'stands beside uri and not below it, so that no path is matched by it'
      : 'is no field of a match';
    return { reason: 'malformed', path: `${path}.${astray}`, says };
  }
  for (const field of ['uri', 'scheme', 'method', 'authority']) {
    const value = match[field];
    // nothing at all, as in `uri: {}`, matches everything
    if (isEmpty(value) || (isObject(value) && matchers.some((matcher) => textAt(value, matcher) !== undefined)))
      continue;
    return { reason: 'malformed', path: `${path}.${field}`, says: 'has none of exact, prefix and regex' };
  }
  return undefined;
}

const isEmpty = (value: JsonObject[string]): boolean =>
  value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0);

/** Paths begin with a slash, and a star in `exact` or `prefix` is a star. */
function impossibleUri({ match, path }: RuleMatch): Obstacle | undefined {
  for (const matcher of ['exact', 'prefix'] as const) {
    const value = textAt(match, 'uri', matcher);
    if (value === undefined) continue;
    const field = `${path}.uri.${matcher}`;
    if (value !== '' && !value.startsWith('/') && !value.startsWith('*')) {
      return { reason: 'uri', path: field, says: `is "${value}", and every path begins with a slash` };
    }
    if (value.includes('*'))
      return { reason: 'uri', path: field, says: `is "${value}", and a star there is only a star` };
    if (matcher === 'exact' && value.includes('?')) {
      return { reason: 'uri', path: field, says: `is "${value}", and the query is no part of the path` };
    }
  }
  return undefined;
}

function impossibleScheme({ match, path }: RuleMatch, server: Server): Obstacle | undefined {
  if (server.protocol !== 'HTTPS' || textAt(match, 'scheme', 'exact') !== 'http') return undefined;
  return { reason: 'scheme', path: `${path}.scheme`, says: 'is http, and requests to this server are https' };
}

function impossibleAuthority({ match, path }: RuleMatch, hosts: readonly string[]): Obstacle | undefined {
  const exact = textAt(match, 'authority', 'exact');
  if (exact === undefined) return undefined;
  const host = exact.toLowerCase().replace(/:\d{1,5}$/, '');
  if (hosts.some((own) => hostsMeet(own, host))) return undefined;
  return {
    reason: 'authority',
    path: `${path}.authority`,
    says: `is ${exact}, which is none of the hosts ${hosts.join(', ')}`,
  };
}

/** Names in `match.gateways` mean the same as in `spec.gateways`; `mesh` is no gateway. */
export function namesGateway(owner: Resource, text: string, server: Server): boolean {
  const full = text.includes('/') ? text : `${owner.namespace}/${text}`;
  const legacy = /^([^./]+)\.([^./]+)\.svc(?:\.|$)/.exec(text);
  const gateway = `${server.owner.namespace}/${server.owner.name}`;
  return full === gateway || (legacy !== null && `${legacy[2]}/${legacy[1]}` === gateway);
}

/** `sourceLabels` and `sourceNamespace` are compared with the gateway's own pods, and only without `gateways`. */
function impossibleSource(evidence: Evidence, { match, path }: RuleMatch, server: Server): Obstacle | undefined {
  const { workloads } = attachmentOf(evidence, server);
  if (workloads.length === 0) return undefined;
  const labels = textMapAt(match, 'sourceLabels');
  if (Object.keys(labels).length > 0 && !workloads.some((workload) => matchesLabels(labels, workload.labels))) {
    return { reason: 'source', path: `${path}.sourceLabels`, says: 'are not the labels of the gateway’s pods' };
  }
  const namespace = textAt(match, 'sourceNamespace');
  if (namespace !== undefined && !workloads.some((workload) => workload.namespace === namespace)) {
    return {
      reason: 'source',
      path: `${path}.sourceNamespace`,
      says: `is ${namespace}, and the gateway’s pods are elsewhere`,
    };
  }
  return undefined;
}

/** Why one condition can never hold for requests that reach this server; undefined: it can. */
export function obstacleOf(
  evidence: Evidence,
  one: RuleMatch,
  { owner, server, hosts }: { readonly owner: Resource; readonly server: Server; readonly hosts: readonly string[] },
): Obstacle | undefined {
  const { match, path } = one;
  const port = numberAt(match, 'port');
  if (port !== undefined && port !== 0 && port !== server.port) {
    return { reason: 'port', path: `${path}.port`, says: `is ${port}, and the server’s port is ${server.port}` };
  }
  const gateways = textsAt(match, 'gateways');
  if (gateways.length > 0 && !gateways.some((text) => namesGateway(owner, text, server))) {
    return {
      reason: 'gateways',
      path: `${path}.gateways`,
      says: `does not hold ${server.owner.namespace}/${server.owner.name}`,
    };
  }
  return (
    (gateways.length === 0 ? impossibleSource(evidence, one, server) : undefined) ??
    malformed(one) ??
    impossibleUri(one) ??
    impossibleScheme(one, server) ??
    impossibleAuthority(one, hosts)
  );
}

/** What keeps a rule from ever taking a request of a server; undefined: at least one of its conditions can hold. */
export function obstacleOfRule(evidence: Evidence, rule: HttpRule, binding: RouteBinding): Obstacle | undefined {
  const about = { owner: rule.owner, server: binding.server, hosts: binding.virtualService.hosts };
  const obstacles = rule.matches.map((match) => obstacleOf(evidence, match, about));
  const own = obstacles.every(Boolean) ? obstacles[0] : undefined;
  return own ?? (rule.under && obstacleOfRule(evidence, rule.under, binding));
}

/** The conditions of a rule that can hold for requests to a server; a rule without any takes everything: `all`. */
export function openMatches(evidence: Evidence, rule: HttpRule, binding: RouteBinding): readonly RuleMatch[] | 'all' {
  if (rule.matches.length === 0) return rule.under ? openMatches(evidence, rule.under, binding) : 'all';
  const about = { owner: rule.owner, server: binding.server, hosts: binding.virtualService.hosts };
  return rule.matches.filter((match) => obstacleOf(evidence, match, about) === undefined);
}

const narrowing = ['uri', 'method', 'authority', 'headers', 'queryParams', 'withoutHeaders'] as const;

/** Whether a condition takes every request: it asks for nothing, or for a path that begins with a slash. */
export function takesEverything({ match }: RuleMatch): boolean {
  const prefix = textAt(match, 'uri', 'prefix');
  return narrowing.every((field) => isEmpty(match[field]) || (field === 'uri' && (prefix === '/' || prefix === '')));
}

/** Whether every request to the server that gets as far as this rule is taken by it. */
export function isCatchAll(evidence: Evidence, rule: HttpRule, binding: RouteBinding): boolean {
  const open = openMatches(evidence, rule, binding);
  const own = open === 'all' || open.some(takesEverything);
  return own && (rule.under === undefined || isCatchAll(evidence, rule.under, binding));
}

/** Whether a condition takes a path; `maybe` where more than the path decides, or a regular expression does. */
export function takesPath({ match }: RuleMatch, path: string): 'yes' | 'no' | 'maybe' {
  const fold = at(match, 'ignoreUriCase') === true ? (text: string) => text.toLowerCase() : (text: string) => text;
  const exact = textAt(match, 'uri', 'exact');
  const prefix = textAt(match, 'uri', 'prefix');
  if (exact !== undefined && fold(exact) !== fold(path)) return 'no';
  if (prefix !== undefined && !fold(path).startsWith(fold(prefix))) return 'no';
  if (textAt(match, 'uri', 'regex') !== undefined) return 'maybe';
  return narrowing.every((field) => field === 'uri' || isEmpty(match[field])) ? 'yes' : 'maybe';
}
