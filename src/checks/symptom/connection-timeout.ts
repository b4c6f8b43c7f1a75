import { probeSymptom } from './probe-symptom.ts';

/** TCP gets no answer at all, or the network says that there is no way. */
export const connectionTimeout = probeSymptom({
  name: 'connection-timeout',
  title: 'The addresses of the gateway answer',
  step: 'tcp',
  says: (host) => `The connection for ${host} gets no answer`,
  takes: ({ probe, reading }) =>
    reading !== 'not-looked' &&
    (probe.outcome === 'timeout' || probe.outcome === 'unreachable') &&
    probe.protocol === undefined,
});
