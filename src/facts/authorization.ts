import { kinds } from '../kubernetes/kinds.ts';
import { objectAt, objectsAt, textAt, textMapAt, textsAt } from '../kubernetes/read.ts';
import { matchesLabels } from '../kubernetes/selector.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { attachmentOf } from './attachments.ts';
import { derive, type Evidence } from './evidence.ts';
import { placementsOf } from './listeners.ts';
import { rootNamespace } from './mesh.ts';
import { hostsMeet, takesName, type Server } from './servers.ts';
import type { Workload } from './workloads.ts';

/** Whether a condition holds for a request; `maybe` where it depends on the client, its token or its address. */
export type Holds = 'yes' | 'no' | 'maybe';

/** A request of an outside client, as far as it can be known beforehand. */
export interface ForeseenRequest {
  readonly host: string;
  readonly path?: string;
  /** The ports that Envoy listens on for it. */
  readonly ports: readonly number[];
  /** Whether the client shows a certificate, which might be one of the mesh. */
  readonly hasIdentity: boolean;
}

export interface AppliedPolicy {
  readonly policy: Resource;
  readonly action: 'ALLOW' | 'DENY' | 'CUSTOM' | 'AUDIT';
  readonly rules: readonly JsonObject[];
}

const policiesByNamespace = derive((evidence) =>
  Map.groupBy(evidence.list(kinds.authorizationPolicy).items, ({ namespace }) => namespace),
);

function isFor(policy: Resource, workload: Workload): boolean {
  const references = [...objectsAt(policy.body, 'spec', 'targetRefs').map(({ value }) => value)];
  const single = objectAt(policy.body, 'spec', 'targetRef');
  const targets = single ? [...references, single] : references;
  if (targets.length > 0) {
    return targets.some(
      (target) => textAt(target, 'kind') === 'Gateway' && textAt(target, 'name') === workload.managedFor,
    );
  }
  return matchesLabels(textMapAt(policy.body, 'spec', 'selector', 'matchLabels'), workload.labels);
}

function actionOf({ body }: Resource): AppliedPolicy['action'] {
  const written = textAt(body, 'spec', 'action');
  return written === 'DENY' || written === 'CUSTOM' || written === 'AUDIT' ? written : 'ALLOW';
}

/** The AuthorizationPolicies that are in force on a workload: those of its namespace and of the root namespace. */
export function policiesOn(evidence: Evidence, workload: Workload): readonly AppliedPolicy[] {
  const namespaces = new Set([workload.namespace, rootNamespace(evidence)]);
  return [...namespaces]
    .flatMap((namespace) => policiesByNamespace(evidence).get(namespace) ?? [])
    .filter((policy) => isFor(policy, workload))
    .map((policy) => ({
      policy,
      action: actionOf(policy),
      rules: objectsAt(policy.body, 'spec', 'rules').map(({ value }) => value),
    }));
}

const all = (parts: readonly Holds[]): Holds =>
  parts.includes('no') ? 'no' : parts.includes('maybe') ? 'maybe' : 'yes';
const any = (parts: readonly Holds[]): Holds =>
  parts.includes('yes') ? 'yes' : parts.includes('maybe') ? 'maybe' : 'no';
const not = (holds: Holds): Holds => (holds === 'yes' ? 'no' : holds === 'no' ? 'yes' : 'maybe');

/** Istio's patterns: exact, a star at one end, or a star alone. Hosts do not tell case. */
function matchesHost(pattern: string, host: string): Holds {
  const wanted = pattern.toLowerCase().replace(/:(?:443|\*)$/, '');
  if (wanted === '*' || wanted === host) return 'yes';
  if (host.startsWith('*')) return hostsMeet(wanted, host) ? (takesName(wanted, host) ? 'yes' : 'maybe') : 'no';
  if (wanted.startsWith('*')) return host.endsWith(wanted.slice(1)) ? 'yes' : 'no';
  if (wanted.endsWith('*')) return host.startsWith(wanted.slice(0, -1)) ? 'yes' : 'no';
  return 'no';
}

function matchesPath(pattern: string, path: string | undefined): Holds {
  if (pattern === '*' || pattern === '/*') return 'yes';
  if (path === undefined || pattern.includes('{')) return 'maybe';
  if (pattern === path) return 'yes';
  if (pattern.endsWith('*')) return path.startsWith(pattern.slice(0, -1)) ? 'yes' : 'no';
  if (pattern.startsWith('*')) return path.endsWith(pattern.slice(1)) ? 'yes' : 'no';
  return 'no';
}

const everywhere: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0']);

/** A list of a source or operation, and how one of its values stands to the request. An absent list asks for nothing. */
function field(holder: JsonObject, name: string, holds: (value: string) => Holds): readonly Holds[] {
  const upper = name[0]?.toUpperCase() ?? '';
  const wanted = textsAt(holder, name);
  const unwanted = textsAt(holder, `not${upper}${name.slice(1)}`);
  return [
    ...(wanted.length > 0 ? [any(wanted.map(holds))] : []),
    ...(unwanted.length > 0 ? [not(any(unwanted.map(holds)))] : []),
  ];
}

