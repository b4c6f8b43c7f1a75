import { probeSymptom } from './probe-symptom.ts';

/**
 * The server refuses with an alert, or ends the connection right after a finished TLS 1.3 handshake in which it asked
 * for a certificate: the alert is lost about as often as it is seen [seen: 1.29.5].
 */
export const handshakeRefused = probeSymptom({
  name: 'handshake-refused',
  title: 'No client is refused in the handshake',
  step: 'client-certificate',
  says: (host) => `The server for ${host} refuses the client in the handshake`,
  takes: ({ probe, reading, crossHost }) =>
    reading === 'fails' &&
    !crossHost &&
    (probe.outcome === 'alert' ||
      ((probe.outcome === 'closed' || probe.outcome === 'reset') && probe.protocol !== undefined)),
});
