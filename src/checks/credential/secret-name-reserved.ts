import type { CredentialUse } from '../../facts/credentials.ts';
import type { Fix } from '../../model/finding.ts';
import type { Check } from '../check.ts';
import { managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { gatewayField, passedOverFaults } from './passed-over-fault.ts';
import { copySecret, deleteSecret } from './secret-commands.ts';

/** A Secret has its name for good: a copy under another name, and the Gateway has to name that. */
function fixOf(use: CredentialUse): Fix {
  const { owner } = use.server;
  const renamed = { namespace: use.namespace, name: `gateway-${use.name}`.slice(0, 253) };
  const manager = managerOf(owner);
  return {
    summary: `give the Secret a name that begins with neither istio nor prometheus, and name that in ${gatewayField(use)}`,
    owner: ownerOfNamespace(owner.namespace),
    commands: [copySecret(use, renamed), replaceField(owner, use.path, renamed.name)],
    undo: [restoreField(owner, use.path, renamed.name), deleteSecret(renamed)],
    doNot: [],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

/** Istio 1.1.3 to 1.7 pass over Secrets whose names begin with `istio` or `prometheus`. */
export const secretNameReserved: Check = {
  name: 'secret-name-reserved',
  title: 'No Secret of a gateway has a name that its release keeps for Istio',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'resource', 'gateway-log', 'config-dump'],
  explains: credentialNotGiven,
  inspect: (evidence) =>
    passedOverFaults(evidence, {
      rule: 'reserved-name',
      path: 'metadata.name',
      title: (secret) => `${secret} has a name that this release of Istio keeps for its own Secrets`,
      says: 'pass over every Secret whose name begins with istio or prometheus',
      detail: 'its name begins with a reserved word',
      fix: fixOf,
    }),
};
