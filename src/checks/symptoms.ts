import type { Explanation } from './check.ts';

/** What is seen of a chain whose certificate never came: Envoy waits, the handshake is reset, old releases refuse. */
export const credentialNeverCame: readonly Explanation[] = [
  { check: 'handshake-reset', over: 'server' },
  { check: 'connection-refused', over: 'listener' },
  { check: 'secret-warming', over: 'server' },
  { check: 'listener-status-invalid', over: 'server' },
];

/** What is seen of a credential that Envoy refuses: as if it never came, or, on a rotation, the old one goes on. */
export const credentialRefused: readonly Explanation[] = [
  ...credentialNeverCame,
  { check: 'secret-refused', over: 'secret' },
  { check: 'secret-refused', over: 'server' },
  { check: 'secret-held-by-refused', over: 'secret' },
  { check: 'secret-rotation-stale', over: 'secret' },
];

/** What is seen of a host for which no filter chain was made. */
export const noFilterChain: readonly Explanation[] = [
  { check: 'handshake-reset', over: 'server' },
  { check: 'filter-chain-missing', over: 'server' },
  { check: 'access-log-no-filter-chain', over: 'host' },
];

/** What is seen of a listener that is not there at all. */
export const noListener: readonly Explanation[] = [
  { check: 'connection-refused', over: 'listener' },
  { check: 'listener-missing', over: 'listener' },
];

/** What a client sees that is content with the handshake and not with the certificate. */
export const certificateNotAccepted: readonly Explanation[] = [{ check: 'certificate-not-verified', over: 'server' }];

/** What is seen where the handshake is well and no route takes the request. */
export const noRoute: readonly Explanation[] = [
  { check: 'http-not-found', over: 'server' },
  { check: 'access-log-no-route', over: 'host' },
];

/** What is seen where a route is taken and the backend does not answer as the gateway speaks to it. */
export const backendFails: readonly Explanation[] = [
  { check: 'http-upstream-failure', over: 'server' },
  { check: 'access-log-upstream-failure', over: 'host' },
];

/** What is seen of a listener that speaks no TLS where clients do. */
export const plaintextListener: readonly Explanation[] = [
  { check: 'handshake-not-tls', over: 'server' },
  { check: 'access-log-codec-error', over: 'listener' },
];

/** What is seen where the gateway refuses a client's certificate, or the lack of one. */
export const clientRefused: readonly Explanation[] = [
  { check: 'handshake-refused', over: 'server' },
  { check: 'handshake-reset', over: 'server' },
];

/**
 * What is seen of a credential that istiod gives nobody: the handshake is reset, an old release opens no port, the
 * Gateway API leaves the listener out, and a stand-in for the missing one is not what clients want.
 */
export const credentialNotGiven: readonly Explanation[] = [
  ...credentialNeverCame,
  { check: 'filter-chain-missing', over: 'server' },
  { check: 'listener-missing', over: 'listener' },
  { check: 'access-log-no-filter-chain', over: 'host' },
  { check: 'certificate-not-verified', over: 'server' },
];

/** What follows from a Secret that whoever writes it did not fill, or not in time. */
export const secretNotWritten: readonly Explanation[] = [
  ...credentialNotGiven,
  { check: 'secret-missing', over: 'secret' },
  { check: 'secret-wrong-keys', over: 'secret' },
  { check: 'file-mount-missing', over: 'secret' },
  { check: 'cert-expired', over: 'secret' },
  { check: 'cert-expiring-soon', over: 'secret' },
];
