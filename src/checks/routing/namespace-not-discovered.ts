import { answerOf } from '../../facts/answers.ts';
import { attachmentOf } from '../../facts/attachments.ts';
import { discoverySelectors, isDiscovered, type DiscoverySelectors } from '../../facts/discovery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { attachedRoutes } from '../../facts/gateway-api-routes.ts';
import { gatewayBackends } from '../../facts/gateway-backends.ts';
import { bindingsOf } from '../../facts/routes.ts';
import { listedHosts, servers, type Server } from '../../facts/servers.ts';
import { isForTls } from '../../facts/targets.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { textMapAt } from '../../kubernetes/read.ts';
import type { Fix, Subject } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl } from '../remedies.ts';
import { backendFails, credentialNeverCame, noFilterChain, noListener, noRoute } from '../symptoms.ts';

/** Something of a namespace that a server needs. */
interface Need {
  readonly server: Server;
  readonly namespace: string;
  readonly what: string;
}

function needsOf(evidence: Evidence, server: Server): readonly Need[] {
  const { workloads } = attachmentOf(evidence, server);
  return [
    { server, namespace: server.owner.namespace, what: named(server.owner) },
    ...workloads.map(({ namespace, name }) => ({ server, namespace, what: `the gateway’s pods (${name})` })),
    ...bindingsOf(evidence, server).map(({ virtualService: { resource } }) => ({
      server,
      namespace: resource.namespace,
      what: named(resource),
    })),
    ...attachedRoutes(evidence, server).map(({ route: { resource } }) => ({
      server,
      namespace: resource.namespace,
      what: named(resource),
    })),
  ];
}

const backendNeeds = (evidence: Evidence): readonly Need[] =>
  gatewayBackends(evidence).flatMap(({ server, backend }) =>
    backend.service ? [{ server, namespace: backend.service.namespace, what: named(backend.service.resource) }] : [],
  );

function fixOf({ configMap, selectors }: DiscoverySelectors, namespace: string): Fix {
  const [label] = selectors.flatMap((selector) => Object.entries(textMapAt(selector, 'matchLabels')));
  const [key, value] = label ?? ['<LABEL>', '<VALUE>'];
  return {
    summary: `label namespace ${namespace} as the selectors ask, or add a selector for it to the mesh configuration`,
    owner: `whoever runs the control plane in ${configMap.namespace}`,
    commands: [kubectl('', 'label', 'namespace', namespace, `${key}=${value}`)],
    undo: [kubectl('', 'label', 'namespace', namespace, `${key}-`)],
    doNot: ['take discoverySelectors away altogether on a large cluster: istiod then watches every namespace at once'],
  };
}

function faultOf(evidence: Evidence, found: DiscoverySelectors, namespace: string, needs: readonly Need[]): Fault {
  const what = [...new Set(needs.map((need) => need.what))];
  const affected = [...new Set(needs.map(({ server }) => server))];
  const namespaceObject: Subject = { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: namespace };
  const object = evidence.get(kinds.namespace, '', namespace);
  const labels = object.state === 'found' ? Object.entries(object.value.labels) : [];
  const title = `Namespace ${namespace} is outside discoverySelectors, and istiod does not see ${what.slice(0, 3).join(', ')} there`;
  const hosts = affected.flatMap(listedHosts);
  const serves = affected.every((server) => listedHosts(server).some((host) => answerOf(evidence, server, host)));
  return {
    subject: subjectOf(found.configMap, 'data.mesh'),
    title,
    message: `${title}. To the control plane the namespace is empty: Gateways, routes, Services and Secrets in it are in force nowhere, and nothing is logged of it.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(found.configMap)} data.mesh`,
        detail: `discoverySelectors: ${JSON.stringify(found.selectors).slice(0, 200)}`,
      },
      {
        source: 'resource',
        ref: `Namespace ${namespace}`,
        detail: `labels: ${labels.map(([key, value]) => `${key}=${value}`).join(', ') || 'none'}`,
      },
    ],
    affects: affected.map((server) => ({ server })),
    confidence: 0.88,
    severity: serves ? 'warning' : 'error',
    related: [namespaceObject],
    fix: fixOf(found, namespace),
    confirm: confirmHost(hosts[0]),
    misleading: ['kubectl shows every object where it should be; only istiod is blind to them.'],
  };
}

/** A namespace that istiod does not look at holds what a TLS host needs. */
export const namespaceNotDiscovered: Check = {
  name: 'namespace-not-discovered',
  title: 'istiod looks at every namespace that a TLS host depends on',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource'],
  explains: [
    ...noFilterChain,
    ...noListener,
    ...noRoute,
    ...backendFails,
    ...credentialNeverCame,
    { check: 'vs-missing', over: 'server' },
    { check: 'vs-destination-missing', over: 'server' },
    { check: 'upstream-no-endpoints', over: 'server' },
    { check: 'secret-missing', over: 'server' },
    { check: 'gateway-selector-mismatch', over: 'server' },
    { check: 'gateway-not-connected', over: 'server' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    const found = discoverySelectors(evidence);
    if (!found) return;
    const needs = [
      ...servers(evidence)
        .filter(isForTls)
        .flatMap((server) => needsOf(evidence, server)),
      ...backendNeeds(evidence),
    ];
    for (const [namespace, own] of Map.groupBy(needs, (need) => need.namespace)) {
      const discovered = isDiscovered(evidence, namespace);
      const gap = discovered === 'unknown' ? evidence.gap(kinds.namespace, '', namespace) : undefined;
      if (gap) {
        yield {
          blind: gap,
          about: `whether istiod looks at namespace ${namespace}`,
          affects: own.map(({ server }) => ({ server })),
        };
      }
      if (discovered === false) yield faultOf(evidence, found, namespace, own);
    }
  },
};
