import { hostLossOf } from '../../facts/host-losses.ts';
import { serverConflicts } from '../../facts/server-conflicts.ts';
import type { Server } from '../../facts/servers.ts';
import type { Check, Explanation, Judgement } from '../check.ts';
import { certificateNotAccepted, noFilterChain, noListener, noRoute } from '../symptoms.ts';
import { chainClashFault } from './chain-clash.ts';
import { hostLossFault } from './host-loss.ts';

const explains: readonly Explanation[] = [
  ...certificateNotAccepted,
  ...noRoute,
  ...noFilterChain,
  ...noListener,
  { check: 'vs-missing', over: 'server' },
  { check: 'vs-host-conflict', over: 'server' },
  { check: 'listener-nack', over: 'listener' },
];

/** Two servers claim a host on one port: the older Gateway has it, or Envoy refuses the listener. */
export const gatewayHostConflict: Check = {
  name: 'gateway-host-conflict',
  title: 'No two servers claim a host on one port',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource', 'istiod-log', 'gateway-log', 'config-dump'],
  explains,
  *inspect(evidence): Iterable<Judgement> {
    const { leftOut, refused } = serverConflicts(evidence);
    const seen = new Set<Server>();
    for (const one of leftOut) {
      if (one.drop.reason !== 'host' || seen.has(one.server)) continue;
      seen.add(one.server);
      yield hostLossFault(evidence, hostLossOf(evidence, one, one.drop));
    }
    for (const one of refused) yield chainClashFault(evidence, one);
  },
};
