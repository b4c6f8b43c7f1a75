import type { Evidence } from '../../facts/evidence.ts';
import { attachmentOf } from '../../facts/attachments.ts';
import { accessLog } from '../../facts/log-events.ts';
import { placementsOf } from '../../facts/listeners.ts';
import { readProbes, type ReadProbe } from '../../facts/probes.ts';
import { activeListeners, envoysOf } from '../../facts/proxies.ts';
import { bindingsOf } from '../../facts/routes.ts';
import {
  isTlsProtocol,
  listedHosts,
  namesCertificate,
  servers,
  terminatesTls,
  type Server,
} from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, pointerOf, valueAt, type PatchOperation } from '../remedies.ts';
import { noFilterChain, noListener, noRoute, plaintextListener } from '../symptoms.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { blockAt, decisionOn, fieldChange, shownField } from './field-change.ts';

/** Protocol and mode in one patch: with the protocol alone, a mode that is left out means PASSTHROUGH, and the chain is gone. */
function fixOf(server: Server): Fix {
  const { owner, path, tls } = server;
  const old = valueAt(owner, `${path}.tls`);
  const mode = tls?.modeWritten && tls.mode !== 'PASSTHROUGH' ? tls.mode : 'SIMPLE';
  const wanted = {
    ...blockAt(owner, `${path}.tls`),
    mode,
    ...(!namesCertificate(server) && { credentialName: '<SECRET>' }),
  };
  const protocol = `${pointerOf(path)}/port/protocol`;
  const pointer = `${pointerOf(path)}/tls`;
  const operations: readonly PatchOperation[] = [
    { op: 'test', path: protocol, value: valueAt(owner, `${path}.port.protocol`) ?? '' },
    { op: 'replace', path: protocol, value: 'HTTPS' },
    { op: old === undefined ? 'add' : 'replace', path: pointer, value: wanted },
  ];
  const undo: readonly PatchOperation[] = [
    { op: 'test', path: protocol, value: 'HTTPS' },
    { op: 'replace', path: protocol, value: valueAt(owner, `${path}.port.protocol`) ?? 'HTTP' },
    old === undefined ? { op: 'remove', path: pointer } : { op: 'replace', path: pointer, value: old },
  ];
  return {
    summary: 'set protocol HTTPS, and the mode in the same change',
    commands: [jsonPatch(owner, operations)],
    undo: [jsonPatch(owner, undo)],
    doNot: ['change the protocol alone: a mode that is left out then means PASSTHROUGH, and the listener goes away'],
    ...decisionOn(owner),
  };
}

/** Handshakes for the server's hosts that were answered in plaintext, by clients that name no other TLS server's host. */
const plaintextAnswers = (evidence: Evidence, server: Server): readonly ReadProbe[] =>
  readProbes(evidence).filter(
    ({ probe, server: own }) => own === server && probe.outcome === 'not-tls' && probe.sni !== null,
  );

function plaintextChains(evidence: Evidence, server: Server): readonly Observation[] {
  return placementsOf(evidence, server).flatMap(({ workload, listenerPort }) =>
    envoysOf(evidence, workload).flatMap((envoy) =>
      activeListeners(envoy)
        .filter(
          ({ port, chains }) =>
            port === listenerPort && chains.length > 0 && chains.every(({ tls }) => tls === undefined),
        )
        .map(({ name }) => ({
          source: 'config-dump' as const,
          ref: `${envoy.namespace}/${envoy.pod}`,
          detail: `listener ${name} has no chain with a transport socket`,
        })),
    ),
  );
}

function codecErrors(evidence: Evidence, server: Server): readonly Observation[] {
  const ports = new Set(placementsOf(evidence, server).map(({ listenerPort }) => listenerPort));
  const lines = accessLog(evidence).filter(
    ({ flags, downstreamLocal }) =>
      flags.includes('DPE') && ports.has(Number(/:(\d{1,5})$/.exec(downstreamLocal ?? '')?.[1])),
  );
  return lines.slice(-2).map(observedEntry);
}

