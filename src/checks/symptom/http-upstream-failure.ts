import { fromUpstream } from './http-not-found.ts';
import { probeSymptom } from './probe-symptom.ts';

/** The gateway answers for a backend that it could not speak with: 502, 503 or 504 of its own. */
export const httpUpstreamFailure = probeSymptom({
  name: 'http-upstream-failure',
  title: 'The gateway can speak with the backends',
  step: 'http',
  says: (host) => `The gateway answers for the backend of ${host}, with which it cannot speak`,
  takes: ({ probe, crossHost }) => {
    const { http } = probe;
    return !crossHost && http !== undefined && [502, 503, 504].includes(http.status) && !fromUpstream(http.headers);
  },
});
