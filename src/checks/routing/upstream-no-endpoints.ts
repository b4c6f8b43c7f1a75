import { answerOf } from '../../facts/answers.ts';
import { clusterEndpoints, endpointsOf, type Endpoints } from '../../facts/endpoints.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { gatewayBackends, type BackendUse } from '../../facts/gateway-backends.ts';
import { podsOf, type Service } from '../../facts/services.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { labelText } from '../../kubernetes/selector.ts';
import type { Fix } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, ownerOfNamespace } from '../remedies.ts';
import { backendFails } from '../symptoms.ts';
import { linesOf, seenFailing } from './backend-failures.ts';

/** Services whose endpoints are not made from pods have none to count: a name elsewhere, or addresses set by hand. */
const isCounted = ({ type, externalName }: Service): boolean => type !== 'ExternalName' && externalName === undefined;

const isUnhealthy = ({ flags }: { readonly flags: readonly string[] }): boolean => flags.includes('UH');

function whyOf(evidence: Evidence, service: Service, { notReady }: Endpoints): string {
  const pods = podsOf(evidence, service);
  if (Object.keys(service.selector).length === 0) return 'it has no selector, and nobody gave it endpoints';
  if (pods.length === 0) return `its selector ${labelText(service.selector)} takes no pod`;
  const [trouble] = pods.flatMap((pod) => (pod.ready ? [] : (pod.trouble ?? [])));
  if (notReady > 0 && pods.every(({ ready }) => !ready)) {
    return `none of its ${pods.length} pods is ready${trouble === undefined ? '' : ` (${trouble})`}`;
  }
  return 'no container port has the name of its targetPort';
}

function fixOf(evidence: Evidence, service: Service): Fix {
  const { namespace, name, selector } = service;
  const pods = podsOf(evidence, service);
  const label = labelText(selector);
  const look =
    pods.length > 0
      ? kubectl(namespace, 'describe', 'pods', '-l', label)
      : kubectl(namespace, 'get', 'pods', '--show-labels');
  return {
    summary:
      pods.length > 0
        ? `bring the pods behind Service ${name} to readiness`
        : `let the selector of Service ${name} and the labels of the pods agree, or start the pods`,
    owner: ownerOfNamespace(namespace),
    commands: [look],
    undo: [],
    doNot: [],
  };
}

function faultOf(evidence: Evidence, service: Service, uses: readonly BackendUse[], endpoints: Endpoints): Fault {
  const [use] = uses;
  const title = `${named(service.resource)} has no ready endpoint: ${whyOf(evidence, service, endpoints)}`;
  const seen = uses.flatMap((one) => seenFailing(evidence, one, isUnhealthy)).slice(0, 4);
  const certain = uses.some(({ isWhole }) => isWhole) || seen.length > 0;
  return {
    subject: subjectOf(service.resource),
    title,
    message: `${title}. TLS at the gateway is well; it answers requests for this backend with 503.`,
    evidence: [
      ...endpoints.seen,
      ...uses
        .slice(0, 1)
        .flatMap(({ backend }) => clusterEndpoints(evidence, backend).map(({ seen: observed }) => observed)),
      ...seen,
    ],
    affects: uses.map(({ server, hosts }) => ({ server, hosts })),
    confidence: endpoints.seen.length > 1 ? 0.92 : 0.85,
    severity: certain ? 'error' : 'warning',
    related: use ? [subjectOf(use.owner, use.path)] : [],
    fix: fixOf(evidence, service),
    confirm: confirmHost(use?.hosts[0]),
  };
}

/** The Service that a route leads to has nobody behind it. */
export const upstreamNoEndpoints: Check = {
  name: 'upstream-no-endpoints',
  title: 'Every backend of a TLS host has a ready endpoint',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'http',
  reads: ['resource', 'probe', 'access-log', 'config-dump'],
  explains: backendFails,
  *inspect(evidence): Iterable<Judgement> {
    const uses = gatewayBackends(evidence).filter(({ backend }) => backend.state.state === 'found');
    const key = ({ backend }: BackendUse): string => `${backend.host}:${backend.port ?? ''}`;
    for (const own of Map.groupBy(uses, key).values()) {
      const [use] = own;
      const { service, servicePort } = use?.backend ?? {};
      if (!use || !service || !isCounted(service)) continue;
      const endpoints = endpointsOf(evidence, service, servicePort);
      const affects = own.map(({ server, hosts }) => ({ server, hosts }));
      if (endpoints.gap && own.every((one) => !linesOf(evidence, one).some(isUnhealthy))) {
        yield { blind: endpoints.gap, about: `whether ${named(service.resource)} has ready endpoints`, affects };
        continue;
      }
      const reached = clusterEndpoints(evidence, use.backend).some(({ healthy }) => healthy > 0);
      const answered = own.some((one) => one.isWhole && one.hosts.some((host) => answerOf(evidence, one.server, host)));
      if (endpoints.ready === 0 && !reached && !answered) yield faultOf(evidence, service, own, endpoints);
    }
  },
};
