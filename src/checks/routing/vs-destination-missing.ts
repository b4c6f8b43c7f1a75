import { answerOf } from '../../facts/answers.ts';
import { clusterName, serviceName } from '../../facts/destinations.ts';
import { destinationRuleFor, hasSubset } from '../../facts/destination-rules.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { gatewayBackends, type BackendUse } from '../../facts/gateway-backends.ts';
import { lostDelegates } from '../../facts/http-rules.ts';
import { envoysOf } from '../../facts/proxies.ts';
import { attachmentOf } from '../../facts/attachments.ts';
import { routeBindings } from '../../facts/routes.ts';
import { isForTls } from '../../facts/targets.ts';
import { services } from '../../facts/services.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, valueAt } from '../remedies.ts';
import { backendFails, noRoute } from '../symptoms.ts';
import { seenFailing } from './backend-failures.ts';
import { fieldChange } from './field-change.ts';

/** What is missing: the host, the port of it, or the subset that no DestinationRule defines. */
type Lack = 'host' | 'port' | 'subset';

function lackOf(evidence: Evidence, { backend, clients }: BackendUse): Lack | undefined {
  const { state } = backend.state;
  if (state === 'host-missing') return 'host';
  if (state === 'port-missing') return 'port';
  if (state !== 'found' || backend.subset === undefined || evidence.gap(kinds.destinationRule, '*')) return undefined;
  const { subset } = backend;
  const service = backend.service?.namespace ?? backend.entry?.resource.namespace ?? '';
  const missing = clients.filter((client) => {
    const rule = destinationRuleFor(evidence, backend.host, { client, service });
    return !rule || !hasSubset(rule, subset);
  });
  return missing.length > 0 ? 'subset' : undefined;
}

/** Envoys of the server that do have the cluster: then it is the evidence that lacks the Service. */
function isHeld(evidence: Evidence, { server, backend }: BackendUse): boolean {
  const envoys = attachmentOf(evidence, server).workloads.flatMap((workload) => envoysOf(evidence, workload));
  return envoys.some(({ clusters }) => clusters?.some(({ name }) => name === clusterName(backend)));
}

function withoutCluster(evidence: Evidence, { server, backend }: BackendUse): readonly Observation[] {
  const envoys = attachmentOf(evidence, server).workloads.flatMap((workload) => envoysOf(evidence, workload));
  return envoys
    .filter(({ clusters }) => clusters !== undefined)
    .slice(0, 2)
    .map(({ namespace, pod }) => ({
      source: 'config-dump',
      ref: `${namespace}/${pod}`,
      detail: `no cluster ${clusterName(backend)}`,
    }));
}

/** The Service of that name that is somewhere else: a short name is completed with the VirtualService's namespace. */
const sameName = (evidence: Evidence, host: string): readonly Resource[] => {
  const [name] = host.split('.');
  return services(evidence)
    .filter((service) => service.name === name)
    .map(({ resource }) => resource);
};

function whatIsMissing(evidence: Evidence, { backend, owner, path }: BackendUse, lack: Lack): string {
  const { host, state, port, subset } = backend;
  if (lack === 'subset') return `no DestinationRule for ${host} has the subset ${subset ?? ''}`;
  if (lack === 'port') {
    const has = state.state === 'port-missing' ? state.has.join(', ') : '';
    const asked =
      valueAt(owner, `${path}.port`) === undefined ? 'names no port, so that the gateway’s own is used:' : 'names';
    return `it ${asked} port ${port ?? ''}, and ${host} has ${has}`;
  }
  const value = valueAt(owner, `${path}.host`);
  const written = typeof value === 'string' ? value : host;
  if (written !== host && !written.includes('.')) {
    return `the short name ${written} means ${host}, and there is no such Service`;
  }
  if (serviceName(host) === undefined && sameName(evidence, host).length > 0) {
    return `${host} is no full name: a name with a dot is taken as it is, and no Service or ServiceEntry has it`;
  }
  return `there is no Service and no ServiceEntry ${host}`;
}

function wantedHost(evidence: Evidence, { backend }: BackendUse): string | undefined {
  const [only, ...others] = sameName(evidence, backend.host);
  return only && others.length === 0 ? `${only.name}.${only.namespace}.svc.cluster.local` : undefined;
}

