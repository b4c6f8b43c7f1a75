import { ingressClaim, type Claim } from '../../facts/claims.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { meshConfig } from '../../facts/mesh.ts';
import { readProbes } from '../../facts/probes.ts';
import { isWithoutChain, requestsFor } from '../../facts/requests.ts';
import { serversOfOwner } from '../../facts/servers.ts';
import { destinations } from '../../facts/targets.ts';
import { gatewayWorkloads } from '../../facts/workloads.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { objectsAt, textAt, textsAt } from '../../kubernetes/read.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import type { Affected, Check, Fault, Judgement } from '../check.ts';
import { applyManifest, confirmHost, deleteObject, mergePatch } from '../remedies.ts';
import { noFilterChain } from '../symptoms.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { decisionOn } from './field-change.ts';

type Unclaimed = Extract<Claim, { by: 'nobody' }>;

const tlsHosts = ({ body }: Resource): readonly string[] => {
  const entries = objectsAt(body, 'spec', 'tls').flatMap(({ value }) => textsAt(value, 'hosts'));
  return [...new Set(entries.map((host) => host.toLowerCase()))];
};

/** Where it was seen that clients ask the gateway for hosts of the Ingress in vain. */
function seenUnserved(evidence: Evidence, hosts: readonly string[]): readonly Observation[] {
  const probes = readProbes(evidence).filter(
    ({ probe, reading }) =>
      reading === 'fails' &&
      probe.sni !== null &&
      hosts.includes(probe.sni.toLowerCase()) &&
      probe.protocol === undefined,
  );
  const lines = hosts.flatMap((host) => requestsFor(evidence, host)).filter(isWithoutChain);
  return [...probes.slice(0, 2).map(({ probe }) => observedProbe(probe)), ...lines.slice(-2).map(observedEntry)];
}

const controllerOf = (evidence: Evidence, className: string): string | undefined => {
  const found = evidence.get(kinds.ingressClass, '', className);
  return found.state === 'found' ? (textAt(found.value.body, 'spec', 'controller') ?? 'none') : undefined;
};

function whyOf(evidence: Evidence, { className, missing }: Unclaimed): string {
  if (className === '') return 'it names no class, and Istio takes such an Ingress only in mode DEFAULT';
  if (textAt(meshConfig(evidence).mesh, 'ingressControllerMode') === 'OFF')
    return 'ingressControllerMode of the mesh is OFF';
  if (missing !== undefined) return `there is no IngressClass ${missing}, and Istio makes none`;
  return `IngressClass ${className} has the controller ${controllerOf(evidence, className) ?? ''}, which is not Istio’s`;
}

function fixOf(ingress: Resource, { className, missing }: Unclaimed): Fix {
  const name = className === '' ? 'istio' : className;
  const manifest = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name },
    spec: { controller: 'istio.io/ingress-controller' },
  };
  const classObject = { apiVersion: manifest.apiVersion, kind: manifest.kind, namespace: '', name };
  const doNot = [
    'set the annotation kubernetes.io/ingress.class beside spec.ingressClassName: the API server refuses both in one object',
  ];
  const bind = className === '' ? [mergePatch(ingress, { spec: { ingressClassName: name } })] : [];
  const unbind = className === '' ? [mergePatch(ingress, { spec: { ingressClassName: null } })] : [];
  const create = missing !== undefined || className === '';
  return {
    summary: create
      ? `create IngressClass ${name} with Istio’s controller${className === '' ? ' and name it' : ''}`
      : 'name a class whose controller is istio.io/ingress-controller',
    commands: create
      ? [applyManifest(manifest), ...bind]
      : [mergePatch(ingress, { spec: { ingressClassName: '<CLASS>' } })],
    undo: create
      ? [...unbind, deleteObject(classObject)]
      : [mergePatch(ingress, { spec: { ingressClassName: className } })],
    doNot,
    ...decisionOn(ingress),
  };
}

/** An Ingress without a class that another controller takes as the default one is not meant here. */
const hasDefaultClass = (evidence: Evidence): boolean =>
  evidence
    .list(kinds.ingressClass)
    .items.some(({ annotations }) => annotations['ingressclass.kubernetes.io/is-default-class'] === 'true');

function faultOf(evidence: Evidence, ingress: Resource, claim: Unclaimed): Fault | undefined {
  const hosts = tlsHosts(ingress);
  const asked =
    evidence.snapshot.question.targets.length > 0 && destinations(evidence).some(({ host }) => hosts.includes(host));
  const seen = seenUnserved(evidence, hosts);
  if (!claim.istioMeant && (hasDefaultClass(evidence) || (seen.length === 0 && !asked))) return undefined;
  const why = whyOf(evidence, claim);
  const title = `No controller takes ${named(ingress)}: ${why}`;
  const affects: readonly Affected[] = claim.istioMeant
    ? serversOfOwner(evidence, ingress).map((server) => ({ server }))
    : [{ hosts }];
  const path =
    ingress.annotations['kubernetes.io/ingress.class'] === undefined ? 'spec.ingressClassName' : 'metadata.annotations';
  return {
    subject: subjectOf(ingress, path),
    title,
    message: `${title}. istiod makes no server of it, so that the gateway has no filter chain for ${hosts.join(', ')}: clients are reset after their first message.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(ingress)} ${path}`,
        detail: claim.className === '' ? 'not set' : claim.className,
      },
      {
        source: 'resource',
        ref: `IngressClass ${claim.className}`,
        detail: controllerOf(evidence, claim.className) ?? 'does not exist',
      },
      ...seen,
    ],
    affects,
    confidence: claim.istioMeant ? 0.92 : 0.6,
    fix: fixOf(ingress, claim),
    confirm: confirmHost(hosts[0]),
    misleading: ['The Secret of the Ingress plays no part yet: nobody asks for it.'],
  };
}

/** An Ingress that was meant for Istio and that no controller takes. */
export const ingressClassUnclaimed: Check = {
  name: 'ingress-class-unclaimed',
  title: 'Every Ingress that is meant for Istio has a class that Istio takes',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource', 'probe', 'access-log'],
  explains: [...noFilterChain, { check: 'handshake-reset', over: 'host' }, { check: 'vs-missing', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    if (gatewayWorkloads(evidence).length === 0 && !evidence.gap(kinds.pod, '*')) return;
    for (const ingress of evidence.list(kinds.ingress).items) {
      if (tlsHosts(ingress).length === 0) continue;
      const claim = ingressClaim(evidence, ingress);
      if (claim.by === 'unknown' && claim.istioMeant) {
        const affects = serversOfOwner(evidence, ingress).map((server) => ({ server }));
        yield { blind: claim.gap, about: `which controller takes ${named(ingress)}`, affects };
      }
      const fault = claim.by === 'nobody' ? faultOf(evidence, ingress, claim) : undefined;
      if (fault) yield fault;
    }
  },
};
