import { pairOf, type CredentialUse } from '../../facts/credentials.ts';
import { derive, type Evidence } from '../../facts/evidence.ts';
import type { Fix } from '../../model/finding.ts';
import { nearest } from '../../text/nearest.ts';
import { coversPattern } from '../../x509/covers-host.ts';
import { managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';
import type { Uses } from './consequences.ts';
import { createPair, deleteSecret } from './secret-commands.ts';

const namesIn = derive((evidence) => {
  const { secrets, secretNames } = evidence.snapshot;
  return Map.groupBy([...secrets, ...secretNames], ({ namespace }) => namespace);
});

/** Comparing a name with thousands of others is slow, and tells nothing. */
const mostNames = 2000;

/** Secrets in the right place whose names are nearly the one asked for. */
export function namesNearby(evidence: Evidence, use: CredentialUse): readonly string[] {
  const names = new Set((namesIn(evidence).get(use.namespace) ?? []).map(({ name }) => name));
  return names.size > mostNames ? [] : nearest(use.name, names);
}

/** Whether a Secret beside the pods could serve these uses: its certificate is that of their hosts, and in date. */
function couldServe(evidence: Evidence, uses: readonly CredentialUse[], namespace: string, name: string): boolean {
  const found = evidence.secret(namespace, name);
  const pair = found.state === 'found' ? pairOf(found.value) : undefined;
  const leaf = pair?.state === 'pair' ? pair.secret.values[pair.certKey]?.certificates[0] : undefined;
  if (!leaf || new Date(leaf.notAfter) <= evidence.now) return false;
  return uses.every(({ server }) => server.hosts.every(({ host }) => coversPattern(leaf, host)));
}

/** The field that holds the name: a reference of the Gateway API is an object. */
export const nameField = ({ server, path }: CredentialUse): string =>
  server.from === 'GatewayAPI' ? `${path}.name` : path;

/** Names the Secret that was meant where there is one that fits, else has the missing one made. */
export function missingSecretFix(evidence: Evidence, uses: Uses): Fix {
  const [first] = uses;
  const { owner } = first.server;
  const manager = managerOf(owner);
  const managed = manager === undefined ? {} : { managedBy: manager };
  const meant = namesNearby(evidence, first).find((name) => couldServe(evidence, uses, first.namespace, name));
  if (meant !== undefined) {
    const fields = [...new Map(uses.map((use) => [`${use.server.key} ${use.path}`, use])).values()];
    return {
      summary: `name Secret ${meant}, which is there and holds a certificate for these hosts; no restart is needed`,
      owner: ownerOfNamespace(owner.namespace),
      commands: fields.map((use) => replaceField(use.server.owner, nameField(use), meant)),
      undo: fields.map((use) => restoreField(use.server.owner, nameField(use), meant)),
      doNot: [],
      ...managed,
    };
  }
  const place = { namespace: first.namespace || '<NAMESPACE_OF_THE_GATEWAY_PODS>', name: first.name };
  return {
    summary: `create Secret ${place.namespace}/${place.name} with the certificate chain and its key; no restart is needed`,
    owner: ownerOfNamespace(first.namespace),
    commands: [createPair(place)],
    undo: [deleteSecret(place)],
    doNot: [],
    ...managed,
  };
}
