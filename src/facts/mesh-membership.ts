import { kinds } from '../kubernetes/kinds.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import { matchesLabels } from '../kubernetes/selector.ts';
import { textMapAt } from '../kubernetes/read.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { rootNamespace } from './mesh.ts';
import type { Pod } from './pods.ts';

/** Whether traffic to a pod is taken by a proxy of the mesh: a sidecar, or the node's in ambient mode. */
export function isInMesh(evidence: Evidence, { resource, namespace }: Pod): boolean {
  const containers = [
    ...objectsAt(resource.body, 'spec', 'containers'),
    ...objectsAt(resource.body, 'spec', 'initContainers'),
  ];
  if (containers.some(({ value }) => textAt(value, 'name') === 'istio-proxy')) return true;
  if (resource.annotations['ambient.istio.io/redirection'] === 'enabled') return true;
  const found = evidence.get(kinds.namespace, '', namespace);
  return found.state === 'found' && found.value.labels['istio.io/dataplane-mode'] === 'ambient';
}

/** The mode in which a workload takes mutual TLS, and the policy that says so; without one it is PERMISSIVE. */
export interface PeerMode {
  readonly mode: string;
  readonly policy?: Resource;
  /** `spec.mtls.mode`. */
  readonly path: string;
}

const policies = derive((evidence) =>
  Map.groupBy(
    [...evidence.list(kinds.peerAuthentication).items].sort((a, b) =>
      (a.createdAt ?? '9999').localeCompare(b.createdAt ?? '9999'),
    ),
    ({ namespace }) => namespace,
  ),
);

function modeIn(policy: Resource, port: number | undefined): PeerMode | undefined {
  const ofPort = port === undefined ? undefined : objectAt(policy.body, 'spec', 'portLevelMtls', String(port));
  const own = textAt(ofPort, 'mode');
  if (own !== undefined && own !== 'UNSET') return { mode: own, policy, path: `spec.portLevelMtls.${port ?? ''}.mode` };
  const mode = textAt(policy.body, 'spec', 'mtls', 'mode');
  return mode === undefined || mode === 'UNSET' ? undefined : { mode, policy, path: 'spec.mtls.mode' };
}

const hasSelector = ({ body }: Resource): boolean =>
  Object.keys(textMapAt(body, 'spec', 'selector', 'matchLabels')).length > 0;

/** The PeerAuthentication in force for pods with these labels: the workload's, else the namespace's, else the mesh's. */
export function peerModeOf(
  evidence: Evidence,
  { namespace, labels }: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  port?: number,
): PeerMode {
  const own = policies(evidence).get(namespace) ?? [];
  const ofMesh = policies(evidence).get(rootNamespace(evidence)) ?? [];
  const candidates = [
    ...own.filter(
      (policy) =>
        hasSelector(policy) && matchesLabels(textMapAt(policy.body, 'spec', 'selector', 'matchLabels'), labels),
    ),
    ...own.filter((policy) => !hasSelector(policy)),
    ...ofMesh.filter((policy) => !hasSelector(policy)),
  ];
  for (const policy of candidates) {
    const found = modeIn(policy, hasSelector(policy) ? port : undefined);
    if (found) return found;
  }
  return { mode: 'PERMISSIVE', path: 'spec.mtls.mode' };
}

/** The scheme that a pod's own probes speak to one of its ports: a sign of what listens there. */
export function probedScheme({ resource, ports }: Pod, port: number): 'HTTP' | 'HTTPS' | undefined {
  for (const { value: container } of objectsAt(resource.body, 'spec', 'containers')) {
    for (const probe of ['readinessProbe', 'livenessProbe', 'startupProbe']) {
      const get = objectAt(container, probe, 'httpGet');
      if (!get) continue;
      const name = textAt(get, 'port');
      const number = numberAt(get, 'port') ?? ports.find((one) => one.name === name)?.number;
      if (number === port) return textAt(get, 'scheme')?.toUpperCase() === 'HTTPS' ? 'HTTPS' : 'HTTP';
    }
  }
  return undefined;
}