/** An outside client has no identity of the mesh, unless it shows a certificate that might be one. */
function holdsFrom(source: JsonObject, { hasIdentity }: ForeseenRequest): Holds {
  const identity = (): Holds => (hasIdentity ? 'maybe' : 'no');
  const address = (range: string): Holds => (everywhere.has(range) ? 'yes' : 'maybe');
  return all([
    ...field(source, 'principals', identity),
    ...field(source, 'namespaces', identity),
    ...field(source, 'serviceAccounts', identity),
    ...field(source, 'requestPrincipals', () => 'maybe'),
    ...field(source, 'ipBlocks', address),
    ...field(source, 'remoteIpBlocks', address),
  ]);
}

function holdsTo(operation: JsonObject, { host, path, ports }: ForeseenRequest): Holds {
  return all([
    ...field(operation, 'hosts', (pattern) => matchesHost(pattern, host)),
    ...field(operation, 'paths', (pattern) => matchesPath(pattern, path)),
    ...field(operation, 'methods', (method) => (method === 'GET' || method === '*' ? 'yes' : 'maybe')),
    ...field(operation, 'ports', (port) =>
      ports.length === 0 ? 'maybe' : ports.includes(Number(port)) ? 'yes' : 'no',
    ),
  ]);
}

function holdsWhen(condition: JsonObject, { host }: ForeseenRequest): Holds {
  if (textAt(condition, 'key') !== 'connection.sni') return 'maybe';
  return all(field(condition, 'values', (pattern) => matchesHost(pattern, host)));
}

/** Whether a rule takes a request. A rule that asks for nothing takes all. */
export function ruleHolds(rule: JsonObject, request: ForeseenRequest): Holds {
  const from = objectsAt(rule, 'from').map(({ value }) => holdsFrom(objectAt(value, 'source') ?? {}, request));
  const to = objectsAt(rule, 'to').map(({ value }) => holdsTo(objectAt(value, 'operation') ?? {}, request));
  const when = objectsAt(rule, 'when').map(({ value }) => holdsWhen(value, request));
  return all([...(from.length > 0 ? [any(from)] : []), ...(to.length > 0 ? [any(to)] : []), ...when]);
}

/** What the policies of a workload make of a request. */
export type Judged =
  | { readonly verdict: 'allowed' }
  /** `by` refuse it: the policy that denies, or all that allow and do not take it. */
  | { readonly verdict: 'denied'; readonly by: readonly AppliedPolicy[]; readonly rule?: number }
  /** It depends on the client: on its address, its token, or a server that is asked. */
  | { readonly verdict: 'depends'; readonly by: readonly AppliedPolicy[] };

/** Evaluates policies in Istio's order: CUSTOM and DENY refuse first; if any ALLOW is there, one must take the request. */
export function judgeRequest(policies: readonly AppliedPolicy[], request: ForeseenRequest): Judged {
  const of = (action: AppliedPolicy['action']): readonly AppliedPolicy[] =>
    policies.filter((one) => one.action === action);
  const open: AppliedPolicy[] = [];
  for (const applied of of('DENY')) {
    const holds = applied.rules.map((rule) => ruleHolds(rule, request));
    const rule = holds.indexOf('yes');
    if (rule >= 0) return { verdict: 'denied', by: [applied], rule };
    if (holds.includes('maybe')) open.push(applied);
  }
  open.push(...of('CUSTOM').filter(({ rules }) => rules.some((rule) => ruleHolds(rule, request) !== 'no')));
  const allowing = of('ALLOW');
  if (allowing.length > 0) {
    const holds = any(allowing.flatMap(({ rules }) => rules.map((rule) => ruleHolds(rule, request))));
    if (holds === 'no') return { verdict: 'denied', by: allowing };
    if (holds === 'maybe') open.push(...allowing);
  }
  return open.length > 0 ? { verdict: 'depends', by: open } : { verdict: 'allowed' };
}

/** A request for a host of a server, as an outside client sends it. */
export function foreseenRequest(evidence: Evidence, server: Server, host: string, path?: string): ForeseenRequest {
  const mode = server.tls?.mode;
  return {
    host: host.toLowerCase(),
    ports: placementsOf(evidence, server).map(({ listenerPort }) => listenerPort),
    hasIdentity: mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL' || mode === 'ISTIO_MUTUAL',
    ...(path !== undefined && { path }),
  };
}

/** The policies in force for a server, of all workloads that take it. */
export const policiesFor = (evidence: Evidence, server: Server): readonly AppliedPolicy[] => {
  const found = attachmentOf(evidence, server).workloads.flatMap((workload) => policiesOn(evidence, workload));
  return [...new Map(found.map((applied) => [applied.policy, applied])).values()];
};
