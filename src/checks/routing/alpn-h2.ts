import { servicesFor } from '../../facts/addresses.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { gatewayBackends, type BackendUse } from '../../facts/gateway-backends.ts';
import { probesOf } from '../../facts/probes.ts';
import { requestsFor } from '../../facts/requests.ts';
import { isTlsProtocol, listedHosts, servers, terminatesTls, type Server } from '../../facts/servers.ts';
import type { Service } from '../../facts/services.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { listAt } from '../../kubernetes/read.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Probe } from '../../model/probe.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, mergePatch, replaceField, restoreField, valueAt } from '../remedies.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { decisionOn } from './field-change.ts';

/** HTTP as a backend says it by its port: without a sign of HTTP/2, which could take the bytes as they come. */
const speaksHttp1 = ({ backend }: BackendUse): boolean => backend.protocol === 'HTTP';

const choseH2 = ({ alpn, http }: Probe): boolean => alpn === 'h2' && http === undefined;
const choseHttp1 = ({ alpn, http }: Probe): boolean => alpn !== 'h2' && http !== undefined;

/** The server becomes HTTPS, and the rules of the VirtualService move from tcp to http. */
function endHttpHere(server: Server, { owner }: BackendUse): Fix {
  const path = `${server.path}.port.protocol`;
  const rules = listAt(valueAt(owner, 'spec.tcp'));
  const routes = rules.map((rule) => ({ route: listAt(rule, 'route') }));
  const moved = jsonPatch(owner, [
    { op: 'test', path: '/spec/tcp', value: rules },
    { op: 'remove', path: '/spec/tcp' },
    { op: 'add', path: '/spec/http', value: routes },
  ]);
  const back = jsonPatch(owner, [
    { op: 'remove', path: '/spec/http' },
    { op: 'add', path: '/spec/tcp', value: rules },
  ]);
  return {
    summary:
      'end HTTP at the gateway too: protocol HTTPS and http routes, so that it speaks to each side in its own version',
    commands: [replaceField(server.owner, path, 'HTTPS'), moved],
    undo: [back, restoreField(server.owner, path, 'HTTPS')],
    doNot: ['change only one of the two: an HTTPS server takes no tcp route'],
    ...decisionOn(server.owner),
  };
}

function forwardedLines(evidence: Evidence, { hosts }: BackendUse): readonly Observation[] {
  const lines = hosts
    .flatMap((host) => requestsFor(evidence, host))
    .filter(({ method, status }) => status === 0 && typeof method !== 'string');
  return lines.slice(-2).map(observedEntry);
}

/** TLS is ended with `h2` on offer, and the bytes go to a backend that knows HTTP/1.1 alone. */
function bytesToHttp1(evidence: Evidence, server: Server, uses: readonly BackendUse[]): Fault | undefined {
  const probes = probesOf(evidence)(server).map(({ probe }) => probe);
  const failed = probes.filter(choseH2);
  const use = uses.find(speaksHttp1) ?? (failed.length > 0 ? uses[0] : undefined);
  if (!use) return undefined;
  const { backend } = use;
  const title = `${named(server.owner)} ${server.path} offers h2 and forwards bytes to ${backend.host}, which speaks HTTP/1.1`;
  return {
    subject: subjectOf(server.owner, `${server.path}.port.protocol`),
    title,
    message: `${title}. With protocol TLS the gateway ends TLS alone: a client that chooses h2 has its HTTP/2 frames sent to a server that cannot read them, and gets an empty reply after a good handshake.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}`,
        detail: `protocol TLS, mode ${server.tls?.mode ?? ''}`,
      },
      {
        source: 'resource',
        ref: `${named(use.owner)} ${use.path}`,
        detail: `a tcp route to ${backend.host}, port ${backend.port ?? '?'} ${backend.servicePort?.name ?? ''}`,
      },
      ...[...failed, ...probes.filter(choseHttp1)].slice(0, 2).map(observedProbe),
      ...forwardedLines(evidence, use),
    ],
    affects: [{ server, hosts: use.hosts }],
    confidence: failed.length > 0 ? 0.92 : 0.8,
    clients: 'clients that choose h2: browsers, curl without --http1.1, gRPC',
    related: [subjectOf(use.owner, use.path)],
    fix: endHttpHere(server, use),
    confirm: confirmHost(use.hosts[0]),
    misleading: ['With --http1.1 everything works, and so it does for probes that offer no h2.'],
  };
}

