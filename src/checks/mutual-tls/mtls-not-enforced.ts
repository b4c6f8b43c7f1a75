import { observedProbe } from '../symptom/probe-symptom.ts';
import { credentialsOf, credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import { letIn, settingsInForce } from '../../facts/enforcement.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { heldBy } from '../../facts/proxies.ts';
import { isPresented, servedChains } from '../../facts/served-chains.ts';
import { serversUsing } from '../../facts/key-pairs.ts';
import { asksClients, servers, type Server } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';
import { createCaSecret, deleteCaSecret } from './ca-remedies.ts';

const demands = ({ tls }: Server): boolean => tls?.mode === 'MUTUAL';

/** The name of a Secret for a CA that istiod sends as a key pair, since it does not end in -cacert. */
function nameFix(use: CredentialUse): Fix {
  const { server, namespace, name, path, written } = use;
  const wanted = `${written}-cacert`;
  const manager = managerOf(server.owner);
  return {
    summary: `put the CA of the clients into Secret ${namespace}/${name}-cacert, and name that one; clients without a certificate are refused from then on`,
    owner: ownerOfNamespace(server.owner.namespace),
    commands: [createCaSecret(namespace, name), replaceField(server.owner, path, wanted)],
    undo: [restoreField(server.owner, path, wanted), deleteCaSecret(namespace, name)],
    doNot: ['name the Secret first and create it later: until it is there, every handshake is reset'],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

/** `caCertCredentialName` names a Secret that is a key pair: Envoy gets no CA, and asks nobody for a certificate. */
function byName(evidence: Evidence, use: CredentialUse): Fault {
  const { server, namespace, name, path, written, workload, sdsName } = use;
  const held = workload ? heldBy(evidence, workload, sdsName) : [];
  const through = letIn(evidence, server);
  return {
    subject: subjectOf(server.owner, path),
    title: `${named(server.owner)} ${path} names ${written}, which is a key pair, so that no client is asked for a certificate`,
    message: `caCertCredentialName is taken as it stands, and only a name that ends in -cacert means a CA. Secret ${namespace}/${name} holds a key pair, which istiod sends; Envoy reads it as a validation context without a CA, and lets in clients without any certificate.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${path}`,
        detail: `${written}; mode ${server.tls?.mode ?? ''}`,
      },
      ...(use.state.state === 'pair'
        ? [
            {
              source: 'secret' as const,
              ref: `${namespace}/${name}`,
              detail: `keys: ${Object.keys(use.state.secret.values).join(', ')}`,
            },
          ]
        : []),
      ...held.slice(0, 2).map(({ envoy, state, secret }): Observation => ({
        source: 'config-dump',
        ref: `${envoy.namespace}/${envoy.pod}`,
        detail: `${sdsName} ${state}, ${secret?.certificates.length ?? 0} trusted CAs`,
      })),
      ...through.slice(0, 2).map(({ probe }) => observedProbe(probe)),
    ],
    affects: [{ server }],
    confidence: 0.93,
    clients: 'whoever should be kept out',
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: nameFix(use),
    confirm: confirmHost(server.hosts[0]?.host),
    misleading: ['Every request succeeds, no log has a line, and the dump says require_client_certificate true.'],
  };
}

/** The certificate that clients get for this server is another one's: who answers there is a question of its own. */
const isAnothers = (evidence: Evidence, server: Server): boolean =>
  servedChains(evidence).some(
    (chain) => serversUsing(chain.uses).includes(server) && isPresented(evidence, chain) === false,
  );

/** A client without a certificate got an answer, and nothing says that it was not this server that gave it. */
function byProbe(evidence: Evidence, server: Server): Fault | undefined {
  const through = letIn(evidence, server);
  if (through.length === 0 || isAnothers(evidence, server)) return undefined;
  const inForce = settingsInForce(evidence, server);
  // what Envoy holds is another configuration: why it has not arrived is the cause
  if (inForce.length > 0 && inForce.every(({ tls }) => !tls.requireClientCertificate)) return undefined;
  return {
    subject: subjectOf(server.owner, server.path),
    title: `${named(server.owner)} ${server.path} demands client certificates, and a client without one got an answer`,
    message:
      'The server’s mode is MUTUAL, and a client that presented nothing was let in. Whoever should be kept out is not.',
    evidence: [
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}.tls`,
        detail: `mode ${server.tls?.mode ?? ''}`,
      },
      ...inForce.slice(0, 2).map(({ seen }) => seen),
      ...through.slice(0, 2).map(({ probe }) => observedProbe(probe)),
    ],
    affects: [{ server }],
    confidence: inForce.length > 0 ? 0.85 : 0.6,
    clients: 'whoever should be kept out',
    fix: {
      summary:
        'find out who answers: compare what Envoy holds for this name with the Gateway, and look for a front that ends TLS',
      owner: ownerOfNamespace(server.owner.namespace),
      commands: [{ argv: ['istls', 'config', ...server.hosts.slice(0, 1).map(({ host }) => host)] }],
      undo: [],
      doNot: ['take the success of requests for health: a MUTUAL server must refuse some'],
    },
    confirm: confirmHost(server.hosts[0]?.host),
    ...(inForce.length === 0 && { decidedBy: 'the chain that Envoy has for this name: istls config HOST' }),
  };
}

/** Without a look at the Secret: Envoy holds a validation context under the name of the CA that has no CA in it. */
function byDump(evidence: Evidence, server: Server): Fault | undefined {
  const use = credentialsOf(evidence, server).find(({ role }) => role === 'ca');
  if (use?.state.state !== 'unknown' || !use.workload || server.tls?.caCertCredentialName === undefined)
    return undefined;
  const empty = heldBy(evidence, use.workload, use.sdsName).some(
    ({ state, secret }) => state === 'active' && secret?.content !== undefined && secret.certificates.length === 0,
  );
  return empty ? byName(evidence, use) : undefined;
}

/** A server that should refuse clients without a certificate lets them in. */
export const mtlsNotEnforced: Check = {
  name: 'mtls-not-enforced',
  title: 'Servers that demand client certificates refuse those without',
  group: 'mutual-tls',
  kind: 'cause',
  severity: 'error',
  step: 'client-certificate',
  reads: ['resource', 'secret', 'config-dump', 'probe'],
  explains: [],
  *inspect(evidence): Iterable<Judgement> {
    const told = new Set<string>();
    for (const use of credentialUses(evidence)) {
      if (use.role !== 'ca' || use.state.state !== 'pair' || told.has(use.server.key)) continue;
      told.add(use.server.key);
      yield byName(evidence, use);
    }
    for (const server of servers(evidence)) {
      if (!asksClients(server) || !demands(server) || told.has(server.key)) continue;
      const fault = byProbe(evidence, server) ?? byDump(evidence, server);
      if (fault) yield fault;
    }
  },
};
