import { nearest } from '../../text/nearest.ts';
import { credentialTrail, isServedFromMemory } from '../../facts/credential-trail.ts';
import { credentialUses, type CredentialUse } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';

import { credentialNeverCame } from '../symptoms.ts';

const hasUsableTwin = (evidence: Evidence, use: CredentialUse): boolean =>
  evidence.secretsNamed(use.name).some((secret) => secret.namespace !== use.namespace);

function namesNearby(evidence: Evidence, use: CredentialUse): readonly string[] {
  const there = evidence.snapshot.secrets.filter(({ namespace }) => namespace === use.namespace);
  const known = evidence.snapshot.secretNames.filter(({ namespace }) => namespace === use.namespace);
  return nearest(
    use.name,
    [...there, ...known].map(({ name }) => name),
  );
}

function fixOf(use: CredentialUse, near: readonly string[]): Fix {
  const { owner } = use.server;
  const [first] = near;
  const manager = managerOf(owner);
  const managed = manager === undefined ? {} : { managedBy: manager };
  if (first !== undefined && use.server.from === 'Gateway') {
    return {
      summary: `name the Secret that is there, ${first}, if it is the one that was meant; no restart is needed`,
      owner: ownerOfNamespace(owner.namespace),
      commands: [replaceField(owner, use.path, first)],
      undo: [restoreField(owner, use.path, first)],
      doNot: [],
      ...managed,
    };
  }
  return {
    summary: `create Secret ${use.namespace}/${use.name} with the certificate chain and its key; no restart is needed`,
    owner: ownerOfNamespace(use.namespace),
    commands: [kubectl(use.namespace, 'create', 'secret', 'tls', use.name, '--cert=<CHAIN.pem>', '--key=<KEY.pem>')],
    undo: [kubectl(use.namespace, 'delete', 'secret', use.name)],
    doNot: [],
    ...managed,
  };
}

function faultOf(evidence: Evidence, use: CredentialUse): Fault {
  const { server, namespace, name } = use;
  const near = namesNearby(evidence, use);
  const memory = isServedFromMemory(evidence, use);
  const listed: Observation = {
    source: 'secret',
    ref: `${namespace}/${name}`,
    detail: `NotFound${near.length > 0 ? `; there is ${near.join(', ')}` : ''}`,
  };
  const consequence = memory
    ? 'Envoy still serves what it received before; after its next restart every handshake of this host is reset.'
    : 'istiod has nothing to send, and Envoy resets every handshake of this host.';
  return {
    subject: subjectOf(server.owner, use.path),
    title: `${named(server.owner)} ${use.path} names ${use.written}, and there is no such Secret in namespace ${namespace}`,
    message: `istiod looks for Secret ${namespace}/${name}, beside the gateway’s pods, and finds none there or in any other namespace. ${consequence}`,
    evidence: [listed, ...credentialTrail(evidence, use)],
    affects: [{ server }],
    confidence: 0.9,
    severity: memory ? 'warning' : 'error',
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name }],
    fix: fixOf(use, near),
    confirm: confirmHost(server.hosts[0]?.host),
    misleading: memory ? ['Clients notice nothing yet: a deleted Secret is not withdrawn from Envoy.'] : [],
  };
}

/** No Secret of the name that a server asks for, anywhere. Found elsewhere, it is `secret-wrong-namespace`. */
export const secretMissing: Check = {
  name: 'secret-missing',
  title: 'Every Secret that a gateway asks for exists',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: credentialNeverCame,
  *inspect(evidence): Iterable<Judgement> {
    for (const use of credentialUses(evidence)) {
      if (use.role !== 'pair' || use.denied || use.assumed) continue;
      if (use.state.state === 'unknown') {
        const about = `whether Secret ${use.namespace}/${use.name} exists`;
        yield { blind: use.state.gap, about, affects: [{ server: use.server }] };
      } else if (use.state.state === 'absent' && !hasUsableTwin(evidence, use)) {
        yield faultOf(evidence, use);
      }
    }
  },
};
