import type { Evidence } from '../../facts/evidence.ts';
import { writerOf, type SecretWriter } from '../../facts/secret-writers.ts';
import { fullResource } from '../../kubernetes/plurals.ts';
import { groupKind, named } from '../../kubernetes/names.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import type { Command, Fix, Subject } from '../../model/finding.ts';
import type { ObjectRef, Resource } from '../../model/resource.ts';
import { kubectl, managerOf, mergePatch, ownerOfNamespace } from '../remedies.ts';

/** New values for some keys of a Secret. The others, such as a CA, stay as they are, and no annotation takes a copy. */
export function fillKeys(secret: ObjectRef, values: Readonly<Record<string, string>>): Command {
  return mergePatch(secret, { data: values });
}

/** Who would write the Secret back, as a report names it. */
export function managerText(
  evidence: Evidence,
  secret: Pick<Resource, 'namespace' | 'name' | 'labels' | 'annotations'>,
) {
  const writer = writerOf(evidence, secret);
  if (!writer) return managerOf(secret);
  return writer.ref ? `${writer.tool} (${named(writer.ref)})` : writer.tool;
}

/** What to run to have a tool write the Secret anew. */
export function rewriteBy(writer: SecretWriter): Command | undefined {
  const { tool, ref } = writer;
  if (!ref) return undefined;
  if (tool === 'cert-manager') return { argv: ['cmctl', 'renew', ref.name, '-n', ref.namespace] };
  if (tool === 'Sealed Secrets') return undefined;
  return kubectl(ref.namespace, 'annotate', fullResource(ref), ref.name, 'force-sync=<NOW>', '--overwrite');
}

const refOfSubject = ({ apiVersion, kind, namespace, name }: Subject): ObjectRef => ({
  apiVersion,
  kind,
  namespace,
  name,
});

interface Replacement {
  /** Without its first letter in upper case: `put a chain and its key that belong together into Secret …`. */
  readonly summary: string;
  /** New values by key, where no tool writes the Secret. */
  readonly values: Readonly<Record<string, string>>;
  readonly doNot?: readonly string[];
}

/**
 * The fix for a Secret with the wrong bytes: at its source where a tool writes it, else by new values. A subject that is
 * no Secret (the certificate lies outside of the cluster's objects) has no command.
 */
export function replaceValues(evidence: Evidence, subject: Subject, { summary, values, doNot = [] }: Replacement): Fix {
  const shared = { summary, owner: ownerOfNamespace(subject.namespace), undo: [], doNot };
  if (groupKind(subject) !== kinds.secret) return { ...shared, commands: [] };
  const ref = refOfSubject(subject);
  const found = evidence.secret(subject.namespace, subject.name);
  const secret = found.state === 'found' ? found.value : { ...ref, labels: {}, annotations: {} };
  const writer = writerOf(evidence, secret);
  const atSource = writer && rewriteBy(writer);
  const manager = managerText(evidence, secret);
  return {
    ...shared,
    commands: [...(atSource ? [atSource] : []), fillKeys(ref, values)],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

/** Placeholders for the two values of a pair under the keys that the Secret uses. */
export const newPair = (certKey: string, keyKey: string): Readonly<Record<string, string>> => ({
  [certKey]: '<BASE64_OF_CHAIN.pem>',
  [keyKey]: '<BASE64_OF_KEY.pem>',
});
