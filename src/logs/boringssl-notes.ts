/** What an error means at a gateway, seen from the side of its clients. */
export interface BoringsslNote {
  readonly meaning: string;
  /** Names of root causes, the likeliest first. */
  readonly causes: readonly string[];
}

/** A note; causes are named the likeliest first. */
export function note(meaning: string, ...causes: readonly string[]): BoringsslNote {
  return { meaning, causes };
}

const peerRefusesOurs = (why: string) =>
  `The other side refused the certificate that Envoy showed: ${why}. From a client that is the gateway's certificate, from a backend the client certificate that the gateway showed it.`;
const servedCertificate = ['cert-issuer-untrusted', 'cert-chain-incomplete', 'cert-san-mismatch', 'cert-expired'];

/** Notes by `LIBRARY/REASON`, for the errors that say something at a gateway. */
export const boringsslNotes: ReadonlyMap<string, BoringsslNote> = new Map(
  Object.entries({
    // a handshake that Envoy ends
    'SSL/CERTIFICATE_VERIFY_FAILED': note(
      'Envoy looked at the certificate of the other side and refused it. Since Istio 1.29 the reason follows.',
      'mtls-client-untrusted',
      'mtls-ca-wrong',
      'mtls-client-expired',
      'mtls-client-eku',
      'mtls-client-san-mismatch',
    ),
    'SSL/PEER_DID_NOT_RETURN_A_CERTIFICATE': note(
      'A client certificate is required and the client showed none: it has none, or none whose issuer and key type it thinks are welcome.',
      'mtls-client-cert-missing',
    ),
    'SSL/UNSUPPORTED_PROTOCOL': note(
      'The client offers only TLS versions that this server does not allow.',
      'tls-version-cipher',
    ),
    'SSL/NO_SHARED_CIPHER': note(
      'Up to TLS 1.2: no cipher is both offered and allowed that fits the key of the certificate.',
      'tls-version-cipher',
    ),
    'SSL/NO_SHARED_GROUP': note('No key exchange group is both offered and allowed.', 'tls-version-cipher'),
    'SSL/WRONG_CURVE': note(
      "The client does not take the curve of the gateway's certificate, or names no curve at all, as clients without ECDHE do.",
      'tls-version-cipher',
      'cert-algorithm-unsupported',
    ),
    'SSL/NO_COMMON_SIGNATURE_ALGORITHMS': note(
      "The client takes no signature that the key of the gateway's certificate can make, such as RSA only against an elliptic curve.",
      'tls-version-cipher',
    ),
    'SSL/INAPPROPRIATE_FALLBACK': note(
      'A second try of the client with a lower version: look for why the first one failed.',
    ),
    'SSL/HTTP_REQUEST': note(
      'The client spoke plain HTTP to a TLS port: an http:// address, a health check, or a balancer that ends TLS itself.',
      'lb-terminates-tls',
      'lb-protocol-mismatch',
      'lb-health-check',
    ),
    'SSL/HTTPS_PROXY_REQUEST': note('The client uses the gateway as its HTTP proxy.', 'network-middlebox'),
    'SSL/WRONG_VERSION_NUMBER': note(
      'The other side does not speak TLS. At a listener: a PROXY header that is not expected, or another protocol. Towards a backend: it speaks plaintext on that port.',
      'lb-proxy-protocol',
      'backend-tls-origination',
    ),
    'SSL/CLIENTHELLO_PARSE_FAILED': note(
      'The first message of the client is damaged: cut short, changed on the way, or sent by a scanner.',
      'network-middlebox',
    ),
    'SSL/DECRYPTION_FAILED_OR_BAD_RECORD_MAC': note(
      'A message could not be decrypted. Right after the gateway showed its certificate, under TLS 1.3, it is the unencrypted farewell of an OpenSSL client that does not accept that certificate.',
      ...servedCertificate,
    ),
    'SSL/BAD_PACKET_LENGTH': note(
      'Comes with DECRYPTION_FAILED_OR_BAD_RECORD_MAC when a client refuses the certificate of the gateway under TLS 1.3.',
      ...servedCertificate,
    ),
    'SSL/CONNECTION_REJECTED': note(
      'Envoy had no certificate that it may show: an OCSP staple is required and absent or out of date.',
      'secret-rotation-stale',
    ),
    'SSL/KEY_USAGE_BIT_INCORRECT': note(
      "The key usage of the other side's certificate does not allow signatures.",
      'mtls-client-eku',
    ),
    'SSL/ERROR_PARSING_EXTENSION': note(
      'An extension of the client cannot be read, such as an address in the place of the server name.',
    ),
    'SSL/EXCESSIVE_MESSAGE_SIZE': note('A message is larger than allowed: a chain of very many certificates.'),
    'SSL/NO_RENEGOTIATION': note(
      'The other side wants to negotiate anew, which Envoy never does.',
      'backend-tls-origination',
    ),
    'SSL/NO_PRIVATE_KEY_ASSIGNED': note('There is a certificate and no usable key for it.', 'key-cert-mismatch'),
    'SSL/NO_CIPHER_MATCH': note(
      'cipherSuites names a cipher that BoringSSL does not have.',
      'tls-version-cipher',
      'listener-nack',
    ),
    'SSL/NO_SUPPORTED_VERSIONS_ENABLED': note('The minimum version is above the maximum.', 'tls-version-cipher'),
    'SSL/UNSUPPORTED_ELLIPTIC_CURVE': note('A curve is named that BoringSSL does not have.', 'tls-version-cipher'),
    'SSL/CERTIFICATE_AND_PRIVATE_KEY_MISMATCH': note(
      'Key and certificate do not belong together.',
      'key-cert-mismatch',
      'cert-chain-order',
    ),
    'SSL/PRIVATE_KEY_OPERATION_FAILED': note(
      'The provider that keeps the private key (a card, an accelerator) failed.',
    ),
    'SSL/CANNOT_PARSE_LEAF_CERT': note('The client showed something that is no certificate.', 'mtls-client-untrusted'),
    'SSL/NO_APPLICATION_PROTOCOL': note('No application protocol in common, over QUIC.', 'alpn-h2'),
    'SSL/TLSV1_ALERT_NO_APPLICATION_PROTOCOL': note(
      'The other side found no application protocol in common.',
      'alpn-h2',
    ),
    'SSL/UNEXPECTED_MESSAGE': note('A message came out of turn.', 'network-middlebox'),
    // an alert that the other side sent
    'SSL/SSLV3_ALERT_HANDSHAKE_FAILURE': note(
      'The other side found nothing it could agree to; a backend says so too when it wants a client certificate.',
      'tls-version-cipher',
      'backend-tls-origination',
    ),
    'SSL/SSLV3_ALERT_BAD_CERTIFICATE': note(
      peerRefusesOurs('it is not acceptable, or not valid yet'),
      'cert-san-mismatch',
      'cert-not-yet-valid',
      'cert-issuer-untrusted',
    ),
    'SSL/SSLV3_ALERT_UNSUPPORTED_CERTIFICATE': note(
      peerRefusesOurs('its purpose or key is the wrong one'),
      'cert-eku-not-server',
      'cert-algorithm-unsupported',
    ),
    'SSL/SSLV3_ALERT_CERTIFICATE_REVOKED': note(peerRefusesOurs('it is revoked'), 'cert-revoked'),
    'SSL/SSLV3_ALERT_CERTIFICATE_EXPIRED': note(
      peerRefusesOurs('it is past its end, or the clock of the other side is wrong'),
      'cert-expired',
      'cert-not-yet-valid',
      'clock-skew',
    ),
    'SSL/SSLV3_ALERT_CERTIFICATE_UNKNOWN': note(
      peerRefusesOurs('it does not say why, as browsers and Java do not'),
      ...servedCertificate,
    ),
    'SSL/TLSV1_ALERT_UNKNOWN_CA': note(
      peerRefusesOurs('it knows no CA that it leads to'),
      'cert-issuer-untrusted',
      'cert-chain-incomplete',
    ),
    'SSL/TLSV1_ALERT_ACCESS_DENIED': note(
      'The other side knows the certificate and does not let it in.',
      'authz-denied',
    ),
    'SSL/TLSV1_ALERT_DECRYPT_ERROR': note(
      'The other side could not verify a signature: the key is not that of the certificate, or something changed the bytes.',
      'key-cert-mismatch',
      'network-middlebox',
    ),
    'SSL/TLSV1_ALERT_PROTOCOL_VERSION': note(
      'The other side takes none of the TLS versions offered.',
      'tls-version-cipher',
    ),
    'SSL/TLSV1_ALERT_INSUFFICIENT_SECURITY': note('The other side wants stronger parameters.', 'tls-version-cipher'),
    'SSL/TLSV1_ALERT_INTERNAL_ERROR': note('The other side failed for reasons of its own.'),
    'SSL/TLSV1_ALERT_UNRECOGNIZED_NAME': note(
      'A backend does not know the server name that it was asked for.',
      'backend-tls-origination',
    ),
    'SSL/TLSV1_ALERT_CERTIFICATE_REQUIRED': note(
      'A backend wants a client certificate and got none.',
      'backend-tls-origination',
    ),
    'SSL/TLSV1_ALERT_BAD_CERTIFICATE_HASH_VALUE': note(peerRefusesOurs('it is not the one that is pinned')),
    'SSL/SSLV3_ALERT_CLOSE_NOTIFY': note('The other side closed the connection in good order.'),
    // a secret that cannot be loaded
    'X509/KEY_VALUES_MISMATCH': note(
      'The private key is not that of the first certificate.',
      'key-cert-mismatch',
      'cert-chain-order',
    ),
    'X509/KEY_TYPE_MISMATCH': note('The certificate is for a key of another type.', 'key-cert-mismatch'),
    'X509/UNKNOWN_KEY_TYPE': note('BoringSSL does not know this type of key.', 'cert-algorithm-unsupported'),
    'X509/UNSUPPORTED_ALGORITHM': note('BoringSSL does not know this algorithm.', 'cert-algorithm-unsupported'),
    'X509/NO_CERTIFICATE_FOUND': note('There is no certificate in the text.', 'cert-chain-malformed-pem'),
    'X509/NO_CRL_FOUND': note('There is no revocation list in the text.', 'cert-chain-malformed-pem'),
    'PEM/NO_START_LINE': note(
      'No BEGIN line of the kind that is wanted: the value is empty, binary, encoded twice, or the other half of the pair.',
      'private-key-malformed',
      'cert-chain-malformed-pem',
    ),
    'PEM/BAD_END_LINE': note(
      'The END line is missing or is not that of the BEGIN line: cut short, or joined without a line break.',
      'cert-chain-malformed-pem',
      'private-key-malformed',
    ),
    'PEM/BAD_BASE64_DECODE': note(
      'What stands between BEGIN and END is no base64.',
      'cert-chain-malformed-pem',
      'private-key-malformed',
    ),
    'PEM/BAD_PASSWORD_READ': note(
      'The private key is encrypted, and there is nobody to give the passphrase.',
      'private-key-encrypted',
    ),
    'PEM/BAD_DECRYPT': note('The private key is encrypted.', 'private-key-encrypted'),
    'CIPHER/BAD_DECRYPT': note('The private key is encrypted.', 'private-key-encrypted'),
    'PKCS8/INCORRECT_PASSWORD': note('The private key is encrypted.', 'private-key-encrypted'),
    'PEM/UNSUPPORTED_ENCRYPTION': note('The private key is encrypted in an old way.', 'private-key-encrypted'),
    'PEM/SHORT_HEADER': note('The PEM text is cut short.', 'private-key-malformed', 'cert-chain-malformed-pem'),
    'EVP/DECODE_ERROR': note('What is in the PEM block is no key that BoringSSL reads.', 'private-key-malformed'),
    'EVP/UNSUPPORTED_ALGORITHM': note('BoringSSL does not know this type of key.', 'cert-algorithm-unsupported'),
    'EC/UNKNOWN_GROUP': note('The key is on a curve that BoringSSL does not have.', 'cert-algorithm-unsupported'),
    'EC/NON_NAMED_CURVE': note(
      'The key spells its curve out instead of naming it.',
      'cert-algorithm-unsupported',
      'private-key-malformed',
    ),
    'RSA/KEY_SIZE_TOO_SMALL': note(
      'The RSA key is too short; Envoy serves none below 2048 bits.',
      'cert-algorithm-unsupported',
    ),
    'RSA/MODULUS_TOO_LARGE': note('The RSA key is longer than BoringSSL allows.', 'cert-algorithm-unsupported'),
    'ASN1/DECODE_ERROR': note(
      'The content of a PEM block is damaged or is something else.',
      'cert-chain-malformed-pem',
    ),
    'ASN1/WRONG_TAG': note(
      'The content of a PEM block is something else than its label says.',
      'cert-chain-malformed-pem',
      'private-key-malformed',
    ),
    'ASN1/TOO_LONG': note('The content of a PEM block is cut short.', 'cert-chain-malformed-pem'),
    'ASN1/NOT_ENOUGH_DATA': note('The content of a PEM block is cut short.', 'cert-chain-malformed-pem'),
    'ASN1/INVALID_INTEGER': note(
      'A number is encoded in a way that OpenSSL takes and BoringSSL does not, as some serial numbers are.',
      'cert-chain-malformed-pem',
    ),
    'SYS/ECONNRESET': note(
      'The connection was reset by the other side or by something on the way.',
      'network-middlebox',
    ),
    'SYS/EPIPE': note('The other side was gone before the message was sent.'),
    'SYS/ETIMEDOUT': note('No answer came in time.', 'address-unreachable', 'mtu-blackhole'),
  }),
);
