import type { Evidence } from '../../facts/evidence.ts';
import { issuanceFor } from '../../facts/issuance.ts';
import { isStillServed, neededSecrets, type NeededSecret } from '../../facts/needed-secrets.ts';
import { writerOf, type SecretWriter, type WriterKind } from '../../facts/external-secrets.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Command, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, managerOf, ownerOfNamespace } from '../remedies.ts';
import { secretNotWritten } from '../symptoms.ts';
import { contentText, observedContent, unwrittenReach } from './unwritten-secret.ts';

interface Remedy {
  readonly summary: string;
  readonly commands: (writer: SecretWriter, now: Date) => readonly Command[];
}

const annotate = ({ object }: SecretWriter, now: Date): readonly Command[] => [
  kubectl(
    object.namespace,
    'annotate',
    'externalsecrets.external-secrets.io',
    object.name,
    '--overwrite',
    `force-sync=${+now}`,
  ),
];

const remedies: Readonly<Record<WriterKind, Remedy>> = {
  'external-secret': {
    summary: 'mend what the store answers (the key, the access, the template), then have it synced anew',
    commands: annotate,
  },
  'sealed-secret': {
    summary: 'seal the value anew with the certificate of this cluster’s controller, for this name and namespace',
    commands: ({ object }) => [
      { argv: ['kubeseal', '--fetch-cert'] },
      kubectl(object.namespace, 'apply', '-f', '<RESEALED.yaml>'),
    ],
  },
  'csi-driver': {
    summary: 'have a pod mount the volume of this SecretProviderClass: the driver makes the Secret only while one does',
    commands: ({ object }) => [
      kubectl(object.namespace, 'get', 'secretproviderclasspodstatuses.secrets-store.csi.x-k8s.io'),
    ],
  },
};

/** Whether the state of the writer accounts for that of the Secret, and how surely. */
function confidenceOf({ synced }: SecretWriter, { content }: NeededSecret): number | undefined {
  const lost = content.state === 'absent' || content.state === 'unusable';
  if (synced === false) return 0.9;
  // a Secret that is there and of no use, from a writer that is content, is what the writer was told to write
  if (content.state === 'absent') return synced === true ? 0.65 : 0.75;
  return lost && synced === 'unknown' ? 0.6 : undefined;
}

const saysOf = ({ kind, synced }: SecretWriter): string => {
  if (kind === 'csi-driver') return 'has not made its Secret';
  if (synced === true) return 'calls itself synced, and its Secret is not there';
  return synced === false ? 'is not synced' : 'has no status: its controller has not looked at it';
};

function faultOf(evidence: Evidence, writer: SecretWriter, needed: NeededSecret, confidence: number): Fault {
  const { object, secretName, says, since } = writer;
  const { namespace } = object;
  const remedy = remedies[writer.kind];
  const manager = managerOf(object);
  const seen: Observation = {
    source: 'resource',
    ref: named(object),
    detail: `${says ?? 'no status'}${since === undefined ? '' : `, since ${since}`}`,
  };
  const served = isStillServed(evidence, needed) ? ' Envoy still serves what it received before.' : '';
  return {
    subject: subjectOf(object),
    title: `${named(object)} ${saysOf(writer)}; Secret ${namespace}/${secretName} ${contentText(needed.content)}`,
    message: `Secret ${namespace}/${secretName} is written from this ${object.kind}${says === undefined ? '' : `, which says “${says}”`}.${served}`,
    evidence: [seen, ...observedContent(evidence, needed)],
    affects: needed.servers.map((server) => ({ server })),
    confidence,
    ...unwrittenReach(evidence, needed),
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name: secretName }],
    fix: {
      summary: remedy.summary,
      owner: ownerOfNamespace(namespace),
      commands: remedy.commands(writer, evidence.now),
      undo: [],
      doNot: [],
      ...(manager !== undefined && { managedBy: manager }),
    },
    confirm: confirmHost(needed.servers[0]?.hosts[0]?.host),
  };
}

/** External Secrets, Sealed Secrets or the CSI driver should have written the Secret, and did not. */
export const externalSecretNotSynced: Check = {
  name: 'external-secret-not-synced',
  title: 'Every Secret that comes from outside the cluster was written',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['resource', 'secret', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: secretNotWritten,
  *inspect(evidence): Iterable<Judgement> {
    for (const needed of neededSecrets(evidence)) {
      const writer = writerOf(evidence, needed.namespace, needed.name);
      if (!writer || issuanceFor(evidence, needed.namespace, needed.name)) continue;
      const confidence = confidenceOf(writer, needed);
      if (confidence !== undefined) yield faultOf(evidence, writer, needed, confidence);
    }
  },
};
