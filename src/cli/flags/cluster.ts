import { Flags } from '@oclif/core';
import { parseNamespace } from '../object-name.ts';
import { helpGroups } from './help-groups.ts';
import { duration, repeatable } from './kinds.ts';

const helpGroup = helpGroups.cluster;

/** Which cluster, as whom, and what of it: the words of kubectl and istioctl. */
export const clusterFlags = {
  namespace: Flags.string({
    char: 'n',
    helpValue: 'NAMESPACE',
    helpGroup,
    summary: 'judge only what is in this namespace; evidence is read wherever it lies (repeatable)',
    ...repeatable,
    parse: async (text) => parseNamespace(text),
  }),
  'all-namespaces': Flags.boolean({
    char: 'A',
    helpGroup,
    summary: 'judge every namespace that you may see: what happens without -n, and what beats it',
  }),
  selector: Flags.string({
    char: 'l',
    helpValue: 'LABELS',
    helpGroup,
    summary: 'judge only gateways with these labels: key=value, key!=value, key in (a,b), key',
  }),
  kubeconfig: Flags.string({
    helpValue: 'FILE',
    helpGroup,
    summary: 'kubeconfig to use instead of $KUBECONFIG or ~/.kube/config',
  }),
  context: Flags.string({
    helpValue: 'NAME',
    helpGroup,
    summary: 'context of the kubeconfig; several make one run over several clusters (repeatable)',
    ...repeatable,
  }),
  as: Flags.string({ helpValue: 'USER', helpGroup, summary: 'user to impersonate' }),
  'as-group': Flags.string({
    helpValue: 'GROUP',
    helpGroup,
    summary: 'group to impersonate (repeatable)',
    ...repeatable,
    dependsOn: ['as'],
  }),
  'request-timeout': duration({
    helpGroup,
    summary: 'time for one request to the Kubernetes API; 0 for no limit of its own',
  }),
  'istio-namespace': Flags.string({
    char: 'i',
    aliases: ['istioNamespace'],
    helpValue: 'NAMESPACE',
    helpGroup,
    summary: 'namespace of istiod',
    default: 'istio-system',
    parse: async (text) => parseNamespace(text),
  }),
  revision: Flags.string({
    char: 'r',
    helpValue: 'REVISION',
    helpGroup,
    summary: 'control plane revision to judge by',
  }),
  audit: Flags.string({
    helpValue: 'FILE',
    helpGroup,
    summary: 'write a line of JSON for every request to the Kubernetes API: time, method, path, status',
  }),
};
