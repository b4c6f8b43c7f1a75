import { kinds } from '../kubernetes/kinds.ts';
import { objectAt, objectsAt, textAt, textMapAt } from '../kubernetes/read.ts';
import { matchesLabels } from '../kubernetes/selector.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { rootNamespace } from './mesh.ts';
import { gatewayWorkloads, type Workload } from './workloads.ts';

/** A patch of an EnvoyFilter that touches what ends TLS at a gateway. */
export interface Tampering {
  readonly filter: Resource;
  /** `spec.configPatches[0]`. */
  readonly path: string;
  readonly workload: Workload;
  /** What it does, as the end of a sentence that begins with the patch. */
  readonly effect: string;
  /** `likely`: what it takes away is needed; `possible`: it depends on the rest. */
  readonly harm: 'likely' | 'possible';
}

/** The gateways that an EnvoyFilter is for: by its selector in its own namespace, or in all from the root namespace. */
function workloadsOf(evidence: Evidence, filter: Resource): readonly Workload[] {
  const selector = {
    ...textMapAt(filter.body, 'spec', 'workloadSelector', 'labels'),
    // the form of Istio 1.0 to 1.2
    ...textMapAt(filter.body, 'spec', 'workloadLabels'),
  };
  return gatewayWorkloads(evidence).filter(
    ({ namespace, labels }) =>
      (filter.namespace === namespace || filter.namespace === rootNamespace(evidence)) &&
      matchesLabels(selector, labels),
  );
}

const hasText = (value: JsonObject | undefined, word: RegExp): boolean =>
  value !== undefined && word.test(JSON.stringify(value).slice(0, 50_000));

/** What one patch does to TLS; undefined: nothing that this check is about. */
function effectOf(patch: JsonObject): Pick<Tampering, 'effect' | 'harm'> | undefined {
  const where = textAt(patch, 'applyTo');
  const operation = textAt(patch, 'patch', 'operation') ?? '';
  const value = objectAt(patch, 'patch', 'value');
  const listenerMatch = objectAt(patch, 'match', 'listener');
  if (operation === 'REMOVE') {
    if (where === 'LISTENER' || where === 'FILTER_CHAIN')
      return { effect: `removes a ${where.toLowerCase().replace('_', ' ')}`, harm: 'likely' };
    if (where === 'LISTENER_FILTER' && hasText(listenerMatch, /tls_inspector/))
      return { effect: 'removes the tls_inspector', harm: 'likely' };
    if (where === 'NETWORK_FILTER' && hasText(listenerMatch, /http_connection_manager|tcp_proxy/)) {
      return { effect: 'removes the filter that handles connections', harm: 'likely' };
    }
    return undefined;
  }
  if (where !== 'LISTENER' && where !== 'FILTER_CHAIN') return undefined;
  if (hasText(value, /"transport_?socket"|"tls_?context"/i)) {
    const plain = hasText(value, /raw_buffer/);
    return {
      effect: plain ? 'puts a plaintext transport socket in the place of TLS' : 'changes the TLS context',
      harm: plain ? 'likely' : 'possible',
    };
  }
  if (hasText(value, /"filter_?chain_?match"/i))
    return { effect: 'changes the names of a filter chain', harm: 'possible' };
  return hasText(value, /"listener_?filters"/i) && operation === 'REPLACE'
    ? { effect: 'replaces the listener filters', harm: 'possible' }
    : undefined;
}

const isForGateways = (patch: JsonObject): boolean => {
  const context = textAt(patch, 'match', 'context') ?? 'ANY';
  return context === 'ANY' || context === 'GATEWAY';
};

/** Patches that touch listeners, chains or TLS contexts of gateways. */
export const tamperings = derive((evidence): readonly Tampering[] =>
  evidence.list(kinds.envoyFilter).items.flatMap((filter) =>
    objectsAt(filter.body, 'spec', 'configPatches').flatMap(({ index, value }) => {
      const effect = isForGateways(value) ? effectOf(value) : undefined;
      if (!effect) return [];
      return workloadsOf(evidence, filter).map((workload) => ({
        filter,
        path: `spec.configPatches[${index}]`,
        workload,
        ...effect,
      }));
    }),
  ),
);
