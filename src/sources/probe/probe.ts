import type { Probe } from '../../model/probe.ts';
import { compareTlsVersions } from '../../tls/versions.ts';
import { attempt } from './attempt.ts';
import { localGap } from './local-gap.ts';
import type { ProbePlan } from './plan.ts';
import { recordOf } from './record.ts';
import { defaultVersions } from './secure-contexts.ts';

/**
 * Carries out a plan: one connection, and up to two more where the first leaves a question open. Everything that goes
 * wrong is in the record; rejects only with the reason of `signal`, and with an IstlsError for TLS settings that cannot
 * be used. No socket outlives it.
 */
export async function probe(plan: ProbePlan, signal: AbortSignal): Promise<Probe> {
  const startedAt = performance.now();
  const made = await attempt(plan, signal);
  const first = recordOf(plan, made);
  const gap = made.phase === 'connect' ? await localGap(made.failure?.code, plan.address) : undefined;
  if (gap) return { ...first, gap };
  if (plan.followUp === false) return first;

  const further: Probe[] = [];
  const again = async (changed: ProbePlan): Promise<Probe> => {
    const record = recordOf(changed, await attempt(changed, signal));
    further.push(record);
    return record;
  };
  const judged = await findLostAlert(first, plan, again);
  const settled = await findInsistence(judged, plan, again);
  if (further.length === 0) return settled;
  return {
    ...settled,
    from: [first, ...further].flatMap((record) => record.from ?? []),
    connections: 1 + further.length,
    ms: Math.round(performance.now() - startedAt),
  };
}

type Again = (plan: ProbePlan) => Promise<Probe>;

/**
 * A refusal that TLS 1.3 delivers after the handshake loses its alert every other time. TLS 1.2 refuses within the
 * handshake, where the alert always arrives; and where TLS 1.2 accepts, it was no refusal.
 */
async function findLostAlert(first: Probe, plan: ProbePlan, again: Again): Promise<Probe> {
  if (!first.refusedAfterHandshake || first.alert || !allowsTls12(plan)) return first;
  const cross = await again({ ...plan, max: 'TLSv1.2' });
  if (cross.acceptableCas === undefined) return first;
  if (cross.alert) return { ...first, alert: { ...cross.alert, seenWith: 'TLSv1.2' } };
  if (cross.outcome !== 'ok' && cross.outcome !== 'verify-failed') return first;
  const { refusedAfterHandshake: _, ...unrefused } = first;
  const { clientCertificateRequested } = cross;
  return { ...unrefused, ...(clientCertificateRequested && { clientCertificateRequested }) };
}

/** Whether a server that asks for a certificate would do without shows only to a client that has none. */
async function findInsistence(record: Probe, plan: ProbePlan, again: Again): Promise<Probe> {
  if (!plan.client || record.acceptableCas === undefined) return record;
  const { client: _, ...anonymous } = plan;
  const { clientCertificateRequested } = await again(anonymous);
  return { ...record, ...(clientCertificateRequested && { clientCertificateRequested }) };
}

function allowsTls12({ min = defaultVersions.min, max = defaultVersions.max }: ProbePlan): boolean {
  return compareTlsVersions(min, 'TLSv1.2') <= 0 && compareTlsVersions(max, 'TLSv1.3') >= 0;
}
