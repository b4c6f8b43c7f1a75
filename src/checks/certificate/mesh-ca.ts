import { observed } from '../../facts/credential-trail.ts';
import { attachments } from '../../facts/attachments.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { controlPlanes, release, rootNamespace } from '../../facts/mesh.ts';
import { pemProblemTexts } from '../../facts/pem-problem-texts.ts';
import { refusalReason } from '../../facts/refusal-reason.ts';
import { before } from '../../istio/release.ts';
import { subjectOf } from '../../kubernetes/names.ts';
import type { PemProblem } from '../../model/certificate.ts';
import type { Secret } from '../../model/secret.ts';
import { isFatal } from '../../x509/pem-problems.ts';
import type { Fault } from '../check.ts';
import { confirmHost, kubectl } from '../remedies.ts';
import { fillKeys } from './pair-remedies.ts';

/** The parts of a plugged-in CA (Secret `cacerts` beside istiod) that are certificates. */
const parts = ['ca-cert.pem', 'cert-chain.pem', 'root-cert.pem'] as const;

interface Damage {
  readonly key: string;
  readonly problems: readonly PemProblem[];
  readonly joins: boolean;
}

/**
 * What of the CA makes the certificates of proxies unreadable. istiod writes the chain and the root behind each other,
 * and before 1.8 put no line break between them (istio/istio#27798).
 */
function damageOf(secret: Secret, joinsTexts: boolean): readonly Damage[] {
  return parts.flatMap((key) => {
    const value = secret.values[key];
    if (!value) return [];
    const problems = value.pemProblems.filter((problem) => isFatal(problem) && problem !== 'empty');
    const text = value.publicText;
    const joins = joinsTexts && key !== 'root-cert.pem' && text !== undefined && !text.endsWith('\n');
    return problems.length > 0 || joins ? [{ key, problems, joins }] : [];
  });
}

function faultOf(evidence: Evidence, secret: Secret, [first, ...rest]: readonly [Damage, ...Damage[]]): Fault {
  const all = [first, ...rest];
  const words = all.map(({ key, problems, joins }) =>
    joins && problems.length === 0
      ? `${key} does not end in a line break`
      : `${key} ${problems.map((problem) => pemProblemTexts[problem]).join(', and ')}`,
  );
  const line = eventsOf(evidence, 'secret-refused').findLast(
    ({ reason }) => refusalReason(reason) === 'certificate-chain',
  );
  const reached = [...attachments(evidence).values()].filter(({ workloads }) => workloads.length > 0);
  const place = `Secret ${secret.namespace}/${secret.name}`;
  const restart = kubectl(secret.namespace, 'rollout', 'restart', 'deployment', 'istiod');
  return {
    subject: subjectOf(secret, `data[${first.key}]`),
    title: `${place} ${words[0] ?? ''}, and istiod makes the proxies’ certificates with it`,
    message: `The CA of the mesh is damaged: ${words.join('; ')}. istiod puts these texts into the certificate chain of every proxy, Envoy refuses the chain, and the gateway never becomes ready.`,
    evidence: [
      { source: 'secret', ref: `${secret.namespace}/${secret.name}`, detail: words.join('; ') },
      ...(line ? [observed(line)] : []),
    ],
    affects: reached.map(({ server }) => ({ server })),
    confidence: line ? 0.9 : 0.6,
    severity: line ? 'error' : 'warning',
    fix: {
      summary: 'end every file with a line break (awk 1 FILE > NEW), replace the values, and restart istiod',
      owner: 'the owner of the control plane',
      commands: [fillKeys(secret, { [first.key]: '<BASE64_OF_MENDED_FILE.pem>' }), restart],
      undo: [],
      doNot: ['replace ca-key.pem or the root: then every proxy of the mesh would need new trust'],
    },
    confirm: confirmHost(undefined),
    misleading: ['The certificates of the hosts are good: it is the gateway’s own certificate that is refused.'],
    ...(!line && { decidedBy: 'the gateway’s log: Failed to load certificate chain from <inline>' }),
  };
}

/** The CA of the mesh, whose damage shows at the gateway. */
export function* meshCaFaults(evidence: Evidence): Generator<Fault> {
  const planes = controlPlanes(evidence);
  const namespaces = new Set(planes.length > 0 ? planes.map(({ namespace }) => namespace) : [rootNamespace(evidence)]);
  for (const namespace of namespaces) {
    const secret = evidence.secret(namespace, 'cacerts');
    if (secret.state !== 'found') continue;
    const [first, ...rest] = damageOf(secret.value, before(release(evidence), 1, 8));
    if (first) yield faultOf(evidence, secret.value, [first, ...rest]);
  }
}
