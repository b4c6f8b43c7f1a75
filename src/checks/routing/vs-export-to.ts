import { attachmentOf } from '../../facts/attachments.ts';
import { gatewayBackends } from '../../facts/gateway-backends.ts';
import { backendObject, clusterName } from '../../facts/destinations.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { missedByReference, type UnroutedHost } from '../../facts/unrouted-hosts.ts';
import { virtualServices, type VirtualService } from '../../facts/routes.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { textsAt } from '../../kubernetes/read.ts';
import type { Fix } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, mergePatch } from '../remedies.ts';
import { backendFails, noFilterChain, noRoute } from '../symptoms.ts';
import { affectedHosts, seenOf } from './missing-route.ts';
import { seenFailing } from './backend-failures.ts';
import { decisionOn, fieldChange } from './field-change.ts';

const places = (namespaces: readonly string[]): string => namespaces.map((one) => `namespace ${one}`).join(', ');

function fixOf({ resource }: VirtualService, namespaces: readonly string[]): Fix {
  const written = textsAt(resource.body, 'spec', 'exportTo');
  return fieldChange(resource, 'spec.exportTo', [...(written.length > 0 ? written : ['.']), ...namespaces], {
    summary: `export the VirtualService to ${places(namespaces)}, where the gateway’s pods are`,
  });
}

function hiddenRoute(evidence: Evidence, virtualService: VirtualService, own: readonly UnroutedHost[]): Fault {
  const { resource, exportTo } = virtualService;
  const namespaces = [
    ...new Set(own.flatMap(({ server }) => attachmentOf(evidence, server).workloads.map(({ namespace }) => namespace))),
  ];
  const title = `${named(resource)} is exported to ${exportTo.join(', ')}, and the gateway’s pods are in ${namespaces.join(', ')}`;
  return {
    subject: subjectOf(resource, 'spec.exportTo'),
    title,
    message: `${title}: the gateway does not see it. The handshake succeeds, and every request is answered with 404.`,
    evidence: [
      { source: 'resource', ref: `${named(resource)} spec.exportTo`, detail: exportTo.join(', ') },
      ...seenOf(evidence, own),
    ],
    affects: affectedHosts(own),
    confidence: 0.92,
    related: [...new Set(own.map(({ server }) => server.owner))].map((owner) => subjectOf(owner)),
    fix: fixOf(virtualService, namespaces),
    confirm: confirmHost(own[0]?.host.host),
    ruledOut: ['hosts and Gateway of the VirtualService fit'],
  };
}

function exportService(object: Resource, namespaces: readonly string[]): Fix {
  const isEntry = object.kind === 'ServiceEntry';
  const key = 'networking.istio.io/exportTo';
  const written = isEntry ? textsAt(object.body, 'spec', 'exportTo') : (object.annotations[key] ?? '.').split(',');
  const wanted = [...written, ...namespaces];
  const patched = isEntry ? { spec: { exportTo: wanted } } : { metadata: { annotations: { [key]: wanted.join(',') } } };
  const restored = isEntry
    ? { spec: { exportTo: [...written] } }
    : { metadata: { annotations: { [key]: object.annotations[key] ?? null } } };
  return {
    summary: `export ${named(object)} to ${places(namespaces)} too`,
    commands: [mergePatch(object, patched)],
    undo: [mergePatch(object, restored)],
    doNot: [],
    ...decisionOn(object),
  };
}

function* hiddenBackends(evidence: Evidence): Iterable<Fault> {
  const hidden = gatewayBackends(evidence).filter(({ backend }) => backend.state.state === 'not-exported');
  for (const [object, uses] of Map.groupBy(hidden, ({ backend }) => backendObject(backend))) {
    const [first] = uses;
    if (!object || !first) continue;
    const namespaces = [...new Set(uses.flatMap(({ clients }) => clients))];
    const title = `${named(object)} is not exported to ${places(namespaces)}, where the gateway’s pods are`;
    yield {
      subject: subjectOf(object, object.kind === 'ServiceEntry' ? 'spec.exportTo' : 'metadata.annotations'),
      title,
      message: `${title}: the gateway has no cluster ${clusterName(first.backend)} for it, and answers 503.`,
      evidence: [
        { source: 'resource', ref: `${named(first.owner)} ${first.path}`, detail: `leads to ${first.backend.host}` },
        ...seenFailing(evidence, first),
      ],
      affects: uses.map(({ server, hosts }) => ({ server, hosts })),
      confidence: 0.85,
      step: 'http',
      related: [subjectOf(first.owner, first.path)],
      fix: exportService(object, namespaces),
      confirm: confirmHost(first.hosts[0]),
    };
  }
}

/** A VirtualService, or the Service behind it, that the namespace of the gateway's pods does not see. */
export const vsExportTo: Check = {
  name: 'vs-export-to',
  title: 'What a gateway routes by and to is exported to its namespace',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'route',
  reads: ['resource', 'probe', 'access-log', 'istiod-log', 'config-dump'],
  explains: [...noRoute, ...noFilterChain, ...backendFails],
  *inspect(evidence): Iterable<Judgement> {
    const missed = missedByReference(evidence);
    for (const virtualService of virtualServices(evidence)) {
      const own = virtualService.gateways.flatMap((reference) =>
        (missed.get(reference) ?? []).filter(({ missed: all }) => all.every(({ by }) => by === 'export')),
      );
      if (own.length > 0) yield hiddenRoute(evidence, virtualService, [...new Set(own)]);
    }
    yield* hiddenBackends(evidence);
  },
};
