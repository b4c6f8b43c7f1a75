import type { Evidence } from '../../facts/evidence.ts';
import { answerOf } from '../../facts/answers.ts';
import {
  routeRefusals,
  ungrantedBackends,
  type RouteRefusal,
  type UngrantedBackend,
} from '../../facts/route-refusals.ts';
import { hostsMeet, listedHosts } from '../../facts/servers.ts';
import { conditionText } from '../../kubernetes/condition.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation } from '../../model/finding.ts';
import type { Affected, Check, Fault, Judgement } from '../check.ts';
import { applyManifest, confirmHost, deleteObject } from '../remedies.ts';
import { backendFails, noFilterChain, noRoute } from '../symptoms.ts';
import { decisionOn } from './field-change.ts';
import { seenWithoutRoute } from './missing-route.ts';
import { attachRoute, listenersOfName } from './route-fixes.ts';

/** The hosts of listeners that a route would have given routes to. */
function affectedBy({ route, meant }: RouteRefusal): readonly Affected[] {
  return meant.map((server) => {
    const own = listedHosts(server);
    const meeting = route.hostnames.filter((host) => own.some((one) => hostsMeet(one, host)));
    return { server, hosts: meeting.length > 0 ? meeting : own };
  });
}

/** What the first listener in question has against the route. */
function whyOf({ route, parent, verdicts, meant, reason }: RouteRefusal): string {
  const gateway = `${parent.kind} ${fullName(parent)}`;
  if (reason === 'no-parent')
    return `${gateway} does not exist${parent.namespace === route.resource.namespace ? '; a parent without a namespace is looked for beside the route' : ''}`;
  const first = verdicts.find(({ server }) => meant.includes(server));
  const listener = `listener ${first?.server.listener ?? ''} of ${gateway}`;
  switch (first?.refusal) {
    case 'section':
      return `${gateway} has no listener ${parent.sectionName ?? ''}`;
    case 'port':
      return `no listener of ${gateway} has port ${parent.port ?? ''}`;
    case 'kind':
      return `${listener} takes no ${route.resource.kind}`;
    case 'namespace':
      return `${listener} does not admit routes of namespace ${route.resource.namespace}`;
    case 'hostname':
      return `its hostnames ${route.hostnames.join(', ')} do not meet ${first.server.hosts.map(({ host }) => host).join(', ')} of ${listener}`;
    default:
      return `${gateway} does not accept it`;
  }
}

function refusalFault(evidence: Evidence, refusal: RouteRefusal): Fault | undefined {
  const { route, parent, condition, reason } = refusal;
  const { resource, hostnames } = route;
  const waiting = reason === 'no-parent' ? listenersOfName(evidence, refusal) : [];
  const affects =
    reason === 'no-parent' ? waiting.map((server) => ({ server, hosts: [...hostnames] })) : affectedBy(refusal);
  const hosts = affects.flatMap((one) => one.hosts ?? []);
  const works = affects.some(
    ({ server, hosts: own }) => server && (own ?? []).some((host) => answerOf(evidence, server, host)),
  );
  // a further parent takes it, so that its hosts are served
  const elsewhere = route.parents.length > 1 && works;
  if (reason === 'no-parent' && (elsewhere || evidence.list(kinds.kubernetesGateway).items.length === 0))
    return undefined;
  const title = `${named(resource)} is not attached: ${whyOf(refusal)}`;
  const seen = affects.flatMap(({ server, hosts: own }) =>
    server ? (own ?? []).flatMap((host) => seenWithoutRoute(evidence, server, host)) : [],
  );
  const said: readonly Observation[] = condition
    ? [{ source: 'resource', ref: `${named(resource)} status.parents`, detail: conditionText(condition) }]
    : [];
  return {
    subject: subjectOf(resource, parent.path),
    title,
    message: `${title}. Its rules are in force nowhere; the listener ends TLS all the same, and answers with 404.`,
    evidence: [
      { source: 'resource', ref: `${named(resource)} ${parent.path}`, detail: whyOf(refusal) },
      ...said,
      ...seen.slice(0, 4),
    ],
    affects: affects.length > 0 ? affects : [{ hosts: [...hostnames] }],
    confidence: condition ? 0.95 : 0.85,
    severity: works ? 'warning' : 'error',
    related: refusal.meant.map((server) => subjectOf(server.owner, `${server.path}.allowedRoutes`)),
    fix: attachRoute(evidence, refusal),
    confirm: confirmHost(hosts[0] ?? hostnames[0]),
    misleading: [
      'The conditions of the Gateway and of its listeners are all True; only the route’s own parent says it.',
    ],
  };
}

function grantFault({ route, backend, servers: own, condition }: UngrantedBackend): Fault {
  const { resource } = route;
  const title = `${named(resource)} ${backend.path} leads to ${backend.kind} ${backend.namespace}/${backend.name}, and no ReferenceGrant there allows it`;
  const grant = {
    apiVersion: 'gateway.networking.k8s.io/v1beta1',
    kind: 'ReferenceGrant',
    metadata: { name: `${resource.namespace}-${resource.name}`.slice(0, 63), namespace: backend.namespace },
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: resource.kind, namespace: resource.namespace }],
      to: [{ group: '', kind: backend.kind, name: backend.name }],
    },
  };
  return {
    subject: subjectOf(resource, backend.path),
    title,
    message: `${title}. The route is attached, and its requests are answered with 500.`,
    evidence: [
      { source: 'resource', ref: `${named(resource)} ${backend.path}`, detail: `${backend.namespace}/${backend.name}` },
      ...(condition
        ? [{ source: 'resource' as const, ref: `${named(resource)} status.parents`, detail: conditionText(condition) }]
        : []),
    ],
    affects: own.map((server) => ({ server, ...(route.hostnames.length > 0 && { hosts: [...route.hostnames] }) })),
    confidence: condition ? 0.95 : 0.85,
    step: 'http',
    fix: {
      summary: `let namespace ${backend.namespace} grant the reference`,
      commands: [applyManifest(grant)],
      undo: [deleteObject({ apiVersion: grant.apiVersion, kind: grant.kind, ...grant.metadata })],
      doNot: [],
      widensAccess: `every ${resource.kind} of namespace ${resource.namespace} may then lead to Service ${backend.namespace}/${backend.name}`,
      ...decisionOn(resource),
      owner: `the owner of namespace ${backend.namespace}`,
    },
    confirm: confirmHost(route.hostnames[0]),
  };
}

/** Gateway API: a route that no listener accepts, or that may not lead to its backend. */
export const routeNotAttached: Check = {
  name: 'route-not-attached',
  title: 'Every route of the Gateway API is accepted by the listener that it names',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'route',
  reads: ['resource', 'probe', 'access-log', 'istiod-log', 'config-dump'],
  explains: [...noRoute, ...noFilterChain, ...backendFails, { check: 'vs-missing', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    for (const refusal of routeRefusals(evidence)) {
      const fault = refusalFault(evidence, refusal);
      if (fault) yield fault;
    }
    for (const ungranted of ungrantedBackends(evidence)) yield grantFault(ungranted);
  },
};
