import type { Evidence } from '../../facts/evidence.ts';
import { missingHosts, type MissingHost } from '../../facts/missing-hosts.ts';
import { servers, type Server } from '../../facts/servers.ts';
import { isForTls, destinations } from '../../facts/targets.ts';
import { gatewayWorkloads } from '../../facts/workloads.ts';
import { virtualServices } from '../../facts/routes.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Subject } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, kubectl, managerOf, ownerOfNamespace, pointerOf, valueAt } from '../remedies.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';

/** How many labels two names share from their end. */
function kinship(a: string, b: string): number {
  const left = a.split('.').reverse();
  const right = b.split('.').reverse();
  let shared = 0;
  while (shared < left.length && left[shared] === right[shared]) shared++;
  return shared;
}

/** The server whose hosts are most like the missing one: of the Gateway that was meant, else of any. */
function nearestServer(evidence: Evidence, { host, meant }: MissingHost): Server | undefined {
  const candidates =
    meant.length > 0 ? meant : servers(evidence).filter((one) => isForTls(one) && one.from === 'Gateway');
  const likeness = (server: Server): number => Math.max(0, ...server.hosts.map((own) => kinship(own.host, host)));
  const best = [...candidates].sort((a, b) => likeness(b) - likeness(a))[0];
  const owners = new Set(candidates.map(({ owner }) => owner));
  return best && (meant.length > 0 || owners.size === 1 || likeness(best) >= 2) ? best : undefined;
}

/** The object to mend: the Gateway, else what refers to the host, else the gateway's workload. */
function subjectFor(evidence: Evidence, missing: MissingHost, server: Server | undefined): Subject | undefined {
  if (server) return { ...subjectOf(server.owner, `${server.path}.hosts`), host: missing.host };
  const object =
    missing.objects[0] ?? virtualServices(evidence).find(({ hosts }) => hosts.includes(missing.host))?.resource;
  if (object) return { ...subjectOf(object, 'spec.gateways'), host: missing.host };
  const [workload] = gatewayWorkloads(evidence);
  return workload && { ...subjectOf(workload.resource ?? workload.ref), host: missing.host };
}

function fixOf({ host }: MissingHost, server: Server | undefined): Fix {
  const summary = `add ${host} to the hosts of a TLS server whose certificate covers it`;
  if (!server) {
    const list = kubectl('', 'get', 'gateways.networking.istio.io', '-A');
    return { summary, owner: 'the owner of the gateway', commands: [list], undo: [], doNot: [] };
  }
  const { owner, path, hosts } = server;
  const manager = managerOf(owner);
  const pointer = pointerOf(`${path}.hosts`);
  const old = valueAt(owner, `${path}.hosts`) ?? [];
  const guard = { op: 'test' as const, path: pointer, value: old };
  const undo = jsonPatch(owner, [
    { op: 'test', path: `${pointer}/${hosts.length}`, value: host },
    { op: 'remove', path: `${pointer}/${hosts.length}` },
  ]);
  return {
    summary,
    owner: ownerOfNamespace(owner.namespace),
    commands: [jsonPatch(owner, [guard, { op: 'add', path: `${pointer}/-`, value: host }])],
    undo: [undo],
    doNot: ['set the host to * for one name: the server would then answer for every name, with this certificate'],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

function faultOf(evidence: Evidence, missing: MissingHost): Fault | undefined {
  const { host, lines, probes, knownBy, isCentral } = missing;
  const server = nearestServer(evidence, missing);
  const subject = subjectFor(evidence, missing, server);
  if (!subject) return undefined;
  const seen = [...probes.slice(0, 2).map(({ probe }) => observedProbe(probe)), ...lines.slice(-2).map(observedEntry)];
  const title = server
    ? `No TLS server has the host ${host}; the nearest is ${named(server.owner)} ${server.path}`
    : `No TLS server of any Gateway has the host ${host}`;
  return {
    subject,
    title,
    message: `No TLS server has the host ${host}, so no filter chain takes the name: TCP connects, and the connection is reset after the client’s first message, without an alert.`,
    evidence: [
      ...knownBy,
      ...(server
        ? [
            {
              source: 'resource' as const,
              ref: `${named(server.owner)} ${server.path}.hosts`,
              detail: server.hosts.map(({ text }) => text).join(', '),
            },
          ]
        : []),
      ...seen,
    ],
    affects: [{ hosts: [host] }],
    confidence: seen.length > 0 ? 0.9 : 0.75,
    severity: isCentral || seen.length > 0 ? 'error' : 'warning',
    related: missing.objects.map((object) => subjectOf(object, 'spec.hosts')),
    fix: fixOf(missing, server),
    confirm: confirmHost(host),
    misleading: [
      'A reset without a TLS alert looks like a missing certificate; there, the access log has no line at all.',
    ],
  };
}

/** A host that a route or a user means to be served, and that no TLS server of a Gateway has. */
export const gatewayHostMissing: Check = {
  name: 'gateway-host-missing',
  title: 'Every host that routes and users mean is a host of a TLS server',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'listener',
  reads: ['resource', 'secret', 'dns', 'probe', 'access-log'],
  explains: [
    { check: 'handshake-reset', over: 'host' },
    { check: 'access-log-no-filter-chain', over: 'host' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    const gap = evidence.gap(kinds.gateway, '*');
    const unserved = destinations(evidence).filter(({ server }) => !server);
    if (gap && unserved.length > 0) {
      yield {
        blind: gap,
        about: 'which hosts the Gateways have',
        affects: unserved.map(({ host }) => ({ hosts: [host] })),
      };
      return;
    }
    for (const missing of missingHosts(evidence)) {
      const fault = faultOf(evidence, missing);
      if (fault) yield fault;
    }
  },
};
