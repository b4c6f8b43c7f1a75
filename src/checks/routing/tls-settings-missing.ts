import { observed } from '../../facts/credential-trail.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { release } from '../../facts/mesh.ts';
import { probesOf } from '../../facts/probes.ts';
import { bindingsOf } from '../../facts/routes.ts';
import { isTlsProtocol, listedHosts, namesCertificate, servers, type Server } from '../../facts/servers.ts';
import { atLeast, before, releaseText, type Release } from '../../istio/release.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { noFilterChain, noListener } from '../symptoms.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { blockAt, fieldChange, shownField } from './field-change.ts';

/** What a server for TLS lacks, as the end of a sentence that begins with it, and the field. */
interface Lack {
  readonly says: string;
  readonly path: string;
}

/** 1.26 has the fields for several certificates and makes nothing of them; 1.27 does. */
function ignoredCertificates({ tls }: Server, rules: Release | undefined): string | undefined {
  if (!tls || !atLeast(rules, 1, 26) || !before(rules, 1, 27) || rules === undefined) return undefined;
  const alone = tls.serverCertificate === undefined;
  if (alone && tls.credentialNames.some(({ path }) => path.includes('credentialNames['))) return 'credentialNames';
  return alone && tls.tlsCertificates.length > 0 && tls.credentialNames.length === 0 ? 'tlsCertificates' : undefined;
}

function lackOfGateway(evidence: Evidence, server: Server): Lack | undefined {
  const { tls, path } = server;
  if (!tls) return { says: `is ${server.protocol} and has no tls block`, path };
  const rules = release(evidence);
  const ignored = ignoredCertificates(server, rules);
  if (ignored !== undefined && rules) {
    return {
      says: `names its certificates in ${ignored}, which Istio ${releaseText(rules)} does not read yet`,
      path: `${path}.tls.${ignored}`,
    };
  }
  if (tls.serverCertificate !== undefined && tls.privateKey === undefined && tls.credentialNames.length === 0) {
    return { says: 'names the file of a certificate and none of a private key', path: `${path}.tls.privateKey` };
  }
  if (namesCertificate(server) || tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH') return undefined;
  if (tls.mode !== 'PASSTHROUGH') return { says: `has mode ${tls.mode} and names no certificate`, path: `${path}.tls` };
  const passes = bindingsOf(evidence, server).some(({ virtualService }) => virtualService.sections.includes('tls'));
  if (tls.modeWritten || passes) return undefined;
  const only = tls.httpsRedirect
    ? 'has httpsRedirect, which is for plaintext servers, and neither mode nor certificate'
    : 'has neither mode nor certificate in its tls block';
  return { says: only, path: `${path}.tls` };
}

function lackOf(evidence: Evidence, server: Server): Lack | undefined {
  const { tls, path, from } = server;
  if (!isTlsProtocol(server.protocol)) return undefined;
  if (from === 'Gateway') return lackOfGateway(evidence, server);
  if (from === 'Ingress') {
    return namesCertificate(server)
      ? undefined
      : { says: 'names no secretName, so that Istio makes no HTTPS server of it', path };
  }
  if (!tls) return { says: `has the protocol ${server.protocol} and no tls block`, path };
  const ends = tls.mode !== 'PASSTHROUGH' && tls.mode !== 'ISTIO_MUTUAL' && tls.mode !== 'AUTO_PASSTHROUGH';
  return ends && tls.credentialNames.length === 0
    ? { says: 'ends TLS and has no certificateRefs', path: `${path}.tls` }
    : undefined;
}

function fixOf(server: Server, { path }: Lack): Fix {
  const { owner, from } = server;
  const tlsPath = from === 'Ingress' ? path : `${server.path}.tls`;
  const block = blockAt(owner, tlsPath);
  const { httpsRedirect: _redirect, credentialNames: _names, ...kept } = block;
  const [first] = server.tls?.credentialNames ?? [];
  const wanted: JsonObject =
    from === 'Ingress'
      ? { ...block, secretName: '<SECRET>' }
      : from === 'GatewayAPI'
        ? { ...block, mode: 'Terminate', certificateRefs: [{ kind: 'Secret', name: '<SECRET>' }] }
        : {
            ...kept,
            mode: server.tls?.modeWritten ? server.tls.mode : 'SIMPLE',
            credentialName: first?.name ?? '<SECRET>',
          };
  return fieldChange(owner, tlsPath, wanted, {
    summary: 'name mode and certificate together: a mode alone is refused, and a certificate without one is not used',
    doNot: ['change the protocol to HTTP to silence it: clients that speak TLS would meet plaintext'],
  });
}

function logLines(evidence: Evidence, { owner, port }: Server): readonly Observation[] {
  const lines = eventsOf(evidence, 'listener-invalid', 'listener-omitted', 'ingress-without-secret').filter(
    ({ gateway, port: own, listener }) =>
      (gateway?.name === owner.name && (own === undefined || own === port)) ||
      (gateway === undefined && listener?.endsWith(`_${port}`) === true),
  );
  return lines.slice(-2).map(observed);
}

function faultOf(evidence: Evidence, server: Server, lack: Lack): Fault {
  const title = `${named(server.owner)} ${server.path} ${lack.says}`;
  const lines = logLines(evidence, server);
  const failing = probesOf(evidence)(server).filter(({ reading }) => reading === 'fails');
  return {
    subject: subjectOf(server.owner, lack.path),
    title,
    message: `${title}. No filter chain is made of it: where it is alone on its port nothing listens and connections are refused, else its hosts are reset after the client’s first message.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}`,
        detail: shownField(server.owner, server.path),
      },
      ...lines,
      ...failing.slice(0, 2).map(({ probe }) => observedProbe(probe)),
    ],
    affects: [{ server }],
    confidence: 0.9,
    fix: fixOf(server, lack),
    confirm: confirmHost(listedHosts(server)[0]),
    misleading: ['The API server took the object: admission was not there, or came later than the object.'],
  };
}

/** A server for TLS without the settings that a certificate needs. */
export const tlsSettingsMissing: Check = {
  name: 'tls-settings-missing',
  title: 'Every server that ends TLS says with which certificate',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource', 'istiod-log', 'probe'],
  explains: [
    ...noFilterChain,
    ...noListener,
    { check: 'listener-status-invalid', over: 'server' },
    { check: 'vs-missing', over: 'server' },
    { check: 'passthrough-route-mismatch', over: 'server' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    for (const server of servers(evidence)) {
      const lack = lackOf(evidence, server);
      if (lack) yield faultOf(evidence, server, lack);
    }
  },
};
