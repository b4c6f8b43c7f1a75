import type { CredentialUse } from '../../facts/credentials.ts';
import type { Twin } from '../../facts/twins.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation, Subject } from '../../model/finding.ts';
import { ownerOfNamespace } from '../remedies.ts';
import { copySecret, deleteSecret, writerNamed } from './secret-commands.ts';

/** A misplaced Secret as the subject of a fault. */
export const secretSubject = ({ namespace, name, secret }: Twin): Subject =>
  secret ? subjectOf(secret) : { apiVersion: 'v1', kind: 'Secret', namespace, name };

/** What lies there, as an observation. */
export function observedTwin({ namespace, name, leaf, fits }: Twin): Observation {
  const held = leaf
    ? `is there: ${leaf.subject}, until ${leaf.notAfter}`
    : 'is there, its certificate could not be read';
  return { source: 'secret', ref: `${namespace}/${name}`, detail: fits === true ? `${held}, for these hosts` : held };
}

const widening = (namespace: string): string => `whoever may read Secrets of namespace ${namespace}`;

/** Moves the Secret to where it is looked up. */
export function copyFix(use: CredentialUse, twin: Twin, namespace: string): Fix {
  const to = { namespace, name: use.name };
  const writer = twin.secret && writerNamed(twin.secret);
  return {
    summary: `put the Secret into namespace ${namespace} too; let whatever issues the certificate write it there, since a copy is not renewed`,
    owner: ownerOfNamespace(namespace),
    commands: [copySecret(twin, to)],
    undo: [deleteSecret(to)],
    doNot: [],
    widensAccess: widening(namespace),
    ...(writer !== undefined && { managedBy: writer }),
  };
}
