import { coversPattern } from '../../x509/covers-host.ts';
import { nearest } from '../../text/nearest.ts';
import { credentialTrail, isServedFromMemory } from '../../facts/credential-trail.ts';
import { credentialUses, pairOf, type CredentialUse } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, managerOf, ownerOfNamespace, replaceField, restoreField } from '../remedies.ts';

import { credentialNeverCame } from '../symptoms.ts';

const hasUsableTwin = (evidence: Evidence, use: CredentialUse): boolean =>
  evidence.secretsNamed(use.name).some((secret) => secret.namespace !== use.namespace);

/** Secrets in the right place whose names are nearly the one asked for. */
function namesNearby(evidence: Evidence, use: CredentialUse): readonly string[] {
  const { secrets, secretNames } = evidence.snapshot;
  const there = [...secrets, ...secretNames].filter(({ namespace }) => namespace === use.namespace);
  return nearest(use.name, new Set(there.map(({ name }) => name)));
}

/** The near name that may be offered as a fix: its certificate is that of these hosts, and in date. */
function meantName(evidence: Evidence, use: CredentialUse, near: readonly string[]): string | undefined {
  return near.find((name) => {
    const found = evidence.secret(use.namespace, name);
    const pair = found.state === 'found' ? pairOf(found.value) : undefined;
    if (pair?.state !== 'pair') return false;
    const leaf = pair.secret.values[pair.certKey]?.certificates[0];
    if (!leaf || new Date(leaf.notAfter) <= evidence.now) return false;
    return use.server.hosts.every(({ host }) => coversPattern(leaf, host));
  });
}

function fixOf(use: CredentialUse, meant: string | undefined): Fix {
  const { owner } = use.server;
  const manager = managerOf(owner);
  const managed = manager === undefined ? {} : { managedBy: manager };
  if (meant !== undefined && use.server.from === 'Gateway') {
    return {
      summary: `name Secret ${meant}, which is there and holds a certificate for these hosts; no restart is needed`,
      owner: ownerOfNamespace(owner.namespace),
      commands: [replaceField(owner, use.path, meant)],
      undo: [restoreField(owner, use.path, meant)],
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
    fix: fixOf(use, meantName(evidence, use, near)),
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
