import type { Observation } from '../../model/finding.ts';

/** Observations, each once: several uses of one Secret are seen by the same lines. */
export const distinctObservations = (observations: readonly Observation[]): readonly Observation[] => [
  ...new Map(observations.map((one) => [`${one.ref} ${one.detail}`, one])).values(),
];
