import { probeSymptom } from './probe-symptom.ts';

/**
 * The connection ends before any byte of the server: no filter chain, a chain without its certificate, or something on
 * the way. From outside these look the same (envoy-tls 3.3).
 */
export const handshakeReset = probeSymptom({
  name: 'handshake-reset',
  title: 'No handshake is cut off before the server says a word',
  step: 'tls',
  says: (host) => `The handshake for ${host} is cut off before the server says a word`,
  takes: ({ probe, reading, crossHost }) =>
    reading === 'fails' &&
    !crossHost &&
    probe.sni !== null &&
    (probe.outcome === 'reset' || probe.outcome === 'closed') &&
    probe.protocol === undefined,
});
