import type { Lookup } from '../../model/coverage.ts';
import type { JsonObject } from '../../model/json.ts';
import type { AccessReview } from '../../model/snapshot.ts';
import { booleanAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import { NoAnswer } from './no-answer.ts';
import { gapOf, readAnswer, type WholeAnswer } from './read-answer.ts';
import type { Review, Transport } from './transport.ts';

/** A right in question. `resource` is the plural; `subresource` as in `pods/log`. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace: string;
  readonly name?: string;
}

/** Whose right is in question. */
export interface Account {
  readonly user: string;
  readonly groups: readonly string[];
}

/** One rule of a SelfSubjectRulesReview. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly names: readonly string[];
}

/** What the user may do in one namespace. Incomplete where an authorizer cannot list its rules. */
export interface Rules {
  readonly rules: readonly Rule[];
  readonly incomplete: boolean;
}

/** A service account as the API server sees it when it comes with its token. */
export function serviceAccount(namespace: string, name: string): Account {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}

/**
 * Asks whether somebody has a right: whoever runs istls (SelfSubjectAccessReview; `user` is then empty), or `account`
 * (SubjectAccessReview, which needs a permission of its own).
 */
export async function reviewAccess(
  transport: Transport,
  right: Right,
  account?: Account,
): Promise<Lookup<AccessReview>> {
  const attributes = {
    verb: right.verb,
    group: right.group,
    resource: right.resource,
    ...(right.subresource !== undefined && { subresource: right.subresource }),
    namespace: right.namespace,
    ...(right.name !== undefined && { name: right.name }),
  };
  const spec = { resourceAttributes: attributes, ...(account && { user: account.user, groups: account.groups }) };
  const kind = account ? 'SubjectAccessReview' : 'SelfSubjectAccessReview';
  return ask(transport, kind, spec, (answer) => {
    const allowed = booleanAt(answer.json, 'status', 'allowed');
    if (allowed === undefined) return undefined;
    const { subresource, ...rest } = right;
    const reason = textAt(answer.json, 'status', 'reason');
    return {
      user: account?.user ?? '',
      ...rest,
      resource: subresource === undefined ? right.resource : `${right.resource}/${subresource}`,
      allowed,
      ...(reason && { reason }),
    };
  });
}

/** What whoever runs istls may do in a namespace, in one request. */
export function reviewRules(transport: Transport, namespace: string): Promise<Lookup<Rules>> {
  return ask(transport, 'SelfSubjectRulesReview', { namespace }, (answer) => {
    const rules = objectsAt(answer.json, 'status', 'resourceRules').map(({ value }) => ({
      verbs: textsAt(value, 'verbs'),
      groups: textsAt(value, 'apiGroups'),
      resources: textsAt(value, 'resources'),
      names: textsAt(value, 'resourceNames'),
    }));
    return { rules, incomplete: booleanAt(answer.json, 'status', 'incomplete') === true };
  });
}

const reviews = {
  SelfSubjectAccessReview: 'selfsubjectaccessreviews',
  SubjectAccessReview: 'subjectaccessreviews',
  SelfSubjectRulesReview: 'selfsubjectrulesreviews',
} as const satisfies Record<string, Review>;

async function ask<T>(
  transport: Transport,
  kind: keyof typeof reviews,
  spec: JsonObject,
  read: (answer: WholeAnswer) => T | undefined,
): Promise<Lookup<T>> {
  const review = reviews[kind];
  const body = { apiVersion: 'authorization.k8s.io/v1', kind, spec };
  try {
    const answer = await readAnswer(await transport.send({ do: 'review', review, body }));
    const made = answer.status === 200 || answer.status === 201;
    if (!made) return { state: 'unknown', gap: gapOf(answer, `create ${review}.authorization.k8s.io`) };
    const value = read(answer);
    if (value !== undefined) return { state: 'found', value };
    return { state: 'unknown', gap: { reason: 'unreadable', detail: `the API server gave no answer to a ${kind}` } };
  } catch (error) {
    if (error instanceof NoAnswer) return { state: 'unknown', gap: error.gap };
    throw error;
  }
}
