import { probeSymptom } from './probe-symptom.ts';

/** TCP itself is refused: nothing listens there. */
export const connectionRefused = probeSymptom({
  name: 'connection-refused',
  title: 'The ports of the gateway accept connections',
  step: 'tcp',
  says: (host) => `The connection for ${host} is refused`,
  takes: ({ probe, reading }) => reading !== 'not-looked' && probe.outcome === 'refused',
});
