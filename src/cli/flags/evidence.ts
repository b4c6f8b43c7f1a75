import { Flags } from '@oclif/core';
import { helpGroups } from './help-groups.ts';
import { repeatable } from './kinds.ts';

const helpGroup = helpGroups.evidence;

/** Where evidence comes from, beside the cluster or instead of it. */
export const evidenceFlags = {
  from: Flags.string({
    helpValue: 'PATH',
    helpGroup,
    summary:
      'evidence from a snapshot, an istioctl bug-report, or a file or folder of YAML or JSON instead of a cluster; - is standard input (repeatable)',
    ...repeatable,
  }),
  'no-secrets': Flags.boolean({
    helpGroup,
    summary: 'read no Secret at all: certificates are judged as Envoy serves them',
  }),
  symptom: Flags.string({
    helpValue: 'TEXT',
    helpGroup,
    summary: 'what the client saw, such as the error of curl; it counts as evidence',
  }),
};
