import { credentialTrail } from '../../facts/credential-trail.ts';
import { credentialUses } from '../../facts/credentials.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { keyProblemOf, type KeyProblem } from '../../facts/key-problem.ts';
import { meantKeys } from '../../facts/meant-keys.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix } from '../../model/finding.ts';
import type { Secret } from '../../model/secret.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, managerOf, ownerOfNamespace, pointerOf, type PatchOperation } from '../remedies.ts';
import { credentialNotGiven } from '../symptoms.ts';
import { affectedBy, consequenceOf, groupedBySecret, isLatent, reachOf, type Uses } from './consequences.ts';
import { distinctObservations } from './distinct-observations.ts';
import { looseFaults, type LooseMeaning } from './loose-faults.ts';
import { otherPairOf } from './other-pair.ts';
import { fillPair, writerNamed } from './secret-commands.ts';
import { unreadSecret } from './unread-secret.ts';

function fixOf(uses: Uses, secret: Secret | undefined): Fix {
  const [{ namespace, name, server }] = uses;
  const meant = secret && meantKeys(secret, server);
  const manager = secret && (writerNamed(secret) ?? managerOf(secret));
  const shared = {
    owner: ownerOfNamespace(namespace),
    doNot: [],
    ...(manager !== undefined && { managedBy: manager }),
  };
  if (secret && meant) {
    const copies = [
      [meant.certKey, 'tls.crt'],
      [meant.keyKey, 'tls.key'],
    ].filter(([from, to]) => from !== to);
    return {
      summary: `put the certificate chain and its key under tls.crt and tls.key as well; no restart is needed`,
      commands: [
        jsonPatch(
          secret,
          copies.map(([from = '', to = '']) => ({ op: 'copy', from: dataPointer(from), path: dataPointer(to) })),
        ),
      ],
      undo: [
        jsonPatch(
          secret,
          copies.map(([, to = '']) => ({ ...undoOf(secret, to), path: dataPointer(to) })),
        ),
      ],
      ...shared,
    };
  }
  return {
    summary: 'fill tls.crt with the certificate chain and tls.key with its key; no restart is needed',
    commands: [fillPair({ namespace, name }, ['tls.crt', 'tls.key'])],
    undo: [],
    ...shared,
  };
}

/** What was there before was empty, or was not there. */
const undoOf = (secret: Secret, key: string): Pick<PatchOperation, 'op' | 'value'> =>
  Object.hasOwn(secret.values, key) ? { op: 'replace', value: '' } : { op: 'remove' };

const dataPointer = (key: string): string => `${pointerOf('data')}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;

function faultOf(evidence: Evidence, uses: Uses, problem: KeyProblem): Fault {
  const [first] = uses;
  const { server, namespace, name } = first;
  const secret = problem.secret ?? { apiVersion: 'v1', kind: 'Secret', namespace, name };
  const other = otherPairOf(evidence, first);
  const memory = 'Envoy still serves what it received before; after its next restart handshakes of these hosts fail.';
  const effect = other?.effect ?? (isLatent(evidence, uses) ? memory : consequenceOf(evidence, first));
  return {
    subject: subjectOf(secret, 'data'),
    title: `Secret ${namespace}/${name} holds no key pair that Istio reads: ${problem.says}`,
    message: `A gateway takes a key pair from tls.crt and tls.key, or from cert and key; both must be there and filled. ${effect}`,
    evidence: distinctObservations([...problem.observations, ...credentialTrail(evidence, first)]),
    affects: affectedBy(evidence, uses),
    confidence: problem.confidence,
    ...reachOf(evidence, uses),
    ...(uses.every((use) => otherPairOf(evidence, use)?.serves === true) && { severity: 'warning' }),
    related: [subjectOf(server.owner, first.path)],
    fix: fixOf(uses, problem.secret),
    confirm: confirmHost(server.hosts[0]?.host),
    ruledOut: [`${named(server.owner)} names the right Secret, in the right namespace`],
  };
}

/** Where nothing but logs is at hand. */
const toldByLogs: LooseMeaning = {
  kinds: ['secret-wrong-keys', 'secret-empty'],
  confidence: 0.7,
  title: (place, { event }) =>
    `Secret ${place} holds no key pair that Istio reads${event.keys ? `: it has ${event.keys.join(', ')}` : ''}`,
  message: 'A gateway takes a key pair from tls.crt and tls.key, or from cert and key; both must be there and filled.',
  summary: 'fill tls.crt with the certificate chain and tls.key with its key; no restart is needed',
  command: (namespace, name) => fillPair({ namespace, name }, ['tls.crt', 'tls.key']),
};

/** The Secret is where it should be, and its keys are not those that Istio reads, or have no value. */
export const secretWrongKeys: Check = {
  name: 'secret-wrong-keys',
  title: 'Every Secret of a gateway holds a key pair under the keys that Istio reads',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['secret', 'resource', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: credentialNotGiven,
  *inspect(evidence): Iterable<Judgement> {
    yield* looseFaults(evidence, toldByLogs);
    const asked = credentialUses(evidence).filter(({ role, denied }) => role === 'pair' && denied === undefined);
    for (const uses of groupedBySecret(asked)) {
      const problem = keyProblemOf(evidence, uses[0]);
      const [{ namespace, name }] = uses;
      if (problem) yield faultOf(evidence, uses, problem);
      else yield* unreadSecret(evidence, uses, `whether Secret ${namespace}/${name} has the keys of a pair`);
    }
  },
};
