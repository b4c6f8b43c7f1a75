import { listedHosts, servers, terminatesTls, type Server } from '../../facts/servers.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { shownField } from './field-change.ts';
import { mismatchOf, type Mismatch } from './tls-mismatches.ts';

function faultOf(server: Server, mismatch: Mismatch): Fault {
  const { field, says, effect, clients, severity, confidence, fix, decidedBy, probes = [] } = mismatch;
  const path = `${server.path}.tls.${field}`;
  const title = `${named(server.owner)} ${server.path} ${says}`;
  return {
    subject: subjectOf(server.owner, path),
    title,
    message: `${title}. ${effect}`,
    evidence: [
      {
        source: 'resource',
        ref: `Gateway ${fullName(server.owner)} ${server.path}.tls`,
        detail: shownField(server.owner, `${server.path}.tls`),
      },
      ...probes.slice(0, 3).map(observedProbe),
    ],
    affects: [{ server }],
    confidence,
    severity,
    clients,
    fix,
    confirm: confirmHost(listedHosts(server)[0]),
    misleading:
      severity === 'info' ? [] : ['Clients that the setting suits notice nothing, so that the gateway looks well.'],
    ...(decidedBy !== undefined && { decidedBy }),
  };
}

/** Versions or cipher suites that client and gateway do not share. */
export const tlsVersionCipher: Check = {
  name: 'tls-version-cipher',
  title: 'Versions and cipher suites suit the clients and the certificate',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'tls',
  reads: ['resource', 'probe'],
  explains: [{ check: 'handshake-refused', over: 'server' }],
  *inspect(evidence): Iterable<Judgement> {
    for (const server of servers(evidence)) {
      // listeners of the Gateway API and Ingresses have no such fields
      if (server.from !== 'Gateway' || !terminatesTls(server) || server.tls?.mode === 'ISTIO_MUTUAL') continue;
      const mismatch = mismatchOf(evidence, server);
      if (mismatch) yield faultOf(server, mismatch);
    }
  },
};
