import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { placementsOf } from '../../facts/listeners.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { probesOf } from '../../facts/probes.ts';
import { isWithoutChain, requestsFor } from '../../facts/requests.ts';
import type { RouteBinding } from '../../facts/routes.ts';
import { listedHosts, terminatesTls, type Server } from '../../facts/servers.ts';
import { serversMeeting } from '../../facts/stray-hosts.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation, Severity } from '../../model/finding.ts';
import type { AccessLogEntry } from '../../model/log-event.ts';
import type { Fault } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { fieldChange } from './field-change.ts';

/** A server of the same listener that ends TLS and takes the host where the other has no chain for it. */
export function takenBy(evidence: Evidence, server: Server, host: string): Server | undefined {
  const places = placementsOf(evidence, server);
  return serversMeeting(evidence, host).find(
    (one) =>
      one !== server &&
      terminatesTls(one) &&
      placementsOf(evidence, one).some(({ workload, listenerPort }) =>
        places.some((place) => place.workload === workload && place.listenerPort === listenerPort),
      ),
  );
}

/** Requests that were read as HTTP although their host passes through. */
const readAsHttp = (evidence: Evidence, host: string): readonly AccessLogEntry[] =>
  requestsFor(evidence, host).filter(({ method, status }) => typeof method === 'string' && status === 404);

/** What is seen of clients of a server that passes TLS through, and what istiod says of it. */
export function passthroughTrail(evidence: Evidence, server: Server, hosts: readonly string[]): readonly Observation[] {
  const events = eventsOf(evidence, 'listener-invalid', 'no-virtual-service').filter(
    ({ gateway, port }) => gateway?.name === server.owner.name && (port === undefined || port === server.port),
  );
  const lines = hosts.flatMap((host) => [
    ...requestsFor(evidence, host).filter(isWithoutChain),
    ...readAsHttp(evidence, host),
  ]);
  const failing = probesOf(evidence)(server).filter(({ reading }) => reading === 'fails');
  return [
    ...failing.slice(0, 2).map(({ probe }) => observedProbe(probe)),
    ...lines.slice(-2).map(observedEntry),
    ...events.slice(-1).map(observed),
  ];
}

/** A chain that ends TLS takes the host all the same: on another port that clients use, or by whatever was overlooked. */
export function takenElsewhere(
  evidence: Evidence,
  server: Server,
  bindings: readonly RouteBinding[],
): Fault | undefined {
  const [binding] = bindings;
  const host = listedHosts(server).find((one) => readAsHttp(evidence, one).length > 0);
  const rivals = serversMeeting(evidence, host ?? listedHosts(server)[0] ?? '').filter(
    (one) => one !== server && terminatesTls(one) && one.hosts.some(({ host: own }) => own.startsWith('*')),
  );
  const onOtherPort = rivals.find(({ port }) => port !== server.port && port === 443);
  const rival = rivals.find(({ port }) => port === server.port) ?? onOtherPort;
  if (!binding || (host === undefined && !onOtherPort)) return undefined;
  const hosts = host === undefined ? listedHosts(server) : [host];
  const { resource } = binding.virtualService;
  const severity: Severity = host === undefined ? 'info' : 'error';
  const title = rival
    ? `${named(rival.owner)} ${rival.path} ends TLS for ${hosts.join(', ')} on port ${rival.port}; ${named(server.owner)} passes it through on port ${server.port}`
    : `Requests for ${hosts.join(', ')} are read as HTTP, although ${named(server.owner)} passes TLS through`;
  return {
    subject: subjectOf(resource, 'spec.tls'),
    title,
    message: `${title}. ${rival ? `Clients of port ${rival.port} reach the wildcard ${listedHosts(rival).join(', ')}` : 'Some other chain, or a balancer in front, ends TLS first'}: they see another certificate, and a 404.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}`,
        detail: `PASSTHROUGH on port ${server.port}: ${hosts.join(', ')}`,
      },
      ...(rival
        ? [
            {
              source: 'resource' as const,
              ref: `${named(rival.owner)} ${rival.path}`,
              detail: `${rival.tls?.mode ?? ''} on port ${rival.port}: ${listedHosts(rival).join(', ')}`,
            },
          ]
        : []),
      ...passthroughTrail(evidence, server, hosts),
    ],
    affects: [{ server, hosts }, ...(rival && host !== undefined ? [{ server: rival, hosts }] : [])],
    confidence: host === undefined ? 0.5 : 0.8,
    severity,
    related: [subjectOf(server.owner, server.path), ...(rival ? [subjectOf(rival.owner, rival.path)] : [])],
    fix: fieldChange(server.owner, `${server.path}.port.number`, rival?.port ?? 443, {
      summary:
        'let the server that passes through stand on the port that clients use: an exact name goes before a wildcard',
    }),
    confirm: confirmHost(hosts[0]),
  };
}
