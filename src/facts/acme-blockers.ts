import { kinds } from '../kubernetes/kinds.ts';
import { named, subjectOf } from '../kubernetes/names.ts';
import { objectsAt, textAt } from '../kubernetes/read.ts';
import type { Observation, Subject } from '../model/finding.ts';
import type { Resource } from '../model/resource.ts';
import { unattachedRoute, type HttpChallenge } from './acme-challenges.ts';
import { attachmentOf, workloadsSelected } from './attachments.ts';
import { ingressClaim } from './claims.ts';
import type { Evidence } from './evidence.ts';
import { bindingsOf } from './routes.ts';
import { ingressSelector, isHttpProtocol, servers, takesName, type Server } from './servers.ts';
import { servicesSelecting } from './services.ts';
import type { Workload } from './workloads.ts';

export type AcmeBlock = 'redirect' | 'class' | 'other-gateway' | 'no-port' | 'route';

/** Why the token of a challenge cannot be had through the gateway that has the host. */
export interface AcmeBlocker {
  readonly block: AcmeBlock;
  /** As a clause: `Gateway shop/web redirects …`. */
  readonly says: string;
  readonly confidence: number;
  readonly subject: Subject;
  readonly observation: Observation;
  /** The server that redirects. */
  readonly server?: Server;
}

const seen = (ref: string, detail: string): Observation => ({ source: 'resource', ref, detail });

/** Workloads that have a host, on whatever port. */
function workloadsOf(evidence: Evidence, host: string): readonly Workload[] {
  const taking = servers(evidence).filter((server) => server.hosts.some((own) => takesName(own.host, host)));
  return [...new Set(taking.flatMap((server) => attachmentOf(evidence, server).workloads))];
}

/**
 * Whether a redirecting server also redirects what an Ingress answers for the host: where it names the host itself, or a
 * VirtualService brings the host to it. A wildcard alone does not reach the Ingress's own virtual host [seen: 1.29.5].
 */
function redirects(evidence: Evidence, server: Server, host: string): boolean {
  if (!isHttpProtocol(server.protocol) || server.tls?.httpsRedirect !== true) return false;
  if (server.hosts.some((own) => own.host === host)) return true;
  return (
    server.hosts.some((own) => takesName(own.host, host)) &&
    bindingsOf(evidence, server).some(({ virtualService }) => virtualService.hosts.includes(host))
  );
}

function byRedirect(evidence: Evidence, { host, says = '' }: HttpChallenge): readonly AcmeBlocker[] {
  const told = /\b30[1278]\b|redirect/i.test(says);
  return servers(evidence)
    .filter((server) => redirects(evidence, server, host))
    .map((server) => ({
      block: 'redirect',
      says: `${named(server.owner)} ${server.path} redirects every plain request for ${host} to https`,
      confidence: told ? 0.95 : 0.85,
      subject: subjectOf(server.owner, `${server.path}.tls.httpsRedirect`),
      observation: seen(`${named(server.owner)} ${server.path}.tls`, 'httpsRedirect: true'),
      server,
    }));
}

function byClass(evidence: Evidence, ingress: Resource, about: Resource, host: string): readonly AcmeBlocker[] {
  const claim = ingressClaim(evidence, ingress);
  const subject = subjectOf(about);
  const ref = named(about);
  if (claim.by === 'nobody') {
    const what = claim.className === '' ? 'no class' : `class ${claim.className}`;
    const says = `the solver’s Ingress has ${what}, which no controller takes`;
    return [{ block: 'class', says, confidence: 0.85, subject, observation: seen(ref, what) }];
  }
  if (claim.by !== 'other' || workloadsOf(evidence, host).length === 0) return [];
  const says = `the solver’s Ingress is of class ${claim.className} (${claim.controller}), and ${host} is on this gateway`;
  return [{ block: 'class', says, confidence: 0.65, subject, observation: seen(ref, `class ${claim.className}`) }];
}

const nameOf = ({ ref }: Workload): string => `${ref.kind} ${ref.namespace}/${ref.name}`;

/** The Ingress is answered by the gateway of `ingressSelector`; clients reach the host at another one. */
function byGateway(evidence: Evidence, ingress: Resource, about: Resource, host: string): readonly AcmeBlocker[] {
  if (ingressClaim(evidence, ingress).by !== 'istio') return [];
  const answering = workloadsSelected(evidence, ingressSelector(evidence));
  const asked = workloadsOf(evidence, host);
  if (answering.length === 0 || asked.length === 0 || asked.some((one) => answering.includes(one))) return [];
  const [own] = answering;
  const [other] = asked;
  if (!own || !other) return [];
  const says = `the solver’s Ingress is answered by ${nameOf(own)}, and ${host} is on ${nameOf(other)}`;
  const observation = seen('MeshConfig ingressSelector', JSON.stringify(ingressSelector(evidence)));
  return [{ block: 'other-gateway', says, confidence: 0.85, subject: subjectOf(about), observation }];
}

function byPort(evidence: Evidence, host: string): readonly AcmeBlocker[] {
  const services = workloadsOf(evidence, host).flatMap(({ namespace, labels }) =>
    servicesSelecting(evidence, namespace, labels),
  );
  const [first] = services;
  if (!first || services.some(({ ports }) => ports.some(({ number }) => number === 80))) return [];
  const ports = first.ports.map(({ number }) => number).join(', ');
  const says = `no Service leads to port 80 of the gateway that has ${host}`;
  const observation = seen(`Service ${first.namespace}/${first.name}`, `ports ${ports}`);
  return [{ block: 'no-port', says, confidence: 0.8, subject: subjectOf(first.resource), observation }];
}

/** A solver of the Gateway API: its route must be taken by a listener in clear on port 80. */
function byRoute(evidence: Evidence, route: Resource): readonly AcmeBlocker[] {
  const subject = subjectOf(route);
  const unattached = unattachedRoute(route);
  if (unattached !== undefined) {
    return [
      { block: 'route', says: unattached, confidence: 0.9, subject, observation: seen(named(route), unattached) },
    ];
  }
  const parents = objectsAt(route.body, 'spec', 'parentRefs').flatMap(({ value }) => {
    const found = evidence.get(
      kinds.kubernetesGateway,
      textAt(value, 'namespace') ?? route.namespace,
      textAt(value, 'name') ?? '',
    );
    return found.state === 'found' ? [found.value] : [];
  });
  const [parent] = parents;
  const plain = servers(evidence).some(
    ({ owner, protocol, port }) => parents.includes(owner) && protocol === 'HTTP' && port === 80,
  );
  if (!parent || plain) return [];
  const says = `${named(parent)} has no HTTP listener on port 80 for the solver’s route`;
  return [
    {
      block: 'route',
      says,
      confidence: 0.85,
      subject,
      observation: seen(named(parent), 'no HTTP listener on port 80'),
    },
  ];
}

/** All that stands between the authority and the token, the surest first. */
export function acmeBlockers(evidence: Evidence, challenge: HttpChallenge): readonly AcmeBlocker[] {
  const { solver, planned, challenge: object, host } = challenge;
  if (solver?.kind === 'HTTPRoute') return [...byRoute(evidence, solver), ...byPort(evidence, host)];
  const ingress = solver ?? planned;
  const about = solver ?? object;
  const ofIngress =
    ingress && about ? [...byClass(evidence, ingress, about, host), ...byGateway(evidence, ingress, about, host)] : [];
  return [...byRedirect(evidence, challenge), ...ofIngress, ...byPort(evidence, host)].sort(
    (a, b) => b.confidence - a.confidence,
  );
}
