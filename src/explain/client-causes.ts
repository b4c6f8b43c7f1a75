/**
 * Which causes to think of first for what a client reports, most likely first. Beside the tables of `tls/`, which say
 * what each code means.
 */
type Causes = Readonly<Record<string, readonly string[]>>;

/** By the name of the alert that an Istio gateway sends. */
export const causesOfAlerts: Causes = {
  handshake_failure: ['mtls-client-cert-missing', 'tls-version-cipher'],
  bad_certificate: ['mtls-client-untrusted', 'mtls-ca-wrong'],
  unsupported_certificate: ['mtls-client-eku'],
  certificate_revoked: ['mtls-client-revoked'],
  certificate_expired: ['mtls-client-expired', 'mtls-ca-expired'],
  certificate_unknown: ['mtls-client-san-mismatch'],
  unknown_ca: ['mtls-client-untrusted', 'mtls-ca-wrong', 'mtls-ca-bundle-incomplete'],
  decrypt_error: ['mtls-client-untrusted'],
  protocol_version: ['tls-version-cipher', 'lb-proxy-protocol'],
  certificate_required: ['mtls-client-cert-missing'],
};

const reset = [
  'secret-missing',
  'secret-wrong-namespace',
  'gateway-host-missing',
  'mtls-ca-missing',
  'secret-wrong-keys',
];
const refused = ['gateway-no-ready-pods', 'gateway-port-not-on-service', 'listener-nack', 'service-selector-mismatch'];
const plaintext = ['server-protocol-not-https', 'tls-settings-missing', 'gateway-port-protocol-conflict'];
const refusedLate = ['mtls-client-cert-missing', 'mtls-client-untrusted', 'mtls-client-san-mismatch'];
const dropped = ['address-unreachable', 'external-traffic-policy-local', 'lb-health-check', 'mtu-blackhole'];

/** By the code of Node, OpenSSL or undici. */
export const causesOfErrors: Causes = {
  ECONNRESET: reset,
  ECONNREFUSED: refused,
  ETIMEDOUT: dropped,
  EHOSTUNREACH: ['address-unreachable', 'dns-not-gateway'],
  ENOTFOUND: ['dns-missing'],
  EPIPE: refusedLate,
  ERR_SSL_WRONG_VERSION_NUMBER: plaintext,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: plaintext,
  ERR_SSL_HTTP_REQUEST: ['lb-protocol-mismatch', 'lb-terminates-tls'],
  ERR_SSL_UNSUPPORTED_PROTOCOL: ['tls-version-cipher'],
  UND_ERR_SOCKET: refusedLate,
  UND_ERR_CONNECT_TIMEOUT: dropped,
  UND_ERR_HEADERS_TIMEOUT: ['upstream-no-endpoints', 'backend-tls-origination'],
};

/** By the code with which a client refuses the gateway's certificate. */
export const causesOfVerification: Causes = {
  CERT_HAS_EXPIRED: ['cert-expired', 'secret-rotation-stale', 'cert-manager-not-ready'],
  CERT_NOT_YET_VALID: ['cert-not-yet-valid', 'clock-skew'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['cert-san-mismatch', 'cert-cn-only', 'gateway-host-conflict', 'front-sni-mismatch'],
  HOSTNAME_MISMATCH: ['cert-san-mismatch', 'cert-cn-only', 'gateway-host-conflict'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['cert-chain-incomplete', 'cert-issuer-untrusted'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['cert-chain-incomplete', 'cert-issuer-untrusted', 'gateway-host-conflict'],
  SELF_SIGNED_CERT_IN_CHAIN: ['cert-issuer-untrusted', 'tls-mode-wrong'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['cert-issuer-untrusted', 'cert-manager-not-ready', 'lb-terminates-tls'],
  INVALID_PURPOSE: ['cert-eku-not-server'],
  CERT_REVOKED: ['cert-revoked'],
};

/** By the exit code of curl, where it alone tells something. */
export const causesOfCurl: Causes = {
  6: ['dns-missing'],
  7: refused,
  16: refusedLate,
  28: dropped,
  35: [...reset.slice(0, 3), 'mtls-client-cert-missing', 'tls-version-cipher', 'server-protocol-not-https'],
  47: ['https-redirect-loop'],
  51: ['cert-san-mismatch'],
  52: [...plaintext, ...refusedLate],
  55: refusedLate,
  56: refusedLate,
  60: ['cert-expired', 'cert-chain-incomplete', 'cert-issuer-untrusted', 'cert-san-mismatch'],
  98: ['mtls-client-cert-missing'],
};
