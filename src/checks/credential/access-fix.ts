import type { CredentialUse } from '../../facts/credentials.ts';
import { deliveryOf, isDelivered } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import type { ReadingAccount } from '../../facts/secret-denials.ts';
import type { Command, Fix } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import { applyManifest, kubectl, ownerOfNamespace } from '../remedies.ts';
import { touchSecret, untouchSecret } from './secret-commands.ts';

const rbac = 'rbac.authorization.k8s.io';

/** What the charts of Istio give a gateway. */
const readSecrets: JsonObject = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'watch', 'list'] };

const role = (namespace: string, name: string): JsonObject => ({
  apiVersion: `${rbac}/v1`,
  kind: 'Role',
  metadata: { namespace, name },
  rules: [readSecrets],
});

const binding = (namespace: string, name: string, account: string): JsonObject => ({
  apiVersion: `${rbac}/v1`,
  kind: 'RoleBinding',
  metadata: { namespace, name },
  roleRef: { apiGroup: rbac, kind: 'Role', name },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
});

/** More Secrets than these are not touched one by one: a restart of the pods asks for all of them. */
const mostTouched = 5;

/** Has istiod send again what it denied: by touching each Secret, or by a restart where they are many. */
function resend(evidence: Evidence, uses: readonly CredentialUse[]): Pick<Fix, 'commands' | 'undo'> {
  const waiting = uses.filter(({ state }) => state.state === 'pair');
  const places = [
    ...new Map(waiting.map(({ namespace, name }) => [`${namespace}/${name}`, { namespace, name }])).values(),
  ];
  if (places.length <= mostTouched) {
    return { commands: places.map((place) => touchSecret(place, evidence.now)), undo: places.map(untouchSecret) };
  }
  return { commands: restartsOf(uses), undo: [] };
}

function restartsOf(uses: readonly CredentialUse[]): readonly Command[] {
  const refs = new Map(uses.flatMap(({ workload }) => (workload ? [[workload.key, workload.ref]] : [])));
  return [...refs.values()].map(({ namespace, kind, name }) =>
    kubectl(namespace, 'rollout', 'restart', `${kind.toLowerCase()}/${name}`),
  );
}

/** Gives the account what it lacks: the missing Role of a binding that is there, else a Role and a binding. */
export function accessFix(evidence: Evidence, reading: ReadingAccount): Fix {
  const { account, access, uses } = reading;
  const { namespace } = account;
  const dangling =
    access.state === 'denied'
      ? access.useless.find((one) => !one.found && one.role.startsWith('Role '))?.role.split('/')[1]
      : undefined;
  const name = dangling ?? `${account.name}-read-secrets`;
  const items =
    dangling === undefined ? [role(namespace, name), binding(namespace, name, account.name)] : [role(namespace, name)];
  const undo = kubectl(namespace, 'delete', `roles.${rbac}`, name);
  const waiting = uses.filter((use) => !isDelivered(deliveryOf(evidence, use)));
  const again = resend(evidence, waiting);
  return {
    summary: `let ServiceAccount ${account.name} read the Secrets of namespace ${namespace}; a minute later, have what was denied sent again, which istiod does not do by itself`,
    owner: ownerOfNamespace(namespace),
    commands: [applyManifest({ apiVersion: 'v1', kind: 'List', items }), ...again.commands],
    undo: [
      ...(dangling === undefined ? [kubectl(namespace, 'delete', `rolebindings.${rbac}`, name)] : []),
      undo,
      ...again.undo,
    ],
    doNot: ['bind a ClusterRole that reads the Secrets of all namespaces: the gateway needs its own only'],
    widensAccess: `pods of ServiceAccount ${account.name}, which may then read every Secret of namespace ${namespace}`,
  };
}

/** The right is there: what is left is to have the Secrets sent. */
export function resendFix(evidence: Evidence, uses: readonly CredentialUse[]): Fix {
  return {
    summary: 'touch the Secrets, so that istiod sends them: any update does',
    owner: ownerOfNamespace(uses[0]?.namespace ?? ''),
    ...resend(evidence, uses),
    doNot: [],
  };
}
