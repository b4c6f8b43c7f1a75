import { kinds } from '../kubernetes/kinds.ts';
import { fullName } from '../kubernetes/names.ts';
import { objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { Gap } from '../model/coverage.ts';
import type { Json } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import type { AccessReview } from '../model/snapshot.ts';
import { derive, type Evidence } from './evidence.ts';

/** A service account, by the namespace and the name that its pods use it under. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** A binding that names the account and does not help: its role is not there, or allows something else. */
export interface UselessBinding {
  readonly binding: Resource;
  /** `Role istio-system/secret-reader`. */
  readonly role: string;
  /** Absent where the role does not exist. */
  readonly found?: Resource;
}

/** Whether an account may list the Secrets of its own namespace, and how that is known. */
export type SecretAccess =
  | { readonly state: 'allowed'; readonly by: string }
  | {
      readonly state: 'denied';
      readonly by: AccessReview | 'roles';
      readonly useless: readonly UselessBinding[];
      /** How many bindings were read, so that "none of them" can be said. */
      readonly bindings: number;
    }
  | { readonly state: 'unknown'; readonly gap: Gap };

const userOf = ({ namespace, name }: Account): string => `system:serviceaccount:${namespace}:${name}`;

/** The groups in which the API server puts every service account. */
const groupsOf = ({ namespace }: Account): readonly string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
  'system:authenticated',
];

/** Whether one subject of a binding is the account. In a RoleBinding a service account may leave its namespace out. */
function isSubject(subject: Json, binding: Resource, account: Account): boolean {
  const name = textAt(subject, 'name');
  switch (textAt(subject, 'kind')) {
    case 'ServiceAccount':
      return name === account.name && (textAt(subject, 'namespace') || binding.namespace) === account.namespace;
    case 'User':
      return name === userOf(account);
    case 'Group':
      return groupsOf(account).some((group) => group === name);
    default:
      return false;
  }
}

const names = (binding: Resource, account: Account): boolean =>
  objectsAt(binding.body, 'subjects').some(({ value }) => isSubject(value, binding, account));

/** Roles that every cluster has, where the evidence left them out. `view` may read everything but Secrets. */
const builtIn: ReadonlySet<string> = new Set(['cluster-admin', 'admin', 'edit']);

const holds = (list: readonly string[], wanted: string): boolean => list.includes(wanted) || list.includes('*');

/** A rule with resource names never allows to list. */
const allows = (role: Resource, verb: string): boolean =>
  objectsAt(role.body, 'rules').some(
    ({ value }) =>
      holds(textsAt(value, 'verbs'), verb) &&
      holds(textsAt(value, 'apiGroups'), '') &&
      holds(textsAt(value, 'resources'), 'secrets') &&
      textsAt(value, 'resourceNames').length === 0,
  );

interface BoundRole extends UselessBinding {
  /** Whether it allows what is asked; `unknown` where the role could not be read. */
  readonly helps: boolean | 'unknown';
}

function roleOf(evidence: Evidence, binding: Resource, verb: string): BoundRole {
  const name = textAt(binding.body, 'roleRef', 'name') ?? '';
  const isRole = textAt(binding.body, 'roleRef', 'kind') === 'Role';
  const role = isRole ? `Role ${binding.namespace}/${name}` : `ClusterRole ${name}`;
  const lookup = evidence.get(isRole ? kinds.role : kinds.clusterRole, isRole ? binding.namespace : '', name);
  if (lookup.state === 'found') return { binding, role, found: lookup.value, helps: allows(lookup.value, verb) };
  return { binding, role, helps: lookup.state === 'unknown' ? 'unknown' : !isRole && builtIn.has(name) };
}

/** A snapshot that left permissions out has no binding at all; no real cluster is without. */
const bindingsSeen = derive(
  (evidence) =>
    evidence.list(kinds.roleBinding).items.length > 0 || evidence.list(kinds.clusterRoleBinding).items.length > 0,
);

const notCollected: Gap = { reason: 'not-collected', detail: 'no permissions are part of the evidence' };

function blindSpot(evidence: Evidence, namespace: string): Gap | undefined {
  if (!bindingsSeen(evidence)) return notCollected;
  return (
    evidence.gap(kinds.roleBinding, namespace) ??
    evidence.gap(kinds.role, namespace) ??
    evidence.gap(kinds.clusterRoleBinding, '*') ??
    evidence.gap(kinds.clusterRole, '*')
  );
}

function reviewOf(evidence: Evidence, account: Account, verb: string): AccessReview | undefined {
  return evidence.snapshot.accessReviews.findLast(
    (review) =>
      review.user === userOf(account) &&
      (review.verb === verb || (review.verb === '*' && review.allowed)) &&
      review.group === '' &&
      review.resource === 'secrets' &&
      review.name === undefined &&
      (review.namespace === account.namespace || review.namespace === ''),
  );
}

/**
 * Whether an account may do something with all Secrets of its namespace: by the API server's own answer where one was
 * recorded, else by the bindings as RBAC evaluates them (kubernetes plugin/pkg/auth/authorizer/rbac). Another authorizer
 * beside RBAC may allow more, which only the API server's answer can tell.
 */
export function secretAccess(evidence: Evidence, account: Account, verb = 'list'): SecretAccess {
  const review = reviewOf(evidence, account, verb);
  if (review?.allowed === true) return { state: 'allowed', by: 'a SubjectAccessReview' };
  const own = [
    ...evidence.list(kinds.roleBinding, account.namespace).items,
    ...evidence.list(kinds.clusterRoleBinding).items,
  ];
  const bound = own.filter((binding) => names(binding, account)).map((binding) => roleOf(evidence, binding, verb));
  const useless = bound.filter(({ helps }) => helps === false);
  if (review) return { state: 'denied', by: review, useless, bindings: own.length };
  const helping = bound.find(({ helps }) => helps === true);
  if (helping) return { state: 'allowed', by: `${helping.binding.kind} ${fullName(helping.binding)}` };
  const gap = blindSpot(evidence, account.namespace);
  return gap ? { state: 'unknown', gap } : { state: 'denied', by: 'roles', useless, bindings: own.length };
}

/** Other service accounts of the namespace that a RoleBinding there gives what this one lacks. */
export function grantedInstead(evidence: Evidence, account: Account, verb = 'list'): readonly string[] {
  const helping = evidence
    .list(kinds.roleBinding, account.namespace)
    .items.filter((binding) => roleOf(evidence, binding, verb).helps === true);
  const accounts = helping.flatMap((binding) =>
    objectsAt(binding.body, 'subjects').flatMap(({ value }) => {
      const name = textAt(value, 'name');
      const own = (textAt(value, 'namespace') || account.namespace) === account.namespace;
      return textAt(value, 'kind') === 'ServiceAccount' && own && name !== undefined ? [name] : [];
    }),
  );
  return [...new Set(accounts)].filter((name) => name !== account.name);
}
