import type { ReasonPattern } from './log-pattern.ts';

const everywhere = { from: '1.1' } as const;

/** Why Envoy refuses a secret, in its words. The same words stand in Envoy's log and in istiod's. */
export const secretReasons: readonly ReasonPattern[] = [
  {
    id: 'refused-key-of-another-certificate',
    text: /Failed to load private key from (?<path>\S+), Cause: (?<cause>error:.*KEY[_ ]VALUES[_ ]MISMATCH)/iy,
    versions: everywhere,
    severity: 'error',
    meaning:
      'Key and certificate are of one type but do not belong together: the key is not that of the first certificate. A chain whose leaf does not come first gives the same words.',
    causes: ['key-cert-mismatch', 'cert-chain-order'],
  },
  {
    id: 'refused-key-of-another-type',
    text: /Failed to load private key from (?<path>\S+), Cause: (?<cause>error:.*KEY[_ ]TYPE[_ ]MISMATCH)/iy,
    versions: everywhere,
    severity: 'error',
    meaning: 'The certificate is for a key of another type than the one beside it, RSA against elliptic curve.',
    causes: ['key-cert-mismatch'],
  },
  {
    id: 'refused-encrypted-key',
    text: /Failed to load private key from (?<path>\S+), Cause: (?<cause>error:.*(?:BAD[_ ]PASSWORD[_ ]READ|BAD[_ ]DECRYPT|INCORRECT[_ ]PASSWORD))/iy,
    versions: everywhere,
    severity: 'error',
    meaning:
      'The private key is encrypted. Istio has no way to give a passphrase, so the key must be stored decrypted.',
    causes: ['private-key-encrypted'],
  },
  {
    id: 'refused-unreadable-key',
    text: /Failed to load private key from (?<path>\S+), Cause: (?<cause>error:.*)/y,
    versions: everywhere,
    severity: 'error',
    meaning:
      'What stands under the key is no PEM private key that BoringSSL reads: encoded twice, binary, cut short, or of an odd type.',
    causes: ['private-key-malformed', 'cert-algorithm-unsupported'],
  },
  {
    id: 'refused-key-without-cause',
    text: /Failed to load private key from (?<path>[^\s,]+)/y,
    versions: everywhere,
    severity: 'error',
    meaning:
      'The private key could not be used: it belongs to another certificate, is encrypted, or is no PEM. This Envoy does not say which.',
    causes: ['key-cert-mismatch', 'private-key-malformed', 'private-key-encrypted', 'cert-chain-order'],
  },
  {
    id: 'refused-certificate-algorithm',
    text: /Failed to load certificate chain from (?<path>[^\s,]+), (?<detail>only .+)/y,
    versions: everywhere,
    severity: 'error',
    meaning: 'The certificate is readable, but its key is of a size or on a curve that Envoy does not serve.',
    causes: ['cert-algorithm-unsupported'],
  },
  {
    id: 'refused-certificate-chain',
    text: /Failed to load certificate chain from (?<path>[^\s,]+)/y,
    versions: everywhere,
    severity: 'error',
    meaning:
      'The certificate text is no clean PEM, or its first certificate has a key that BoringSSL does not know; a small curve gives no further word. If istiod warned of invalid certificates beside it, it is the PEM.',
    causes: ['cert-chain-malformed-pem', 'cert-algorithm-unsupported'],
  },
  {
    id: 'refused-incomplete-pair',
    text: /Failed to load incomplete (?<what>certificate|private key) from (?:path: )?(?<path>[^\s:,]*)/y,
    versions: everywhere,
    severity: 'error',
    meaning: 'The secret came with one half of the pair only.',
    causes: ['secret-wrong-keys'],
  },
  {
    id: 'refused-revocation-list',
    text: /Failed to load CRL from (?<path>\S+)/y,
    versions: { from: '1.19' },
    severity: 'error',
    meaning: 'The revocation list in the credential is no PEM list.',
    causes: ['cert-chain-malformed-pem'],
  },
  {
    id: 'refused-trusted-ca',
    text: /Failed to load trusted (?:client )?CA certificates from (?<path>\S+)/y,
    versions: everywhere,
    severity: 'error',
    meaning: 'The CA for client certificates holds no certificate that BoringSSL reads.',
    causes: ['cert-chain-malformed-pem', 'mtls-ca-missing'],
  },
  {
    id: 'refused-staple',
    text: /(?<detail>OCSP response .+|Required OCSP response is missing.*)/y,
    versions: { from: '1.18' },
    severity: 'error',
    meaning:
      'The OCSP staple in the Secret belongs to another certificate or is out of date, or one is required and absent.',
    causes: ['secret-rotation-stale'],
  },
  {
    id: 'refused-nameless-certificate',
    text: /Invalid TLS context has (?<detail>neither subject CN nor SAN names|an empty subject CN)/y,
    versions: everywhere,
    severity: 'error',
    meaning: 'The certificate names nothing at all, and Envoy will not serve it.',
    causes: ['cert-san-mismatch', 'cert-cn-only'],
  },
  {
    id: 'refused-unexpected-secret',
    text: /(?:Unexpected SDS secret|Missing SDS resources for) (?<detail>.+)/y,
    versions: everywhere,
    severity: 'error',
    meaning:
      'The server of secrets answered with another secret than the one asked for: no error of Istio, but of a server of its own.',
    causes: [],
  },
];

