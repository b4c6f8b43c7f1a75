import { acmeBlockers, type AcmeBlocker } from '../../facts/acme-blockers.ts';
import { httpChallenges, type HttpChallenge } from '../../facts/acme-challenges.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { neededSecrets, type NeededSecret } from '../../facts/needed-secrets.ts';
import { servers, takesName, terminatesTls } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import type { Affected, Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, kubectl, managerOf, ownerOfNamespace, pointerOf } from '../remedies.ts';
import { unwrittenReach } from './unwritten-secret.ts';

const cannotRedirect = 'leave it off for good: plain requests are answered in clear meanwhile';

/** The redirect is lifted for the time of the challenge, or the challenge takes another way. */
function redirectFix({ server, subject }: AcmeBlocker): Fix | undefined {
  if (!server) return undefined;
  const path = pointerOf(`${server.path}.tls.httpsRedirect`);
  const manager = managerOf(server.owner);
  return {
    summary: 'lift the redirect of this host until the challenge is answered; a DNS-01 solver needs no such gap',
    owner: ownerOfNamespace(subject.namespace),
    commands: [
      jsonPatch(server.owner, [
        { op: 'test', path, value: true },
        { op: 'replace', path, value: false },
      ]),
    ],
    undo: [
      jsonPatch(server.owner, [
        { op: 'test', path, value: false },
        { op: 'replace', path, value: true },
      ]),
    ],
    doNot: [cannotRedirect],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

const summaries: Readonly<Record<AcmeBlocker['block'], string>> = {
  redirect: 'lift the redirect until the challenge is answered',
  class: 'give the issuer’s HTTP-01 solver a class that this gateway takes, then let the challenge be made anew',
  'other-gateway':
    'have Ingresses answered by the gateway that has the host (MeshConfig ingressSelector), or use a DNS-01 solver',
  'no-port': 'add port 80 to the gateway’s Service, or use a DNS-01 solver',
  route: 'give the solver’s route a listener in clear on port 80 that takes it, or use a DNS-01 solver',
};

function fixOf(owner: Resource, blocker: AcmeBlocker): Fix {
  const lifted = redirectFix(blocker);
  if (lifted) return lifted;
  return {
    summary: summaries[blocker.block],
    owner: ownerOfNamespace(blocker.subject.namespace),
    commands: [
      kubectl(owner.namespace, 'get', 'challenges.acme.cert-manager.io,ingresses.networking.k8s.io', '-o', 'wide'),
    ],
    undo: [],
    doNot: [],
  };
}

function affectedBy(evidence: Evidence, needed: NeededSecret | undefined, host: string): readonly Affected[] {
  if (needed) return needed.servers.map((server) => ({ server }));
  return servers(evidence)
    .filter((server) => terminatesTls(server) && server.hosts.some((own) => takesName(own.host, host)))
    .map((server) => ({ server, hosts: [host] }));
}

function seenOfChallenge({ challenge, solver, says }: HttpChallenge): readonly Observation[] {
  const object = challenge ?? solver;
  if (!object) return [];
  return [{ source: 'resource', ref: named(object), detail: says ?? 'waits for its answer' }];
}

function faultOf(
  evidence: Evidence,
  pending: HttpChallenge,
  blockers: readonly [AcmeBlocker, ...AcmeBlocker[]],
): Fault | undefined {
  const [first] = blockers;
  const { host, issuance, challenge, solver } = pending;
  const owner = issuance?.certificate ?? challenge ?? solver;
  if (!owner) return undefined;
  const needed = neededSecrets(evidence).find(
    ({ namespace, name }) => namespace === owner.namespace && name === issuance?.secretName,
  );
  const affects = affectedBy(evidence, needed, host);
  if (affects.length === 0) return undefined;
  return {
    subject: { ...subjectOf(owner), host },
    title: `The HTTP-01 challenge of ${named(owner)} for ${host} cannot be answered: ${first.says}`,
    message: `The authority asks port 80 of ${host} for a token, and ${first.says}. Until it gets the token there is no certificate.`,
    evidence: [...seenOfChallenge(pending), ...blockers.map(({ observation }) => observation)],
    affects,
    confidence: first.confidence,
    ...(needed ? unwrittenReach(evidence, needed) : { severity: 'warning' }),
    related: blockers.map(({ subject }) => subject),
    ...(issuance && {
      touches: [{ apiVersion: 'v1', kind: 'Secret', namespace: owner.namespace, name: issuance.secretName }],
    }),
    fix: fixOf(owner, first),
    confirm: confirmHost(host),
  };
}

/** The certificate waits for an HTTP-01 challenge that cannot be answered through this gateway. */
export const acmeHttp01Blocked: Check = {
  name: 'acme-http01-blocked',
  title: 'Every HTTP-01 challenge can be answered through the gateway',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['resource'],
  explains: [{ check: 'cert-manager-not-ready', over: 'object' }],
  *inspect(evidence): Iterable<Judgement> {
    for (const pending of httpChallenges(evidence)) {
      const [first, ...others] = acmeBlockers(evidence, pending);
      const fault = first && faultOf(evidence, pending, [first, ...others]);
      if (fault) yield fault;
    }
  },
};
