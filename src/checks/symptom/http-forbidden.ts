import { fromUpstream } from './http-not-found.ts';
import { probeSymptom } from './probe-symptom.ts';

/** The gateway itself answers 403: a policy refuses the request after a good handshake. */
export const httpForbidden = probeSymptom({
  name: 'http-forbidden',
  title: 'No policy at the gateway refuses the request',
  step: 'http',
  says: (host) => `The gateway itself answers 403 for ${host}`,
  takes: ({ probe, crossHost }) =>
    !crossHost &&
    probe.http?.status === 403 &&
    probe.http.server === 'istio-envoy' &&
    !fromUpstream(probe.http.headers),
});
