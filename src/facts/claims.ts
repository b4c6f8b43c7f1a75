import { kinds } from '../kubernetes/kinds.ts';
import { textAt } from '../kubernetes/read.ts';
import type { Gap } from '../model/coverage.ts';
import type { Resource } from '../model/resource.ts';
import type { Evidence } from './evidence.ts';
import { meshConfig, rootNamespace, setting } from './mesh.ts';

/** Whether a controller takes an object by its class, and which class decided it. */
export type Claim =
  | { readonly by: 'istio'; readonly className: string }
  | { readonly by: 'other'; readonly className: string; readonly controller: string }
  /** Nobody takes it. `missing` is the class object that would be needed; none where the Ingress names no class. */
  | { readonly by: 'nobody'; readonly className: string; readonly missing?: string; readonly istioMeant: boolean }
  | { readonly by: 'unknown'; readonly className: string; readonly gap: Gap; readonly istioMeant: boolean };

export const meansIstio = (claim: Claim): boolean => claim.by === 'istio' || (claim.by !== 'other' && claim.istioMeant);

const istioIngressController = 'istio.io/ingress-controller';

/**
 * Who takes an Ingress. The annotation, where there is one, decides alone; else the IngressClass by its controller;
 * an Ingress without class is Istio's only in mode DEFAULT (istio-gateway-tls 7.1; MeshConfig `ingressControllerMode`).
 */
export function ingressClaim(evidence: Evidence, ingress: Resource): Claim {
  const { mesh } = meshConfig(evidence);
  const own = textAt(mesh, 'ingressClass') ?? 'istio';
  const mode = textAt(mesh, 'ingressControllerMode');
  const annotated = ingress.annotations['kubernetes.io/ingress.class'];
  if (annotated !== undefined) {
    if (annotated !== own)
      return { by: 'other', className: annotated, controller: `the class annotation ${annotated}` };
    return mode === 'OFF'
      ? { by: 'nobody', className: annotated, istioMeant: true }
      : { by: 'istio', className: annotated };
  }
  const className = textAt(ingress.body, 'spec', 'ingressClassName');
  if (className === undefined) {
    if (mode === 'DEFAULT') return { by: 'istio', className: '' };
    return { by: 'nobody', className: '', istioMeant: false };
  }
  const istioMeant = className === own || className.includes('istio');
  const found = evidence.get(kinds.ingressClass, '', className);
  if (found.state === 'unknown') return { by: 'unknown', className, gap: found.gap, istioMeant };
  if (found.state === 'absent') return { by: 'nobody', className, missing: className, istioMeant };
  const controller = textAt(found.value.body, 'spec', 'controller') ?? '';
  if (controller === istioIngressController) {
    return mode === 'OFF' ? { by: 'nobody', className, istioMeant: true } : { by: 'istio', className };
  }
  // a class called istio with another controller is the same mistake as no class: Istio was meant and does not take it
  if (istioMeant) return { by: 'nobody', className, istioMeant };
  return { by: 'other', className, controller };
}

/** Who takes a Gateway of the Gateway API: the controller of its GatewayClass. A ListenerSet is its parent's. */
export function gatewayClassClaim(evidence: Evidence, gateway: Resource): Claim {
  const className = textAt(gateway.body, 'spec', 'gatewayClassName');
  if (className === undefined) return listenerSetClaim(evidence, gateway);
  if (className.includes('waypoint')) return { by: 'other', className, controller: 'istio.io/mesh-controller' };
  const istioMeant = /istio/.test(className);
  const found = evidence.get(kinds.gatewayClass, '', className);
  if (found.state === 'unknown') return { by: 'unknown', className, gap: found.gap, istioMeant };
  if (found.state === 'absent') return { by: 'nobody', className, missing: className, istioMeant: true };
  const controller = textAt(found.value.body, 'spec', 'controllerName') ?? '';
  const isOff = setting(evidence, rootNamespace(evidence), 'PILOT_ENABLE_GATEWAY_API') === 'false';
  if (controller.startsWith('istio.io/') && !isOff) return { by: 'istio', className };
  if (istioMeant) return { by: 'nobody', className, istioMeant };
  return { by: 'other', className, controller };
}

function listenerSetClaim(evidence: Evidence, listenerSet: Resource): Claim {
  const name = textAt(listenerSet.body, 'spec', 'parentRef', 'name') ?? '';
  const namespace = textAt(listenerSet.body, 'spec', 'parentRef', 'namespace') ?? listenerSet.namespace;
  const parent = evidence.get(kinds.kubernetesGateway, namespace, name);
  if (parent.state === 'found') return gatewayClassClaim(evidence, parent.value);
  if (parent.state === 'unknown') return { by: 'unknown', className: '', gap: parent.gap, istioMeant: true };
  return { by: 'nobody', className: '', istioMeant: false };
}
