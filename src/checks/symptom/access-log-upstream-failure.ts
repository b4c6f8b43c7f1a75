import { accessLogSymptom } from './access-log-symptom.ts';

const upstreamFlags: ReadonlySet<string> = new Set(['UF', 'UC', 'UR', 'UH', 'UPE', 'NC', 'UT', 'LR', 'URX', 'UO']);

/** The gateway took a route and could not speak with what stands behind it. */
export const accessLogUpstreamFailure = accessLogSymptom({
  name: 'access-log-upstream-failure',
  title: 'Requests reach their backends',
  step: 'http',
  says: (host) => `Requests for ${host} fail between gateway and backend`,
  takes: ({ flags, status }) => status !== undefined && status >= 500 && flags.some((flag) => upstreamFlags.has(flag)),
});
