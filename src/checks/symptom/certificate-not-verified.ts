import { isAccepted } from '../../facts/probes.ts';
import { probeSymptom } from './probe-symptom.ts';

/** The handshake is done and the client does not accept the certificate. */
export const certificateNotVerified = probeSymptom({
  name: 'certificate-not-verified',
  title: 'Clients accept the certificates that are served',
  step: 'server-certificate',
  says: (host) => `Clients do not accept the certificate that is served for ${host}`,
  takes: ({ probe, server, crossHost }) => !isAccepted(probe) && !crossHost && server?.tls?.mode !== 'PASSTHROUGH',
});
