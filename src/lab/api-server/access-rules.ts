import type { JsonObject } from '../../model/json.ts';
import { objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type { Kind } from './kinds.ts';
import { namespaceOf } from './object.ts';
import type { ObjectStore } from './store.ts';

/** Who a request comes from, after authentication and impersonation. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface Access {
  readonly verb: string;
  readonly group: string;
  /** With its subresource, as `pods/log`. */
  readonly resource: string;
  /** Empty: at the cluster scope. */
  readonly namespace: string;
  readonly name: string;
}

/** One rule of a Role, and where it holds: in one namespace, or everywhere (empty). */
export interface BoundRule {
  readonly namespace: string;
  readonly binding: string;
  readonly rule: JsonObject;
}

const group = 'rbac.authorization.k8s.io';

/** Answers access questions from the Roles and bindings that are stored, as the RBAC authorizer of Kubernetes does. */
export class AccessRules {
  readonly #store: ObjectStore;
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(store: ObjectStore, kinds: readonly Kind[]) {
    this.#store = store;
    this.#kinds = new Map(kinds.filter((kind) => kind.group === group).map((kind) => [kind.kind, kind]));
  }

  /** The binding that allows the access, in words, or `undefined` when none does. */
  allows(user: User, access: Access): string | undefined {
    if (user.groups.includes('system:masters')) return 'system:masters';
    const bound = this.rulesOf(user).find(
      ({ namespace, rule }) => (namespace === '' || namespace === access.namespace) && permits(rule, access),
    );
    return bound?.binding;
  }

  allowsPath(user: User, verb: string, path: string): boolean {
    if (user.groups.includes('system:masters')) return true;
    return this.rulesOf(user).some(
      ({ namespace, rule }) =>
        namespace === '' &&
        matches(textsAt(rule, 'verbs'), verb) &&
        textsAt(rule, 'nonResourceURLs').some((pattern) =>
          pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern,
        ),
    );
  }

  rulesOf(user: User): readonly BoundRule[] {
    const everywhere = this.#list('ClusterRoleBinding').map((binding) => ({ binding, namespace: '' }));
    const inNamespaces = this.#list('RoleBinding').map((binding) => ({ binding, namespace: namespaceOf(binding) }));
    return [...everywhere, ...inNamespaces]
      .filter(({ binding, namespace }) => bindsUser(binding, namespace, user))
      .flatMap(({ binding, namespace }) => this.#rulesOfRole(binding, namespace));
  }

  #rulesOfRole(binding: JsonObject, namespace: string): readonly BoundRule[] {
    const roleKind = textAt(binding, 'roleRef', 'kind') ?? '';
    const name = textAt(binding, 'roleRef', 'name') ?? '';
    const kind = this.#kinds.get(roleKind);
    const role = kind && this.#store.get(kind, roleKind === 'Role' ? namespace : '', name);
    const bindingName = `${textAt(binding, 'kind')} "${textAt(binding, 'metadata', 'name')}${namespace === '' ? '' : `/${namespace}`}"`;
    const words = `RBAC: allowed by ${bindingName} of ${roleKind} "${name}"`;
    return objectsAt(role, 'rules').map(({ value }) => ({ namespace, binding: words, rule: value }));
  }

  #list(kindName: string): readonly JsonObject[] {
    const kind = this.#kinds.get(kindName);
    return kind ? this.#store.list(kind) : [];
  }
}

function bindsUser(binding: JsonObject, namespace: string, user: User): boolean {
  return objectsAt(binding, 'subjects').some(({ value: subject }) => {
    const name = textAt(subject, 'name') ?? '';
    switch (textAt(subject, 'kind')) {
      case 'User':
        return name === user.name;
      case 'Group':
        return user.groups.includes(name);
      case 'ServiceAccount':
        return user.name === `system:serviceaccount:${textAt(subject, 'namespace') ?? namespace}:${name}`;
      default:
        return false;
    }
  });
}

function permits(rule: JsonObject, access: Access): boolean {
  const names = textsAt(rule, 'resourceNames');
  return (
    matches(textsAt(rule, 'verbs'), access.verb) &&
    matches(textsAt(rule, 'apiGroups'), access.group) &&
    coversResource(textsAt(rule, 'resources'), access.resource) &&
    (names.length === 0 || (access.name !== '' && names.includes(access.name)))
  );
}

function matches(allowed: readonly string[], wanted: string): boolean {
  return allowed.includes('*') || allowed.includes(wanted);
}

/** `*` covers all, `*` before a slash and a subresource covers that subresource of all. */
function coversResource(allowed: readonly string[], wanted: string): boolean {
  if (matches(allowed, wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && allowed.includes(`*${wanted.slice(slash)}`);
}
