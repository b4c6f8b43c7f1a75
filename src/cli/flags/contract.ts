import { clusterFlags } from './cluster.ts';
import { evidenceFlags } from './evidence.ts';
import { judgeFlags } from './judge.ts';
import { outputFlags } from './output.ts';
import { probeFlags } from './probe.ts';
import { timeFlags } from './time.ts';

/**
 * The name of every flag that istls has or will have. A command takes those that it honours today; of the others the
 * user hears that they are not there yet, rather than that they do not exist.
 */
export const flagsOfContract: ReadonlySet<string> = new Set([
  ...Object.keys({
    ...clusterFlags,
    ...evidenceFlags,
    ...judgeFlags,
    ...outputFlags,
    ...probeFlags,
    ...timeFlags,
  }),
  'output',
  'report',
]);
