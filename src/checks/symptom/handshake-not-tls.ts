import { probeSymptom } from './probe-symptom.ts';

/** The answer to a ClientHello is no TLS: a plaintext server on a port where clients speak TLS. */
export const handshakeNotTls = probeSymptom({
  name: 'handshake-not-tls',
  title: 'TLS ports answer in TLS',
  step: 'tls',
  says: (host) => `The answer to a TLS handshake for ${host} is plaintext`,
  // a TLS probe of a plain HTTP port is no fault
  takes: ({ probe, server, reading }) =>
    reading !== 'not-looked' && probe.outcome === 'not-tls' && probe.port !== 80 && server?.port !== 80,
});
