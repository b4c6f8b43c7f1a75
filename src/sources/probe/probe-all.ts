import type { Probe } from '../../model/probe.ts';
import type { ProbePlan } from './plan.ts';
import { probe } from './probe.ts';
import { secureContext } from './secure-contexts.ts';

export interface ProbeAllOptions {
  /** How many plans are carried out at once; 32 by default. */
  readonly concurrency?: number;
  readonly signal: AbortSignal;
  /** Called with each record as it comes, in the order of arrival. */
  readonly onProbe?: (probe: Probe, plan: ProbePlan) => void;
}

export interface Probed {
  /** In the order of the plans. */
  readonly probes: readonly Probe[];
  /** What the signal left undone, in order: not looked at, which is no result. */
  readonly undone: readonly ProbePlan[];
}

const defaultConcurrency = 32;

/**
 * Carries out plans, several at once. When the signal comes, what is known is kept and the rest is given back as undone;
 * rejects only with an IstlsError for TLS settings that cannot be used.
 */
export async function probeAll(plans: readonly ProbePlan[], options: ProbeAllOptions): Promise<Probed> {
  const { concurrency = defaultConcurrency, signal, onProbe } = options;
  // Settings that cannot be used come to light before the first connection, not in the midst of others.
  for (const plan of plans) secureContext(plan);
  const records = new Map<ProbePlan, Probe>();
  // One iterator for all workers: each takes the next plan that nobody has.
  const queue = plans.values();
  const work = async (): Promise<void> => {
    for (const plan of queue) {
      if (signal.aborted) return;
      try {
        const record = await probe(plan, signal);
        records.set(plan, record);
        onProbe?.(record, plan);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, plans.length) }, work));
  return {
    probes: plans.flatMap((plan) => records.get(plan) ?? []),
    undone: plans.filter((plan) => !records.has(plan)),
  };
}
