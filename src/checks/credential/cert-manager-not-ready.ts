import type { Evidence } from '../../facts/evidence.ts';
import { isReady, issuanceFor, stuckSteps, type Issuance } from '../../facts/issuance.ts';
import { isStillServed, neededSecrets, type NeededSecret } from '../../facts/needed-secrets.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import { fullResource } from '../../kubernetes/plurals.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Blind, Check, Fault, Judgement } from '../check.ts';
import { confirmHost, kubectl, managerOf, ownerOfNamespace } from '../remedies.ts';
import { secretNotWritten } from '../symptoms.ts';
import { contentText, observedContent, unwrittenReach } from './unwritten-secret.ts';

/** What is wrong with the issuance, as the end of "Certificate X …"; undefined while nothing is. */
interface Trouble {
  readonly says: string;
  readonly confidence: number;
}

const hour = 3_600_000;
/** cert-manager renews within minutes of the time it sets itself. */
const renewalGrace = 12 * hour;

const ago = (date: string | undefined, now: Date): number =>
  date === undefined ? Number.NEGATIVE_INFINITY : +now - Date.parse(date);

/** Its status is of a time before the Secret was lost, or nobody writes one: cert-manager itself does not work. */
function troubleWithController(issuance: Issuance, needed: NeededSecret, now: Date): Trouble | undefined {
  const { state } = needed.content;
  const lost = state !== 'good' && state !== 'unknown';
  if (!issuance.ready)
    return lost ? { says: 'has no status: cert-manager has not looked at it', confidence: 0.75 } : undefined;
  if (lost)
    return { says: 'calls itself ready all the same: cert-manager has not noticed, or does not run', confidence: 0.7 };
  if (ago(issuance.renewalTime, now) < renewalGrace) return undefined;
  return { says: `was due for renewal at ${issuance.renewalTime ?? ''}, and was not renewed`, confidence: 0.75 };
}

function troubleOf(issuance: Issuance, needed: NeededSecret, now: Date): Trouble | undefined {
  if (isReady(issuance) || !issuance.ready) return troubleWithController(issuance, needed, now);
  const { reason, message } = issuance.ready;
  return { says: `is not ready (${reason}${message === '' ? '' : `: ${message}`})`, confidence: 0.9 };
}

function seenOfCertificate({ certificate, ready, renewalTime, notAfter, failedAttempts }: Issuance): Observation {
  const words = [
    ready ? `Ready=${ready.status} ${ready.reason}: ${ready.message}` : 'no status',
    ready?.since === undefined ? undefined : `since ${ready.since}`,
    notAfter === undefined ? undefined : `notAfter ${notAfter}`,
    renewalTime === undefined ? undefined : `renewalTime ${renewalTime}`,
    failedAttempts === undefined ? undefined : `${failedAttempts} failed attempts`,
  ];
  return { source: 'resource', ref: named(certificate), detail: words.filter((word) => word !== undefined).join(', ') };
}

const mostSteps = 4;

function fixOf(issuance: Issuance, deepest: string | undefined): Fix {
  const { certificate } = issuance;
  const { namespace, name } = certificate;
  const manager = managerOf(certificate);
  return {
    summary:
      deepest === undefined
        ? 'see why cert-manager does not issue it, then have it tried again'
        : `mend what stops it (${deepest}), then have it tried again`,
    owner: ownerOfNamespace(namespace),
    commands: [
      kubectl(namespace, 'describe', fullResource(certificate), name),
      { argv: ['cmctl', 'renew', '-n', namespace, name] },
    ],
    undo: [],
    doNot: ['delete the Secret while it still holds a valid certificate: it is served until the new one is there'],
    ...(manager !== undefined && { managedBy: manager }),
  };
}

function faultOf(evidence: Evidence, issuance: Issuance, needed: NeededSecret, trouble: Trouble): Fault {
  const { certificate, secretName } = issuance;
  const { namespace } = certificate;
  const steps = stuckSteps(evidence, issuance);
  const [deepest] = steps;
  const why = deepest && `${named(deepest.object)}: ${deepest.says}`;
  const served = isStillServed(evidence, needed);
  return {
    subject: subjectOf(certificate),
    title: `${named(certificate)} ${trouble.says}, and Secret ${namespace}/${secretName} ${contentText(needed.content)}`,
    message: `cert-manager writes Secret ${namespace}/${secretName} from this Certificate.${why === undefined ? '' : ` It is stuck at ${why}.`}${served ? ' Envoy still serves what it received before.' : ''}`,
    evidence: [
      seenOfCertificate(issuance),
      ...steps
        .slice(0, mostSteps)
        .map(({ object, says }): Observation => ({ source: 'resource', ref: named(object), detail: says })),
      ...observedContent(evidence, needed),
    ],
    affects: needed.servers.map((server) => ({ server })),
    confidence: trouble.confidence,
    ...unwrittenReach(evidence, needed),
    related: steps.slice(0, mostSteps).map(({ object }) => subjectOf(object)),
    touches: [{ apiVersion: 'v1', kind: 'Secret', namespace, name: secretName }],
    fix: fixOf(issuance, why),
    confirm: confirmHost(needed.servers[0]?.hosts[0]?.host),
  };
}

/** The Secret says that a Certificate writes it, and those may not be read. What nobody collected is not asked for. */
function* unreadCertificate(evidence: Evidence, { content, namespace, servers }: NeededSecret): Iterable<Blind> {
  if (!('secret' in content)) return;
  const name = content.secret.annotations['cert-manager.io/certificate-name'];
  const found = name === undefined ? undefined : evidence.get(kinds.certificate, namespace, name);
  if (found?.state !== 'unknown' || found.gap.reason === 'not-collected') return;
  const about = `whether Certificate ${namespace}/${name ?? ''} is ready`;
  yield { blind: found.gap, about, affects: servers.map((server) => ({ server })) };
}

/** A Certificate of cert-manager owns the Secret, and does not come to issue it: the Secret is absent, empty or old. */
export const certManagerNotReady: Check = {
  name: 'cert-manager-not-ready',
  title: 'Every Certificate of cert-manager that a gateway depends on is ready',
  group: 'credential',
  kind: 'cause',
  severity: 'error',
  step: 'credential',
  reads: ['resource', 'secret', 'istiod-log', 'gateway-log', 'config-dump'],
  explains: [...secretNotWritten, { check: 'cert-issuer-untrusted', over: 'secret' }],
  *inspect(evidence): Iterable<Judgement> {
    for (const needed of neededSecrets(evidence)) {
      const issuance = issuanceFor(evidence, needed.namespace, needed.name);
      const trouble = issuance && troubleOf(issuance, needed, evidence.now);
      if (issuance && trouble) yield faultOf(evidence, issuance, needed, trouble);
      if (!issuance) yield* unreadCertificate(evidence, needed);
    }
  },
};
