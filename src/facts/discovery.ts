import { kinds } from '../kubernetes/kinds.ts';
import { listAt } from '../kubernetes/read.ts';
import { matchesLabelSelector } from '../kubernetes/selector.ts';
import type { Json } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { meshConfig, rootNamespace } from './mesh.ts';

/** `discoverySelectors` of the mesh: the namespaces that istiod looks at. */
export interface DiscoverySelectors {
  readonly configMap: Resource;
  readonly selectors: readonly Json[];
}

/** The selectors, where there are any: without them istiod sees every namespace. */
export const discoverySelectors = derive((evidence): DiscoverySelectors | undefined => {
  const { mesh, configMap } = meshConfig(evidence);
  const selectors = listAt(mesh, 'discoverySelectors');
  return configMap && selectors.length > 0 ? { configMap, selectors } : undefined;
});

/** Whether istiod sees what is in a namespace; `unknown` where its labels could not be read. */
export function isDiscovered(evidence: Evidence, namespace: string): boolean | 'unknown' {
  const found = discoverySelectors(evidence);
  if (!found || namespace === rootNamespace(evidence)) return true;
  const object = evidence.get(kinds.namespace, '', namespace);
  if (object.state !== 'found') return 'unknown';
  const labels = { 'kubernetes.io/metadata.name': namespace, ...object.value.labels };
  return found.selectors.some((selector) => matchesLabelSelector(selector, labels));
}
