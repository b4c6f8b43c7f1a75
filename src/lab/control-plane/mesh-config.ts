import type { Json } from '../../model/json.ts';
import { textAt } from '../../kubernetes/read.ts';
import { readYaml } from '../yaml-document.ts';
import type { ClusterView } from './cluster-view.ts';

/** What the lab reads of the mesh's configuration. */
export interface MeshConfig {
  readonly accessLog: boolean;
  readonly ingressControllerMode: string;
  readonly ingressClass: string;
  readonly ingressService: string;
  /** The value of the label `istio` that the gateway of Ingresses has. */
  readonly ingressSelector: string;
}

export function meshConfig(view: ClusterView): MeshConfig {
  const mesh = parse(textAt(view.get('ConfigMap', 'istio-system', 'istio'), 'data', 'mesh') ?? '');
  const ingressService = textAt(mesh, 'ingressService') ?? 'istio-ingressgateway';
  const usual = ingressService === 'istio-ingressgateway' ? 'ingressgateway' : ingressService;
  return {
    accessLog: (textAt(mesh, 'accessLogFile') ?? '') !== '',
    ingressControllerMode: textAt(mesh, 'ingressControllerMode') ?? 'STRICT',
    ingressClass: textAt(mesh, 'ingressClass') ?? 'istio',
    ingressService,
    ingressSelector: textAt(mesh, 'ingressSelector') ?? usual,
  };
}

function parse(text: string): Json {
  try {
    return readYaml(text);
  } catch {
    return null;
  }
}
