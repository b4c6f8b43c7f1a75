import type { EnvoyNode, EnvoyState } from '../model/envoy.ts';
import { present } from './present.ts';

/**
 * Puts together what several pages, or several slices of one, told of one Envoy. Lists are joined: what stands in two
 * slices is taken once, and of an endpoint the later state holds. Of single values the later one that is there holds.
 */
export function mergeStates(...parts: readonly Partial<EnvoyState>[]): Partial<EnvoyState> {
  return parts.reduce(mergeTwo, {});
}

function mergeTwo(before: Partial<EnvoyState>, after: Partial<EnvoyState>): Partial<EnvoyState> {
  return {
    ...before,
    ...after,
    ...present({
      listeners: join(before.listeners, after.listeners, asText),
      secrets: join(before.secrets, after.secrets, asText),
      routeConfigs: join(before.routeConfigs, after.routeConfigs, asText),
      clusters: join(before.clusters, after.clusters, asText),
      endpoints: join(before.endpoints, after.endpoints, ({ cluster, address }) => `${cluster} ${address}`),
      node: mergeNodes(before.node, after.node),
    }),
  };
}

function asText(value: object): string {
  return JSON.stringify(value);
}

function join<T>(
  before: readonly T[] | undefined,
  after: readonly T[] | undefined,
  key: (value: T) => string,
): readonly T[] | undefined {
  if (!before || !after) return after ?? before;
  const later = new Set(after.map(key));
  return [...before.filter((value) => !later.has(key(value))), ...after];
}

/** `/server_info` of an old Envoy has no node, so its labels are empty: that says nothing against the bootstrap's. */
function mergeNodes(before: EnvoyNode | undefined, after: EnvoyNode | undefined): EnvoyNode | undefined {
  if (!before || !after) return after ?? before;
  const labels = Object.keys(after.labels).length > 0 ? after.labels : before.labels;
  return { ...before, ...after, labels };
}