/** Why Envoy refuses a listener. */
export const listenerReasons: readonly ReasonPattern[] = [
  {
    id: 'refused-missing-file',
    text: /(?:Invalid path: |unable to read file: )(?<path>\S+)/y,
    versions: { from: '1.0', to: '1.9' },
    severity: 'error',
    meaning:
      'A certificate file that the Gateway names is not in the pod. The whole listener is refused, with all other hosts of the port.',
    causes: ['file-mount-missing'],
  },
  {
    id: 'refused-same-match',
    text: /(?:error adding listener '(?<address>[^']*)': )?(?:filter chain '[^']*' has the same matching rules defined as '[^']*'|multiple filter chains with (?:the same|overlapping) matching rules are defined)(?<detail>.*)/y,
    versions: { from: '1.0' },
    severity: 'error',
    meaning:
      'Two servers on one port claim the same name, written so differently (namespace prefix, letter case) that istiod saw no conflict. No host of the port gets its new configuration.',
    causes: ['listener-nack', 'gateway-host-conflict'],
  },
  {
    id: 'refused-names-without-ca',
    text: /(?<detail>SAN-based verification of peer certificates without trusted CA is insecure and not allowed)/y,
    versions: { from: '1.0' },
    severity: 'error',
    meaning:
      'A server has subjectAltNames but no CA to verify client certificates with, as SIMPLE does: the names are meant for MUTUAL.',
    causes: ['listener-nack', 'tls-mode-wrong'],
  },
  {
    id: 'refused-ciphers',
    text: /Failed to initialize (?:cipher suites|ECDH curves) (?<detail>.+)/y,
    versions: { from: '1.1' },
    severity: 'error',
    meaning: 'cipherSuites or ecdhCurves hold a name that this BoringSSL does not have.',
    causes: ['listener-nack', 'tls-version-cipher'],
  },
  {
    id: 'refused-bind',
    text: /(?:error adding listener '[^']*': )?cannot bind '(?<address>[^']*)'(?<detail>.*)/y,
    versions: { from: '1.0' },
    severity: 'error',
    meaning:
      'Envoy may not open this port, or something else in the pod holds it. Below 1024 an unprivileged pod needs another target port or the sysctl of the chart.',
    causes: ['privileged-port-bind', 'gateway-port-not-on-service'],
  },
  {
    id: 'refused-value',
    text: /(?<detail>Proto constraint validation failed .*)/y,
    versions: { from: '1.0' },
    severity: 'error',
    meaning:
      'A field of the listener holds a value that Envoy does not allow; the brackets name the field, innermost last.',
    causes: ['listener-nack', 'envoyfilter-breaks-tls'],
  },
  {
    id: 'refused-unknown-extension',
    text: /(?<detail>Didn't find a registered implementation for .*|Unable to parse JSON as proto.*)/y,
    versions: { from: '1.0' },
    severity: 'error',
    meaning:
      'The listener names a filter or a field that this Envoy does not have, as an EnvoyFilter for another release would.',
    causes: ['envoyfilter-breaks-tls', 'listener-nack'],
  },
];
