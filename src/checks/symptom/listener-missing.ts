import type { Evidence } from '../../facts/evidence.ts';
import { layout, type Listener } from '../../facts/listeners.ts';
import { envoysOf } from '../../facts/proxies.ts';
import { isTlsProtocol } from '../../facts/servers.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { EnvoyState } from '../../model/envoy.ts';
import type { Check } from '../check.ts';

/** Whether an Envoy is known not to have bound the port: `/listeners` is sure, the dump next to sure. */
function isUnbound(envoy: EnvoyState, port: number): boolean {
  if (envoy.boundListeners) return !envoy.boundListeners.some((name) => name.endsWith(`_${port}`));
  if (!envoy.listeners) return false;
  return !envoy.listeners.some((one) => one.port === port && (one.state === 'active' || one.state === 'static'));
}

const unboundOn = (evidence: Evidence, listener: Listener): readonly EnvoyState[] =>
  envoysOf(evidence, listener.workload).filter((envoy) => isUnbound(envoy, listener.port));

/** A port that servers ask for and that Envoy did not bind: connections to it are refused. */
export const listenerMissing: Check = {
  name: 'listener-missing',
  title: 'Envoy listens on every port that a Gateway asks for',
  group: 'symptom',
  kind: 'symptom',
  severity: 'error',
  step: 'listener',
  reads: ['config-dump'],
  explains: [
    { check: 'connection-refused', over: 'listener' },
    { check: 'filter-chain-missing', over: 'server' },
  ],
  *inspect(evidence) {
    for (const listener of layout(evidence).listeners) {
      const servers = listener.accepted.filter(({ protocol }) => isTlsProtocol(protocol));
      const unbound = servers.length === 0 ? [] : unboundOn(evidence, listener);
      if (unbound.length === 0) continue;
      const { workload, port } = listener;
      const title = `Envoy does not listen on port ${port} of ${workload.ref.kind} ${workload.namespace}/${workload.name}`;
      yield {
        subject: subjectOf(workload.resource ?? workload.ref),
        title,
        message: `${title}, although servers are configured there: connections are refused.`,
        evidence: unbound.map((envoy) => ({
          source: 'config-dump',
          ref: `${envoy.namespace}/${envoy.pod}`,
          detail: `bound: ${(envoy.boundListeners ?? []).join(', ') || 'not told'}`,
        })),
        affects: servers.map((server) => ({ server })),
        confidence: 0.9,
        pods: unbound.map(({ namespace, pod }) => `${namespace}/${pod}`),
      };
    }
  },
};
