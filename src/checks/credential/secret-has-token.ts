import { credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import { hasNamingRules, passedOverFor } from '../../facts/passed-over-secrets.ts';
import type { Fix } from '../../model/finding.ts';
import type { Check, Judgement } from '../check.ts';
import { managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { groupedBySecret } from './consequences.ts';
import { gatewayField, passedOverFaults, type PassedOver } from './passed-over-fault.ts';
import { copySecret, deleteSecret } from './secret-commands.ts';
import { unreadSecret } from './unread-secret.ts';

/** Somebody put the token there for a reason: a second Secret without it takes nothing away from him. */
function fixOf(use: CredentialUse): Fix {
  const { owner } = use.server;
  const copy = { namespace: use.namespace, name: `${use.name}-gateway`.slice(0, 253) };
  const manager = managerOf(owner);
  return {
    summary: `give the gateway a Secret without the key token, and name that in ${gatewayField(use)}`,
    owner: ownerOfNamespace(owner.namespace),
    commands: [copySecret(use, copy, ['token']), replaceField(owner, use.path, copy.name)],
    undo: [restoreField(owner, use.path, copy.name), deleteSecret(copy)],
    doNot: ['remove the key from the Secret before it is known who reads it'],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

const tokenRule: PassedOver = {
  rule: 'token',
  path: 'data.token',
  title: (secret) => `${secret} has a key token, for which this release of Istio passes it over`,
  says: 'take a Secret with a filled key token for that of a service account and pass it over',
  detail: 'has a key token that is not empty',
  fix: fixOf,
};

/** Istio 1.1.3 to 1.7 take a Secret with a key `token` for one of a service account. */
export const secretHasToken: Check = {
  name: 'secret-has-token',
  title: 'No Secret of a gateway has a key that makes its release pass it over',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'resource', 'gateway-log', 'config-dump'],
  explains: credentialNotGiven,
  *inspect(evidence): Iterable<Judgement> {
    yield* passedOverFaults(evidence, tokenRule);
    const ruled = credentialUses(evidence).filter((use) => hasNamingRules(evidence, use));
    for (const uses of groupedBySecret(ruled)) {
      const [first] = uses;
      if (passedOverFor(evidence, first).length > 0) continue;
      yield* unreadSecret(evidence, uses, `whether Secret ${first.namespace}/${first.name} has a key token`);
    }
  },
};
