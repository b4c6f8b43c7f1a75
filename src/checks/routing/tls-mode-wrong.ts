import { heldRoutes } from '../../facts/envoy-routes.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { probesOf } from '../../facts/probes.ts';
import { bindingsOf } from '../../facts/routes.ts';
import { isTlsProtocol, listedHosts, namesCertificate, servers, type Server } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { textMapAt } from '../../kubernetes/read.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { certificateNotAccepted, clientRefused, noFilterChain, noListener } from '../symptoms.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { blockAt, fieldChange } from './field-change.ts';
import { clusterMode, endTlsHere, meshMode, writtenTls } from './mesh-modes.ts';

/** Whether a route by SNI gives a server that passes TLS through its chains. */
const passesByRoute = (evidence: Evidence, server: Server): boolean =>
  bindingsOf(evidence, server).some(({ virtualService }) => virtualService.sections.includes('tls'));

/** A certificate is named, and the mode passes TLS by: left out, the mode means PASSTHROUGH. */
function unusedCertificate(evidence: Evidence, server: Server): Fault | undefined {
  const { tls } = server;
  if (server.from !== 'Gateway' || tls?.mode !== 'PASSTHROUGH' || !isTlsProtocol(server.protocol)) return undefined;
  if (!namesCertificate(server) || passesByRoute(evidence, server) || heldRoutes(evidence, server).length > 0)
    return undefined;
  const what = tls.modeWritten ? 'has mode PASSTHROUGH' : 'has no mode, which means PASSTHROUGH,';
  const title = `${named(server.owner)} ${server.path} ${what} and names a certificate`;
  return {
    subject: subjectOf(server.owner, `${server.path}.tls.mode`),
    title,
    message: `${title.replace(',', '')}. The certificate is never used: without a tls route the server gets no filter chain, and clients are reset after their first message, or refused if nothing else is on the port.`,
    evidence: [
      writtenTls(server),
      ...probesOf(evidence)(server)
        .slice(0, 2)
        .map(({ probe }) => observedProbe(probe)),
    ],
    affects: [{ server }],
    confidence: 0.9,
    step: 'listener',
    fix: endTlsHere(server),
    confirm: confirmHost(listedHosts(server)[0]),
    misleading: ['istiod does not ask for the Secret, so that nothing is logged of it.'],
  };
}

const optionName = 'gateway.istio.io/tls-terminate-mode';
const knownOptions: ReadonlySet<string> = new Set([
  'MUTUAL',
  'OPTIONAL_MUTUAL',
  'ISTIO_MUTUAL',
  'ISTIO_SIMPLE',
  'SIMPLE',
]);

/** Gateway API: a value that Istio does not know counts for nothing, and no client certificate is asked for. */
function unknownOption(server: Server): Fault | undefined {
  if (server.from !== 'GatewayAPI') return undefined;
  const options = textMapAt(blockAt(server.owner, `${server.path}.tls`), 'options');
  const value = options[optionName];
  if (value === undefined || knownOptions.has(value)) return undefined;
  const path = `${server.path}.tls.options`;
  const title = `${named(server.owner)} ${path} has ${optionName}: ${value}, which Istio does not know`;
  const wanted = { ...options, [optionName]: 'MUTUAL' };
  return {
    subject: subjectOf(server.owner, path),
    title,
    message: `${title}. It is passed over in silence: the listener serves as if it were absent, and asks no client for a certificate.`,
    evidence: [{ source: 'resource', ref: `${named(server.owner)} ${path}`, detail: `${optionName}: ${value}` }],
    affects: [{ server }],
    confidence: 0.9,
    severity: 'warning',
    fix: fieldChange(server.owner, path, wanted, {
      summary: `write one of ${[...knownOptions].slice(0, 4).join(', ')}`,
    }),
    confirm: confirmHost(listedHosts(server)[0]),
  };
}

/** A mode that cannot do what the rest of the configuration, or the clients, ask of it. */
export const tlsModeWrong: Check = {
  name: 'tls-mode-wrong',
  title: 'The TLS mode of every server fits its clients and its routes',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'tls',
  reads: ['resource', 'probe', 'config-dump'],
  explains: [
    ...certificateNotAccepted,
    ...clientRefused,
    ...noFilterChain,
    ...noListener,
    { check: 'vs-missing', over: 'server' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    for (const server of servers(evidence)) {
      const fault =
        meshMode(evidence, server) ??
        clusterMode(evidence, server) ??
        unusedCertificate(evidence, server) ??
        unknownOption(server);
      if (fault) yield fault;
    }
  },
};
