import type { BrokenLink } from '../../facts/broken-links.ts';
import type { Command, Fix } from '../../model/finding.ts';
import { kubectl, managerOf, ownerOfNamespace } from '../remedies.ts';
import { deleteSecret } from './secret-commands.ts';

const restart = ({ named: { workload } }: BrokenLink): Command =>
  kubectl(workload.namespace, 'rollout', 'restart', `${workload.ref.kind.toLowerCase()}/${workload.ref.name}`);

/** The file names under which each field of a Gateway is usually put into a Secret. */
const placeholder = (isChain: boolean, file: string): string =>
  isChain ? '<CHAIN.pem>' : file.includes('ca') ? '<CA.pem>' : '<KEY.pem>';

/** What brings the file to its path: the Secret, its keys, or the volume; then new pods. */
export function fileFix(links: readonly [BrokenLink, ...BrokenLink[]]): Fix {
  const [first] = links;
  const { workload, mounted } = first.named;
  const { namespace } = workload;
  const manager = workload.resource && managerOf(workload.resource);
  const shared = {
    owner: ownerOfNamespace(namespace),
    doNot: [],
    ...(manager !== undefined && { managedBy: manager }),
  };
  if (mounted.link === 'secret' && mounted.lookup.state !== 'unknown' && first.secret) {
    const { name } = first.secret;
    const files = new Map(
      links.flatMap(({ named: one }) =>
        one.mounted.link === 'secret' ? [[one.mounted.key, placeholder(one.isChain, one.file)]] : [],
      ),
    );
    const from = [...files].map(([key, file]) => `--from-file=${key}=${file}`);
    const create = kubectl(namespace, 'create', 'secret', 'generic', name, ...from);
    if (mounted.lookup.state === 'absent') {
      return {
        summary: `create Secret ${namespace}/${name} with what the volume brings into the pod, then restart the pods`,
        commands: [create, restart(first)],
        undo: [deleteSecret({ namespace, name })],
        ...shared,
      };
    }
    return {
      summary: `put the missing keys into Secret ${namespace}/${name}, then restart the pods`,
      commands: [
        {
          ...kubectl(namespace, 'create', 'secret', 'generic', name, ...from, '--dry-run=client', '-o', 'json'),
          pipe: kubectl(namespace, 'patch', 'secret', name, '--type=merge', '--patch-file=/dev/stdin'),
        },
        restart(first),
      ],
      undo: [],
      ...shared,
    };
  }
  if (mounted.link === 'secret') {
    return {
      summary: 'restart the pods, so that they read the file that is there now',
      commands: [restart(first)],
      undo: [],
      ...shared,
    };
  }
  return {
    summary:
      'name a credential (credentialName) in place of the files, or mount the Secret that holds them at that path',
    commands: [
      kubectl(
        namespace,
        'get',
        workload.ref.kind.toLowerCase(),
        workload.ref.name,
        '-o',
        'jsonpath={.spec.template.spec.volumes}',
      ),
    ],
    undo: [],
    ...shared,
  };
}
