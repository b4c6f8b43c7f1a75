import type { IncomingMessage } from 'node:http';
import { impliedGroups } from './access-reviews.ts';
import type { AccessRules, User } from './access-rules.ts';
import { ApiFailure, unauthorized } from './failure.ts';

export interface Caller {
  readonly user: User;
  /** Whose token it was, when the request impersonates somebody else. */
  readonly impersonatedBy?: string;
}

/**
 * Who sends a request: by bearer token, then by the impersonation headers where that user may impersonate.
 * @throws ApiFailure 401 for a token that is not known, 403 for an impersonation that is not allowed.
 */
export function authenticate(request: IncomingMessage, users: ReadonlyMap<string, User>, rules: AccessRules): Caller {
  const user = userOf(request, users);
  const as = headerOf(request, 'impersonate-user');
  if (as === undefined) return { user };
  const groups = (headerOf(request, 'impersonate-group') ?? '').split(', ').filter((group) => group !== '');
  requireImpersonation(user, 'users', as, rules);
  for (const group of groups) requireImpersonation(user, 'groups', group, rules);
  const all = [...new Set([...groups, ...impliedGroups(as)])];
  return { user: { name: as, groups: all }, impersonatedBy: user.name };
}

function userOf(request: IncomingMessage, users: ReadonlyMap<string, User>): User {
  const header = request.headers.authorization;
  if (header === undefined) return { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  const token = /^Bearer (\S+)$/.exec(header)?.[1];
  const user = token === undefined ? undefined : users.get(token);
  if (!user) throw unauthorized();
  return user;
}

function requireImpersonation(user: User, resource: string, name: string, rules: AccessRules): void {
  const account = resource === 'users' && name.startsWith('system:serviceaccount:');
  const [, , namespace = '', accountName = ''] = name.split(':');
  const wanted = account
    ? { resource: 'serviceaccounts', namespace, name: accountName }
    : { resource, namespace: '', name };
  if (rules.allows(user, { verb: 'impersonate', group: '', ...wanted }) !== undefined) return;
  const where = account ? `in the namespace "${namespace}"` : 'at the cluster scope';
  const message = `${wanted.resource} "${wanted.name}" is forbidden: User "${user.name}" cannot impersonate resource "${wanted.resource}" in API group "" ${where}`;
  throw new ApiFailure(403, 'Forbidden', message, { name: wanted.name, kind: wanted.resource });
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
