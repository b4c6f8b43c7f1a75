import { kinds } from '../kubernetes/kinds.ts';
import { booleanAt, listAt, objectsAt, textAt } from '../kubernetes/read.ts';
import type { Gap } from '../model/coverage.ts';
import type { Observation } from '../model/finding.ts';
import type { JsonObject } from '../model/json.ts';
import { named } from '../kubernetes/names.ts';
import { clusterName, type Backend } from './destinations.ts';
import { derive, type Evidence } from './evidence.ts';
import { podsOf, targetPortNumber, type Service, type ServicePort } from './services.ts';

/** How many endpoints of a Service take requests, by the sources that could be read. */
export interface Endpoints {
  readonly ready: number;
  readonly notReady: number;
  readonly seen: readonly Observation[];
  /** Set when no source could be read. */
  readonly gap?: Gap;
}

const slices = derive((evidence) =>
  Map.groupBy(
    evidence.list(kinds.endpointSlice).items,
    ({ namespace, labels }) => `${namespace}/${labels['kubernetes.io/service-name'] ?? ''}`,
  ),
);

/** A slice has the port of a Service by its name; one without ports has none that anybody could reach. */
const hasPort = (ports: readonly { readonly value: JsonObject }[], port: ServicePort | undefined): boolean =>
  port === undefined || ports.some(({ value }) => (textAt(value, 'name') ?? '') === (port.name ?? ''));

type Count = Pick<Endpoints, 'ready' | 'notReady'> & { readonly seen: Observation };

function inSlices(evidence: Evidence, service: Service, port: ServicePort | undefined): Count | undefined {
  const own = slices(evidence).get(`${service.namespace}/${service.name}`) ?? [];
  if (own.length === 0) return undefined;
  const addresses = own
    .filter(({ body }) => hasPort(objectsAt(body, 'ports'), port))
    .flatMap(({ body }) => objectsAt(body, 'endpoints'))
    .flatMap(({ value }) => {
      const ready = booleanAt(value, 'conditions', 'ready') ?? true;
      return listAt(value, 'addresses').map(() => ready);
    });
  const ready = addresses.filter(Boolean).length;
  return {
    ready,
    notReady: addresses.length - ready,
    seen: {
      source: 'resource',
      ref: named(own[0] ?? service.resource),
      detail: `${ready} of ${addresses.length} endpoints are ready`,
    },
  };
}

function inEndpoints(evidence: Evidence, service: Service, port: ServicePort | undefined): Count | undefined {
  const found = evidence.get(kinds.endpoints, service.namespace, service.name);
  if (found.state !== 'found') return undefined;
  const subsets = objectsAt(found.value.body, 'subsets').filter(({ value }) =>
    hasPort(objectsAt(value, 'ports'), port),
  );
  const count = (field: string): number => subsets.reduce((sum, { value }) => sum + objectsAt(value, field).length, 0);
  const ready = count('addresses');
  const notReady = count('notReadyAddresses');
  return {
    ready,
    notReady,
    seen: { source: 'resource', ref: named(found.value), detail: `${ready} addresses are ready, ${notReady} are not` },
  };
}

/** Ready pods that the selector takes and that have the port, where it is asked for by a container port's name. */
function inPods(evidence: Evidence, service: Service, port: ServicePort | undefined): Count | undefined {
  if (Object.keys(service.selector).length === 0 || evidence.gap(kinds.pod, service.namespace)) return undefined;
  const pods = podsOf(evidence, service);
  const reachable = pods.filter((pod) => pod.ready && (!port || targetPortNumber(port, pod) !== undefined));
  const words = [...new Set(pods.filter(({ ready }) => !ready).map(({ trouble }) => trouble ?? 'not ready'))];
  return {
    ready: reachable.length,
    notReady: pods.length - reachable.length,
    seen: {
      source: 'resource',
      ref: named(service.resource),
      detail:
        pods.length === 0
          ? `spec.selector takes no pod of namespace ${service.namespace}`
          : `${reachable.length} of ${pods.length} selected pods take requests${words.length > 0 ? ` (${words.join('; ')})` : ''}`,
    },
  };
}

/**
 * The endpoints of a Service for one of its ports. The sources are read at different moments and by different rights:
 * one that has a ready endpoint is believed, since an endpoint is not made up.
 */
export function endpointsOf(evidence: Evidence, service: Service, port?: ServicePort): Endpoints {
  const counts = [
    inSlices(evidence, service, port),
    inEndpoints(evidence, service, port),
    inPods(evidence, service, port),
  ].filter((count) => count !== undefined);
  if (counts.length === 0) {
    const gap = evidence.gap(kinds.endpointSlice, service.namespace) ?? evidence.gap(kinds.pod, service.namespace);
    // looked at everywhere and nothing there: a Service without a selector and without endpoints
    return gap ? { ready: 0, notReady: 0, seen: [], gap } : { ready: 0, notReady: 0, seen: [] };
  }
  return {
    ready: Math.max(...counts.map(({ ready }) => ready)),
    notReady: Math.max(...counts.map(({ notReady }) => notReady)),
    seen: counts.map(({ seen }) => seen),
  };
}

/** The endpoints of a backend's cluster as the Envoys have them, one observation a pod. */
export function clusterEndpoints(
  evidence: Evidence,
  backend: Backend,
): readonly { readonly healthy: number; readonly all: number; readonly seen: Observation }[] {
  const name = clusterName(backend);
  return evidence.snapshot.envoys.flatMap(({ namespace, pod, endpoints, clusters }) => {
    if (!endpoints || clusters?.every((cluster) => cluster.name !== name)) return [];
    const own = endpoints.filter(({ cluster }) => cluster === name);
    const healthy = own.filter((endpoint) => endpoint.healthy).length;
    const seen: Observation = {
      source: 'config-dump',
      ref: `${namespace}/${pod}`,
      detail: `cluster ${name}: ${healthy} of ${own.length} endpoints are healthy`,
    };
    return [{ healthy, all: own.length, seen }];
  });
}
