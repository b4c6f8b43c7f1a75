import type { JsonObject } from '../../model/json.ts';
import { objectAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type { Access, AccessRules, User } from './access-rules.ts';
import { badRequest } from './failure.ts';
import type { ResourceRequest } from './resource-request.ts';

/** Answers one of the review kinds: the posted object, with the status filled in. */
export function answerReview(request: ResourceRequest, review: JsonObject, user: User, rules: AccessRules): JsonObject {
  const base: JsonObject = { ...review, metadata: { creationTimestamp: null, ...objectAt(review, 'metadata') } };
  switch (request.kind.kind) {
    case 'SelfSubjectReview':
      return { ...base, status: { userInfo: { username: user.name, groups: user.groups } } };
    case 'SelfSubjectRulesReview':
      return { ...base, status: rulesStatus(user, textAt(review, 'spec', 'namespace') ?? '', rules) };
    case 'SelfSubjectAccessReview':
      return { ...base, status: accessStatus(review, user, rules) };
    default:
      return { ...base, status: accessStatus(review, reviewedUser(review), rules) };
  }
}

function reviewedUser(review: JsonObject): User {
  const name = textAt(review, 'spec', 'user') ?? '';
  const groups = textsAt(review, 'spec', 'groups');
  if (name === '' && groups.length === 0)
    throw badRequest('spec.user: at least one of user or group must be specified');
  return { name, groups: groups.length > 0 ? groups : impliedGroups(name) };
}

/** The groups that a ServiceAccount or a named user is always in. */
export function impliedGroups(name: string): readonly string[] {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(name);
  const own = account ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : [];
  return [...own, 'system:authenticated'];
}

function accessStatus(review: JsonObject, user: User, rules: AccessRules): JsonObject {
  const path = objectAt(review, 'spec', 'nonResourceAttributes');
  if (path) return { allowed: rules.allowsPath(user, textAt(path, 'verb') ?? '', textAt(path, 'path') ?? '') };
  const reason = rules.allows(user, accessOf(objectAt(review, 'spec', 'resourceAttributes')));
  return reason === undefined ? { allowed: false } : { allowed: true, reason };
}

function accessOf(attributes: JsonObject | undefined): Access {
  const subresource = textAt(attributes, 'subresource') ?? '';
  const resource = textAt(attributes, 'resource') ?? '';
  return {
    verb: textAt(attributes, 'verb') ?? '',
    group: textAt(attributes, 'group') ?? '',
    resource: subresource === '' ? resource : `${resource}/${subresource}`,
    namespace: textAt(attributes, 'namespace') ?? '',
    name: textAt(attributes, 'name') ?? '',
  };
}

function rulesStatus(user: User, namespace: string, rules: AccessRules): JsonObject {
  const all: JsonObject = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
  const bound = rules.rulesOf(user).filter((rule) => rule.namespace === '' || rule.namespace === namespace);
  const found = user.groups.includes('system:masters') ? [all] : bound.map(({ rule }) => rule);
  return {
    resourceRules: found.filter((rule) => textsAt(rule, 'resources').length > 0),
    nonResourceRules: found.filter((rule) => textsAt(rule, 'nonResourceURLs').length > 0),
    incomplete: false,
  };
}
