import type { JsonObject } from '../../model/json.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import { matchesLabelSelector } from '../../kubernetes/selector.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { labelsOf, nameOf, namespaceOf } from '../api-server/object.ts';
import { byAge } from './cluster-view.ts';
import type { ClusterView } from './cluster-view.ts';
import type { Condition } from './conditions.ts';
import type { VirtualServiceConfig } from './config.ts';
import { hostsMeet } from './host-names.ts';
import { httpRules } from './http-route-rules.ts';
import { internalName } from './kubernetes-gateways.ts';
import type { KubernetesListener } from './kubernetes-gateways.ts';

const routeKinds = ['HTTPRoute.gateway.networking.k8s.io', 'TLSRoute.gateway.networking.k8s.io'] as const;

/** How one parent took a route. */
interface Attachment {
  readonly parentRef: JsonObject;
  readonly listeners: readonly KubernetesListener[];
  readonly conditions: readonly Condition[];
}

export interface AttachedRoute {
  readonly groupKind: (typeof routeKinds)[number];
  readonly route: KubernetesObject;
  readonly attachments: readonly Attachment[];
  readonly config: VirtualServiceConfig;
}

/** All routes with the listeners that take them. Parents that are no Gateway of Istio's are passed over. */
export function attachRoutes(view: ClusterView, listeners: readonly KubernetesListener[]): readonly AttachedRoute[] {
  return routeKinds.flatMap((groupKind) =>
    byAge(view.list(groupKind)).map((route) => {
      const rules = groupKind.startsWith('TLS') ? { rules: tlsRules(route) } : httpRules(route, view);
      const parents = objectsAt(route, 'spec', 'parentRefs').map(({ value }) => value);
      const attachments = parents.flatMap((parentRef) => {
        const attachment = attach(groupKind, route, parentRef, listeners, view);
        if (!attachment) return [];
        return [{ ...attachment, conditions: [...attachment.conditions, referencesCondition(rules.problem)] }];
      });
      return { groupKind, route, attachments, config: routeConfig(groupKind, route, attachments, rules.rules) };
    }),
  );
}

function attach(
  groupKind: string,
  route: KubernetesObject,
  parentRef: JsonObject,
  listeners: readonly KubernetesListener[],
  view: ClusterView,
): Attachment | undefined {
  const namespace = textAt(parentRef, 'namespace') ?? namespaceOf(route);
  const parents = listeners.filter(
    ({ gateway }) => nameOf(gateway) === textAt(parentRef, 'name') && namespaceOf(gateway) === namespace,
  );
  if (parents.length === 0) return undefined;
  const [section, port] = [textAt(parentRef, 'sectionName'), numberAt(parentRef, 'port')];
  const named = parents.filter(
    (listener) =>
      (section === undefined || listener.name === section) &&
      (port === undefined || listener.port === port) &&
      takesKind(listener, groupKind),
  );
  const hostnames = hostnamesOf(route);
  const meeting = named.filter(
    ({ hostname }) => hostname === '' || hostnames.some((name) => hostsMeet(name, hostname)),
  );
  const allowing = meeting.filter((listener) => allowsNamespace(listener, route, view));
  const refusal = whyRefused(parentRef, route, named, meeting, allowing);
  return { parentRef, listeners: allowing, conditions: [refusal ?? accepted] };
}

const accepted: Condition = { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Route was valid' };

function whyRefused(
  parentRef: JsonObject,
  route: KubernetesObject,
  named: readonly KubernetesListener[],
  meeting: readonly KubernetesListener[],
  allowing: readonly KubernetesListener[],
): Condition | undefined {
  const refused = (reason: string, message: string): Condition => ({
    type: 'Accepted',
    status: 'False',
    reason,
    message,
  });
  if (allowing.length > 0) return undefined;
  if (named.length === 0) {
    const section = textAt(parentRef, 'sectionName');
    return refused(
      'NoMatchingParent',
      section === undefined ? 'no matching listener' : `sectionName "${section}" not found`,
    );
  }
  const hostnames = hostnamesOf(route).join(', ');
  if (meeting.length === 0) {
    const parents = named.map(({ hostname }) => `"${hostname}"`).join(', ');
    return refused(
      'NoMatchingListenerHostname',
      `no hostnames matched parent hostname ${parents} (route: ${hostnames})`,
    );
  }
  const hostname = meeting[0]?.hostname ?? '';
  const message = `hostnames matched parent hostname "${hostname}", but namespace "${namespaceOf(route)}" is not allowed by the parent`;
  return refused('NotAllowedByListeners', message);
}

function referencesCondition(problem: Pick<Condition, 'reason' | 'message'> | undefined): Condition {
  if (problem) return { type: 'ResolvedRefs', status: 'False', ...problem };
  return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'All references resolved' };
}

/** HTTP routes go to HTTP and HTTPS listeners, TLS routes to TLS listeners. */
function takesKind({ protocol }: KubernetesListener, groupKind: string): boolean {
  return groupKind.startsWith('TLS') ? protocol === 'TLS' : protocol === 'HTTP' || protocol === 'HTTPS';
}

function allowsNamespace({ gateway, spec }: KubernetesListener, route: KubernetesObject, view: ClusterView): boolean {
  switch (textAt(spec, 'allowedRoutes', 'namespaces', 'from') ?? 'Same') {
    case 'All':
      return true;
    case 'Selector': {
      const namespace = view.get('Namespace', '', namespaceOf(route));
      const labels = { ...(namespace && labelsOf(namespace)), 'kubernetes.io/metadata.name': namespaceOf(route) };
      return matchesLabelSelector(objectAt(spec, 'allowedRoutes', 'namespaces', 'selector'), labels);
    }
    default:
      return namespaceOf(route) === namespaceOf(gateway);
  }
}

function hostnamesOf(route: KubernetesObject): readonly string[] {
  const hostnames = textsAt(route, 'spec', 'hostnames');
  return hostnames.length > 0 ? hostnames : ['*'];
}

function routeConfig(
  groupKind: string,
  route: KubernetesObject,
  attachments: readonly Attachment[],
  rules: readonly JsonObject[],
): VirtualServiceConfig {
  const gateways = attachments.flatMap(({ listeners }) =>
    listeners.map(({ gateway, name }) => `${namespaceOf(gateway)}/${internalName(gateway, name)}`),
  );
  const isTls = groupKind.startsWith('TLS');
  return {
    namespace: namespaceOf(route),
    name: `${nameOf(route)}-istio-autogenerated-k8s-gateway`,
    hosts: hostnamesOf(route),
    gateways,
    exportTo: ['*'],
    http: isTls ? [] : rules,
    tls: isTls ? rules : [],
    tcp: [],
  };
}

function tlsRules(route: KubernetesObject): readonly JsonObject[] {
  return objectsAt(route, 'spec', 'rules').map(({ value: rule }) => {
    const [backend] = objectsAt(rule, 'backendRefs');
    const namespace = textAt(backend?.value, 'namespace') ?? namespaceOf(route);
    const host = `${textAt(backend?.value, 'name')}.${namespace}.svc.cluster.local`;
    const destination = { host, port: { number: numberAt(backend?.value, 'port') ?? 0 } };
    return { match: [{ sniHosts: hostnamesOf(route) }], route: [{ destination }] };
  });
}