/** Plaintext is spoken where a certificate is named, or where clients are seen to speak TLS. */
function plaintextFault(evidence: Evidence, server: Server): Fault | undefined {
  if (isTlsProtocol(server.protocol)) return undefined;
  const certificate =
    namesCertificate(server) || (server.tls?.modeWritten === true && server.tls.mode !== 'PASSTHROUGH');
  const met = server.port === 80 ? [] : plaintextAnswers(evidence, server);
  if (!certificate && met.length === 0) return undefined;
  const title = certificate
    ? `${named(server.owner)} ${server.path} has certificate settings and the protocol ${server.protocol}`
    : `${named(server.owner)} ${server.path} speaks ${server.protocol} on port ${server.port}, and clients speak TLS to it`;
  return {
    subject: subjectOf(server.owner, `${server.path}.port.protocol`),
    title,
    message: `${title}. The listener speaks plaintext${certificate ? ' and the certificate is never used' : ''}: a TLS handshake is answered with “HTTP/1.1 400”, which clients call a wrong version number.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}`,
        detail: `${server.protocol} on ${server.port}; tls ${shownField(server.owner, `${server.path}.tls`)}`,
      },
      ...met.slice(0, 2).map(({ probe }) => observedProbe(probe)),
      ...codecErrors(evidence, server),
      ...plaintextChains(evidence, server).slice(0, 1),
    ],
    affects: [{ server }],
    confidence: certificate ? 0.92 : 0.8,
    fix: fixOf(server),
    confirm: confirmHost(listedHosts(server)[0]),
    misleading: ['Requests by http:// to the same port succeed.'],
  };
}

/** TLS is ended by a server whose protocol says that bytes follow, and only http routes are there for it. */
function bytesFault(evidence: Evidence, server: Server): Fault | undefined {
  if (server.from !== 'Gateway' || server.protocol !== 'TLS' || !terminatesTls(server)) return undefined;
  const bindings = bindingsOf(evidence, server);
  const routes = new Set(bindings.flatMap(({ virtualService }) => virtualService.sections));
  if (!routes.has('http') || routes.has('tcp') || attachmentOf(evidence, server).workloads.length === 0)
    return undefined;
  const title = `${named(server.owner)} ${server.path} has the protocol TLS, and its routes are http routes`;
  const path = `${server.path}.port.protocol`;
  return {
    subject: subjectOf(server.owner, path),
    title,
    message: `${title}. With protocol TLS and mode ${server.tls?.mode ?? ''} the gateway ends TLS and forwards bytes by tcp routes; there are none, so that the server gets no filter chain.`,
    evidence: [
      { source: 'resource', ref: `${named(server.owner)} ${path}`, detail: 'TLS' },
      ...bindings.slice(0, 2).map(({ virtualService }) => ({
        source: 'resource' as const,
        ref: named(virtualService.resource),
        detail: `has ${virtualService.sections.join(', ')} routes`,
      })),
    ],
    affects: [{ server }],
    confidence: 0.88,
    step: 'listener',
    related: bindings.map(({ virtualService }) => subjectOf(virtualService.resource)),
    fix: fieldChange(server.owner, path, 'HTTPS', { summary: 'set protocol HTTPS, for which http routes are' }),
    confirm: confirmHost(listedHosts(server)[0]),
  };
}

/** A server that is meant for HTTPS, by its settings, its clients or its routes, and whose protocol is another. */
export const serverProtocolNotHttps: Check = {
  name: 'server-protocol-not-https',
  title: 'Servers with certificates, and those that TLS clients reach, have a protocol of TLS',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'tls',
  reads: ['resource', 'probe', 'access-log', 'config-dump'],
  explains: [...plaintextListener, ...noFilterChain, ...noListener, ...noRoute],
  *inspect(evidence): Iterable<Judgement> {
    for (const server of servers(evidence)) {
      const fault = plaintextFault(evidence, server) ?? bytesFault(evidence, server);
      if (fault) yield fault;
    }
  },
};
