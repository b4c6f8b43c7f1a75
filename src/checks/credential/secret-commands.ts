import type { Command } from '../../model/finding.ts';
import type { Secret } from '../../model/secret.ts';
import { kubectl } from '../remedies.ts';

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** Commands on Secrets. None shows a private key on a terminal, writes it to disk, or copies it into an annotation. */

export const createPair = ({ namespace, name }: Place): Command =>
  kubectl(namespace, 'create', 'secret', 'tls', name, '--cert=<CHAIN.pem>', '--key=<KEY.pem>');

export const deleteSecret = ({ namespace, name }: Place): Command => kubectl(namespace, 'delete', 'secret', name);

/** Fills the pair of a Secret that is there; its other keys, labels and annotations stay. */
export function fillPair({ namespace, name }: Place, keys: readonly [string, string]): Command {
  const [certKey, keyKey] = keys;
  const files = [`--from-file=${certKey}=<CHAIN.pem>`, `--from-file=${keyKey}=<KEY.pem>`];
  return {
    ...kubectl(namespace, 'create', 'secret', 'generic', name, ...files, '--dry-run=client', '-o', 'json'),
    pipe: kubectl(namespace, 'patch', 'secret', name, '--type=merge', '--patch-file=/dev/stdin'),
  };
}

const jqCopy = (name: string, without: readonly string[]): string => {
  const data =
    without.length === 0 ? '.data' : `(.data | del(${without.map((key) => `.[${JSON.stringify(key)}]`).join(', ')}))`;
  return `{apiVersion, kind, type, data: ${data}, metadata: {name: ${JSON.stringify(name)}}}`;
};

/** Copies a Secret to another place. `create`, since `apply` would write the key once more into an annotation. */
export function copySecret(from: Place, to: Place, without: readonly string[] = []): Command {
  return {
    ...kubectl(from.namespace, 'get', 'secret', from.name, '-o', 'json'),
    pipe: { argv: ['jq', jqCopy(to.name, without)], pipe: kubectl(to.namespace, 'create', '-f', '-') },
  };
}

const touchMark = 'istls.io/touched-at';

/** Any update of a Secret makes istiod send it again; the annotation has no meaning of its own. */
export const touchSecret = ({ namespace, name }: Place, now: Date): Command =>
  kubectl(namespace, 'annotate', 'secret', name, '--overwrite', `${touchMark}=${now.toISOString()}`);

export const untouchSecret = ({ namespace, name }: Place): Command =>
  kubectl(namespace, 'annotate', 'secret', name, `${touchMark}-`);

/** Who writes a Secret by itself and would write it back, by the marks of cert-manager and its like. */
export function writerNamed({ annotations, owners, namespace }: Secret): string | undefined {
  const certificate =
    annotations['cert-manager.io/certificate-name'] ?? annotations['certmanager.k8s.io/certificate-name'];
  if (certificate !== undefined) return `cert-manager, for Certificate ${namespace}/${certificate}`;
  const owner = owners.find(({ controller }) => controller) ?? owners[0];
  return owner && `${owner.kind} ${namespace}/${owner.name}`;
}