function fixOf(evidence: Evidence, use: BackendUse, lack: Lack): Fix {
  const { owner, path, backend } = use;
  const isVirtualService = owner.kind === 'VirtualService';
  if (lack === 'subset') {
    return fieldChange(owner, `${path}.subset`, '<SUBSET>', {
      summary: 'define the subset in the DestinationRule of the host, or take it out of the route',
    });
  }
  if (lack === 'port') {
    const has = backend.state.state === 'port-missing' ? backend.state.has : [];
    const number = has[0] ?? 80;
    const summary = `name a port that it has: ${has.join(', ')}`;
    return fieldChange(owner, `${path}.port`, isVirtualService ? { number } : number, { summary });
  }
  const wanted = wantedHost(evidence, use);
  if (!isVirtualService) {
    return fieldChange(owner, `${path}.name`, '<SERVICE>', {
      summary: 'name a Service that exists, or create this one',
    });
  }
  return fieldChange(owner, `${path}.host`, wanted ?? '<SERVICE.NAMESPACE.svc.cluster.local>', {
    summary: `name ${wanted ?? 'a Service that exists'} in full`,
  });
}

function faultOf(evidence: Evidence, use: BackendUse, uses: readonly BackendUse[], lack: Lack): Fault {
  const { owner, path, backend } = use;
  const title = `${named(owner)} ${path} leads nowhere: ${whatIsMissing(evidence, use, lack)}`;
  const seen = [...seenFailing(evidence, use), ...withoutCluster(evidence, use)];
  const certain = uses.some(({ isWhole }) => isWhole) || seen.some(({ source }) => source !== 'config-dump');
  const others = lack === 'host' ? sameName(evidence, backend.host) : [];
  const answer = owner.apiVersion.startsWith('gateway.networking.k8s.io') ? 500 : 503;
  return {
    subject: subjectOf(owner, path),
    title,
    message: `${title}. The handshake succeeds; requests by this route are answered with ${answer}, since Envoy has no cluster for it.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(owner)} ${path}`,
        detail: `${clusterName(backend)}${others.length > 0 ? `; Services of that name: ${others.map(fullName).join(', ')}` : ''}`,
      },
      ...seen,
    ],
    affects: uses.map(({ server, hosts }) => ({ server, hosts })),
    confidence: others.length > 0 ? 0.92 : 0.87,
    severity: certain ? 'error' : 'warning',
    step: 'http',
    related: others.map((other) => subjectOf(other)),
    fix: fixOf(evidence, use, lack),
    confirm: confirmHost(use.hosts[0]),
  };
}

/** A rule that delegates to a VirtualService that is not there: istiod leaves the rule out. */
function* missingDelegates(evidence: Evidence): Iterable<Fault> {
  const bindings = routeBindings(evidence).filter(({ server }) => isForTls(server));
  for (const [virtualService, own] of Map.groupBy(bindings, (binding) => binding.virtualService)) {
    for (const { owner, path, namespace, name, delegate } of lostDelegates(evidence, virtualService)) {
      if (delegate.state !== 'absent') continue;
      const title = `${named(owner)} ${path} delegates to VirtualService ${namespace}/${name}, which does not exist`;
      yield {
        subject: subjectOf(owner, path),
        title,
        message: `${title}: istiod leaves the rule out, and its requests are answered with 404.`,
        evidence: [{ source: 'resource', ref: `${named(owner)} ${path}`, detail: `${namespace}/${name}` }],
        affects: own.map(({ server, hosts }) => ({ server, hosts })),
        confidence: 0.85,
        severity: 'warning',
        fix: fieldChange(owner, `${path}.name`, '<VIRTUAL_SERVICE>', {
          summary: 'name a VirtualService without hosts that exists, or create this one',
        }),
        confirm: confirmHost(own[0]?.hosts[0]),
      };
    }
  }
}

/** A route leads to a Service, port or subset that does not exist. */
export const vsDestinationMissing: Check = {
  name: 'vs-destination-missing',
  title: 'Every destination of a route exists',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'http',
  reads: ['resource', 'probe', 'access-log', 'config-dump'],
  explains: [...backendFails, ...noRoute],
  *inspect(evidence): Iterable<Judgement> {
    const uses = gatewayBackends(evidence);
    for (const own of Map.groupBy(uses, ({ owner, path }) => `${owner.kind} ${fullName(owner)} ${path}`).values()) {
      const [use] = own;
      if (!use) continue;
      const { state } = use.backend;
      if (state.state === 'unknown') {
        yield {
          blind: state.gap,
          about: `whether ${use.backend.host} exists`,
          affects: own.map(({ server }) => ({ server })),
        };
        continue;
      }
      const lack = lackOf(evidence, use);
      const works = own.some((one) => one.isWhole && one.hosts.some((host) => answerOf(evidence, one.server, host)));
      if (lack && !works && !isHeld(evidence, use)) yield faultOf(evidence, use, own, lack);
    }
    yield* missingDelegates(evidence);
  },
};
