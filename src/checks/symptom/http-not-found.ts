import { probeSymptom } from './probe-symptom.ts';

/** The gateway itself answers 404: it has no route. A 404 of the application passes through with its own `server`. */
export const httpNotFound = probeSymptom({
  name: 'http-not-found',
  title: 'The gateway has a route for what is asked of it',
  step: 'http',
  says: (host) => `The gateway itself answers 404 for ${host}: it has no route`,
  takes: ({ probe, crossHost }) =>
    !crossHost &&
    probe.http?.status === 404 &&
    probe.http.server === 'istio-envoy' &&
    !fromUpstream(probe.http.headers),
});

/** Envoy adds this header to what an upstream answered, and to nothing that it answers itself. */
export const fromUpstream = (headers: Readonly<Record<string, string>>): boolean =>
  headers['x-envoy-upstream-service-time'] !== undefined;
