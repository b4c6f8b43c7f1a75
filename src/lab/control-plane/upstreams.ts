import type { JsonObject } from '../../model/json.ts';
import { numberAt, objectsAt, textAt, textMapAt, textsAt } from '../../kubernetes/read.ts';
import { matchesLabels } from '../../kubernetes/selector.ts';
import type { KubernetesObject } from '../api-server/object.ts';
import { labelsOf, nameOf, namespaceOf } from '../api-server/object.ts';
import type { Destination } from '../gateway/plan.ts';
import type { Application, Upstream } from '../gateway/upstream.ts';
import { echoApplication } from './application.ts';
import type { ClusterView } from './cluster-view.ts';
import { readyPods, targetPortOf } from './endpoints.ts';
import { hostsMeet } from './host-names.ts';
import { secretData } from './secrets.ts';

/** What is behind a destination now. */
export function findUpstream(destination: Destination, view: ClusterView): Upstream {
  const { host, subset = '' } = destination;
  const [name = '', namespace = '', svc] = host.split('.');
  const service = svc === 'svc' ? view.get('Service', namespace, name) : undefined;
  const port = service && servicePort(service, destination.port);
  if (!service || !port)
    return hasServiceEntry(host, view) ? { state: 'no-endpoints', cluster: host } : { state: 'no-cluster' };
  const cluster = `outbound|${numberAt(port, 'port')}|${subset}|${host}`;
  const rule = view.list('DestinationRule.networking.istio.io').find((candidate) => appliesTo(candidate, host));
  const labels = subset === '' ? {} : subsetLabels(rule, subset);
  if (!labels) return { state: 'no-cluster' };
  const pod = readyPods(service, view).find((candidate) => matchesLabels(labels, labelsOf(candidate)));
  const target = pod && targetPortOf(port, pod);
  if (!pod || target === undefined) return { state: 'no-endpoints', cluster };
  const application = applicationOf(pod, target, view);
  return {
    state: 'ready',
    cluster,
    address: `${textAt(pod, 'status', 'podIP')}:${target}`,
    originatesTls: ['SIMPLE', 'MUTUAL'].includes(textAt(rule, 'spec', 'trafficPolicy', 'tls', 'mode') ?? ''),
    ...application,
  };
}

function servicePort(service: KubernetesObject, number: number | undefined): JsonObject | undefined {
  const ports = objectsAt(service, 'spec', 'ports').map(({ value }) => value);
  if (number === undefined) return ports.length === 1 ? ports[0] : undefined;
  return ports.find((port) => numberAt(port, 'port') === number);
}

function hasServiceEntry(host: string, view: ClusterView): boolean {
  const entries = view.list('ServiceEntry.networking.istio.io');
  return entries.some((entry) => textsAt(entry, 'spec', 'hosts').some((pattern) => hostsMeet(pattern, host)));
}

function appliesTo(rule: KubernetesObject, host: string): boolean {
  const named = textAt(rule, 'spec', 'host') ?? '';
  return hostsMeet(named.includes('.') ? named : `${named}.${namespaceOf(rule)}.svc.cluster.local`, host);
}

function subsetLabels(rule: KubernetesObject | undefined, name: string): Readonly<Record<string, string>> | undefined {
  const subset = objectsAt(rule, 'spec', 'subsets').find(({ value }) => value['name'] === name);
  return subset && textMapAt(subset.value, 'labels');
}

/** The application in a pod. It speaks TLS on a container port named `https` or `tls`, with the first Secret it mounts. */
export function applicationOf(
  pod: KubernetesObject,
  port: number,
  view: ClusterView,
): { readonly application: Application; readonly expectsTls: boolean } {
  const ports = objectsAt(pod, 'spec', 'containers').flatMap(({ value }) => objectsAt(value, 'ports'));
  const name = textAt(ports.find(({ value }) => numberAt(value, 'containerPort') === port)?.value, 'name') ?? '';
  const label = `${namespaceOf(pod)}/${labelsOf(pod)['app'] ?? nameOf(pod)}`;
  if (!/^(https|tls)/.test(name)) return { application: echoApplication(label), expectsTls: false };
  const [mounted] = objectsAt(pod, 'spec', 'volumes').flatMap(
    ({ value }) => textAt(value, 'secret', 'secretName') ?? [],
  );
  const secret = mounted === undefined ? undefined : view.get('Secret', namespaceOf(pod), mounted);
  const data = secret ? secretData(secret) : {};
  const pair = { cert: data['tls.crt'] ?? '', key: data['tls.key'] ?? '' };
  return { application: echoApplication(label, pair), expectsTls: true };
}