const certificateMark = 'service.beta.kubernetes.io/aws-load-balancer-ssl-cert';
const alpnMark = 'service.beta.kubernetes.io/aws-load-balancer-alpn-policy';

/** A balancer that ends TLS itself, so that it is the one that offers h2 or does not. */
const endsTlsWithoutAlpn = ({ resource, type }: Service): boolean =>
  type === 'LoadBalancer' &&
  resource.annotations[certificateMark] !== undefined &&
  [undefined, 'None', 'HTTP1Only'].includes(resource.annotations[alpnMark]);

/** A plaintext HTTP/2 server behind a balancer that ends TLS and offers no protocol by ALPN (istio/istio#53235). */
function behindBalancer(evidence: Evidence, server: Server): Fault | undefined {
  if (isTlsProtocol(server.protocol) || (server.protocol !== 'HTTP2' && server.protocol !== 'GRPC')) return undefined;
  const service = servicesFor(evidence, server).find(
    (one) => endsTlsWithoutAlpn(one) && one.ports.some(({ number }) => number === server.port),
  );
  if (!service) return undefined;
  const { resource } = service;
  const title = `${named(server.owner)} ${server.path} is ${server.protocol}, and the balancer that ends TLS before it offers no h2`;
  const metadata = (value: string | null) => ({ metadata: { annotations: { [alpnMark]: value } } });
  return {
    subject: subjectOf(server.owner, `${server.path}.port.protocol`),
    title,
    message: `${title}. The client agrees on the protocol with whoever ends TLS, and that is the balancer of ${named(resource)}: without an ALPN policy it speaks HTTP/1.1.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(resource)} metadata.annotations`,
        detail: `${certificateMark} is set, ${alpnMark} is ${resource.annotations[alpnMark] ?? 'not'}`,
      },
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}.port`,
        detail: `${server.protocol} on ${server.port}, no TLS`,
      },
    ],
    affects: [{ server }],
    confidence: 0.75,
    severity: server.protocol === 'GRPC' ? 'error' : 'warning',
    clients: 'clients that need HTTP/2, such as gRPC',
    related: [subjectOf(resource, 'metadata.annotations')],
    fix: {
      summary: 'give the balancer an ALPN policy, or let it pass TLS through to an HTTPS server',
      commands: [mergePatch(resource, metadata('HTTP2Preferred'))],
      undo: [mergePatch(resource, metadata(resource.annotations[alpnMark] ?? null))],
      doNot: [],
      ...decisionOn(resource),
    },
    confirm: confirmHost(listedHosts(server)[0]),
  };
}

/** HTTP/2 is offered where it cannot be spoken, or not offered where it is needed. */
export const alpnH2: Check = {
  name: 'alpn-h2',
  title: 'HTTP/2 is negotiated where, and only where, it can be spoken',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'http',
  reads: ['resource', 'probe', 'access-log'],
  explains: [{ check: 'handshake-refused', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    const byServer = Map.groupBy(
      gatewayBackends(evidence).filter(({ server, section }) => section === 'tcp' && terminatesTls(server)),
      ({ server }) => server,
    );
    for (const [server, uses] of byServer) {
      const fault = bytesToHttp1(evidence, server, uses);
      if (fault) yield fault;
    }
    for (const server of servers(evidence)) {
      const fault = behindBalancer(evidence, server);
      if (fault) yield fault;
    }
  },
};
