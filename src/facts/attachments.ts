import { kinds } from '../kubernetes/kinds.ts';
import { objectsAt, textAt } from '../kubernetes/read.ts';
import { labelText, matchesLabels } from '../kubernetes/selector.ts';
import type { Gap } from '../model/coverage.ts';
import { derive, type Evidence } from './evidence.ts';
import { gatewayClassClaim, ingressClaim } from './claims.ts';
import { controlPlanes, setting } from './mesh.ts';
import { servers, type Server } from './servers.ts';
import { services } from './services.ts';
import { gatewayWorkloads, isGatewayProxy, workloads, type Workload } from './workloads.ts';

/** Why a workload that a server's selector finds does not take the server all the same. */
export type Refusal =
  | { readonly reason: 'revision'; readonly wanted: string; readonly has: readonly string[] }
  | { readonly reason: 'scope'; readonly namespace: string }
  | { readonly reason: 'class' };

export interface Attachment {
  readonly server: Server;
  /** Workloads whose control plane configures this server on them. */
  readonly workloads: readonly Workload[];
  /** Workloads that the selector finds but that do not take the server. */
  readonly refused: readonly { readonly workload: Workload; readonly refusal: Refusal }[];
  /** Set when pods could not be looked at, so that no workload says nothing. */
  readonly gap?: Gap;
}

const isSidecar = (workload: Workload): boolean =>
  workload.spec.args.includes('sidecar') && !workload.spec.args.includes('router');

const bySelector = derive((evidence) => {
  const known = new Map<string, readonly Workload[]>();
  const gateways = gatewayWorkloads(evidence);
  const candidates = [...gateways, ...workloads(evidence).filter((one) => !isGatewayProxy(one) && !isSidecar(one))];
  return (selector: Readonly<Record<string, string>>): readonly Workload[] => {
    const key = labelText(selector);
    let found = known.get(key);
    if (!found) {
      // a selector without labels takes every gateway, and no other pod
      const from = key === '' ? gateways : candidates;
      const matched = from.filter(({ labels }) => matchesLabels(selector, labels));
      const proxies = matched.filter(isGatewayProxy);
      found = proxies.length > 0 ? proxies : matched;
      known.set(key, found);
    }
    return found;
  };
});

/** The workloads whose labels fit a selector, whatever else would keep them from taking a Gateway. */
export const workloadsSelected = (
  evidence: Evidence,
  selector: Readonly<Record<string, string>>,
): readonly Workload[] => bySelector(evidence)(selector);

/** The pods of a Gateway API gateway: deployed for it, or, with a host name as address, those behind that Service. */
function workloadsOfGatewayApi(evidence: Evidence, server: Server): readonly Workload[] {
  const { owner } = server;
  const parent = textAt(owner.body, 'spec', 'parentRef', 'name');
  const gatewayName = parent ?? owner.name;
  const namespace = textAt(owner.body, 'spec', 'parentRef', 'namespace') ?? owner.namespace;
  const gateway = parent === undefined ? owner : foundGateway(evidence, namespace, gatewayName);
  const hostnames = objectsAt(gateway?.body, 'spec', 'addresses').flatMap(({ value }) =>
    textAt(value, 'type') === 'Hostname' ? (textAt(value, 'value') ?? []) : [],
  );
  if (hostnames.length > 0) return hostnames.flatMap((hostname) => workloadsBehind(evidence, hostname, namespace));
  return workloads(evidence).filter((one) => one.namespace === namespace && one.managedFor === gatewayName);
}

function foundGateway(evidence: Evidence, namespace: string, name: string) {
  const found = evidence.get(kinds.kubernetesGateway, namespace, name);
  return found.state === 'found' ? found.value : undefined;
}

/** The workloads behind `NAME.NAMESPACE.svc…`; a short name is in the Gateway's own namespace. */
function workloadsBehind(evidence: Evidence, hostname: string, ownNamespace: string): readonly Workload[] {
  const [name, namespace = ownNamespace] = hostname.split('.');
  return services(evidence)
    .filter((service) => service.name === name && service.namespace === namespace)
    .flatMap((service) =>
      workloads(evidence).filter(
        (one) =>
          one.namespace === service.namespace &&
          Object.keys(service.selector).length > 0 &&
          matchesLabels(service.selector, one.labels),
      ),
    );
}

/** Tags lead to revisions: the namespace label or a Gateway may name either. */
function revisionsServed(evidence: Evidence): readonly string[] {
  const own = controlPlanes(evidence).map(({ revision }) => revision);
  const tagged = evidence.list('MutatingWebhookConfiguration.admissionregistration.k8s.io').items.flatMap((webhook) => {
    const tag = webhook.labels['istio.io/tag'];
    return tag === undefined ? [] : [tag];
  });
  return [...new Set([...own, ...tagged])];
}

/** The revision behind a tag, where its webhook was seen. */
export function revisionOfTag(evidence: Evidence, name: string): string {
  const webhook = evidence
    .list('MutatingWebhookConfiguration.admissionregistration.k8s.io')
    .items.find(({ labels }) => labels['istio.io/tag'] === name);
  return webhook?.labels['istio.io/rev'] ?? name;
}

function refusalOf(evidence: Evidence, server: Server, workload: Workload): Refusal | undefined {
  if (server.from === 'Ingress' && ingressClaim(evidence, server.owner).by !== 'istio') return { reason: 'class' };
  if (server.from === 'GatewayAPI' && gatewayClassClaim(evidence, server.owner).by === 'nobody') {
    return { reason: 'class' };
  }
  const wanted = server.owner.labels['istio.io/rev'];
  if (wanted !== undefined && wanted !== '') {
    const served = revisionsServed(evidence);
    const own = revisionOfTag(evidence, workload.revision);
    const asked = revisionOfTag(evidence, wanted);
    const known = served.length > 0;
    if (known && asked !== own && !(asked === 'default' && own === 'default')) {
      return { reason: 'revision', wanted, has: [workload.revision] };
    }
  }
  const scoped = controlPlanes(evidence).some(
    ({ namespace }) => setting(evidence, namespace, 'PILOT_SCOPE_GATEWAY_TO_NAMESPACE') === 'true',
  );
  if (scoped && server.from === 'Gateway' && workload.namespace !== server.owner.namespace) {
    return { reason: 'scope', namespace: workload.namespace };
  }
  return undefined;
}

function attach(evidence: Evidence, server: Server): Attachment {
  const selected =
    server.selector === undefined
      ? workloadsOfGatewayApi(evidence, server)
      : workloadsSelected(evidence, server.selector);
  const taken: Workload[] = [];
  const refused: { workload: Workload; refusal: Refusal }[] = [];
  for (const workload of selected) {
    const refusal = refusalOf(evidence, server, workload);
    if (refusal) refused.push({ workload, refusal });
    else taken.push(workload);
  }
  const gap = selected.length > 0 ? undefined : (evidence.gap(kinds.pod, '*') ?? undefined);
  return { server, workloads: taken, refused, ...(gap && { gap }) };
}

/** For each server, the gateway workloads that take it (istio-gateway-tls 1.3). */
export const attachments = derive((evidence): ReadonlyMap<string, Attachment> => {
  const found = new Map<string, Attachment>();
  for (const server of servers(evidence)) found.set(server.key, attach(evidence, server));
  return found;
});

export function attachmentOf(evidence: Evidence, server: Server): Attachment {
  return attachments(evidence).get(server.key) ?? { server, workloads: [], refused: [] };
}
