import type { Evidence } from '../../facts/evidence.ts';
import { writerOf } from '../../facts/secret-writers.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { groupKind, named } from '../../kubernetes/names.ts';
import type { Command, Fix, Subject } from '../../model/finding.ts';
import { kubectl, managerOf, mergePatch, ownerOfNamespace } from '../remedies.ts';

/** Said with every fix about a client CA: the two shortcuts that make it answer and give the protection away. */
export const neverLoosen: readonly string[] = [
  'set mode SIMPLE or OPTIONAL_MUTUAL to make it answer: that admits clients without a certificate',
  'put in the CA that signed the gateway’s own certificate, unless it signs the clients too',
];

/** Puts the CA of the clients into a Secret of its own beside the pair's, which wins over a CA in the pair's. */
export const createCaSecret = (namespace: string, pairName: string): Command =>
  kubectl(namespace, 'create', 'secret', 'generic', `${pairName}-cacert`, '--from-file=ca.crt=<CLIENT-CA.pem>');

export const deleteCaSecret = (namespace: string, pairName: string): Command =>
  kubectl(namespace, 'delete', 'secret', `${pairName}-cacert`);

interface Change {
  readonly summary: string;
  readonly key: string;
  readonly value: string;
  readonly doNot?: readonly string[];
  readonly widensAccess?: string;
}

function managerText(evidence: Evidence, { namespace, name }: Subject): string | undefined {
  const found = evidence.secret(namespace, name);
  if (found.state !== 'found') return undefined;
  const writer = writerOf(evidence, found.value);
  if (!writer) return managerOf(found.value);
  return writer.ref ? `${writer.tool} (${named(writer.ref)})` : writer.tool;
}

/** A new value for the CA where it lies: in a Secret, or in a ConfigMap as plain text. */
export function changeCa(
  evidence: Evidence,
  subject: Subject,
  { summary, key, value, doNot, widensAccess }: Change,
): Fix {
  const isSecret = groupKind(subject) === kinds.secret;
  const isConfigMap = groupKind(subject) === kinds.configMap;
  const content = isSecret ? `<BASE64_OF_${value}>` : `<TEXT_OF_${value}>`;
  const manager = isSecret ? managerText(evidence, subject) : undefined;
  return {
    summary,
    owner: ownerOfNamespace(subject.namespace),
    commands: isSecret || isConfigMap ? [mergePatch(subject, { data: { [key]: content } })] : [],
    undo: [],
    doNot: [...(doNot ?? []), ...neverLoosen],
    ...(widensAccess !== undefined && { widensAccess }),
    ...(manager !== undefined && { managedBy: manager }),
  };
}
