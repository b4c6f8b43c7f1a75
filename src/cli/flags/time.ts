import { Flags } from '@oclif/core';
import { helpGroups } from './help-groups.ts';
import { duration, someDuration } from './kinds.ts';

const helpGroup = helpGroups.time;

/** How long a run may take, and whether it is repeated. */
export const timeFlags = {
  timeout: duration({
    helpGroup,
    summary: 'time for the whole run, after which it reports what it has; 0 for no limit',
    default: 30_000,
    defaultHelp: async () => '30s',
  }),
  wait: someDuration({
    helpGroup,
    summary: 'run again until the targets are healthy, at most this long (exit code 124); takes the place of --timeout',
  }),
  watch: Flags.boolean({
    helpGroup,
    summary: 'run again at every change until Ctrl-C; takes the place of --timeout',
    exclusive: ['wait'],
  }),
};
