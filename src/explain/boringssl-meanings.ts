/** What an error of BoringSSL says in Envoy's logs, and the causes to think of. */
export interface BoringsslMeaning {
  readonly meaning: string;
  readonly atGateway: string;
  readonly causes: readonly string[];
}

function means(meaning: string, atGateway: string, ...causes: readonly string[]): BoringsslMeaning {
  return { meaning, atGateway, causes };
}

const encryptedKey = means(
  'A password is needed to read the private key.',
  'The key in the Secret is encrypted. Istio has nowhere to take a passphrase from: store the key decrypted.',
  'private-key-encrypted',
);
const oddKey = means(
  'The key is of a kind that BoringSSL does not know.',
  'DSA, Ed448, or a curve other than P-256, P-384 and P-521.',
  'cert-algorithm-unsupported',
);
const damaged = means(
  'What stands between BEGIN and END decodes to no sound structure.',
  'The certificate or key was cut off, or is something else under a wrong label.',
  'cert-chain-malformed-pem',
  'private-key-malformed',
);
const notAPair = means(
  'Certificate and private key are no pair.',
  'The key belongs to another certificate than the first one of the chain: one of the two was renewed alone, or the leaf does not come first.',
  'key-cert-mismatch',
  'cert-chain-order',
);
const noCommonCipher = means(
  'The two sides have no cipher suite in common that fits the key of the certificate.',
  'cipherSuites of the server is too narrow, or the client takes RSA only and the certificate is ECDSA (or the reverse).',
  'tls-version-cipher',
);
const signedPlainAlert = means(
  'A record could not be decrypted.',
  "Right after the gateway's certificate went out over TLS 1.3, it is the alert of a client that refused that certificate: clients with OpenSSL send it unencrypted.",
  'cert-issuer-untrusted',
  'cert-chain-incomplete',
  'cert-expired',
  'cert-san-mismatch',
);

/**
 * By `LIBRARY REASON`. Errors that a gateway comes to see: while it loads a secret, in handshakes with clients, and in
 * those with backends. Received alerts (reason 1000 and above) are told from the table of alerts.
 */
export const boringsslMeanings: Readonly<Record<string, BoringsslMeaning>> = {
  'PEM NO_START_LINE': means(
    'There is no BEGIN line of the kind that was looked for.',
    'The value is empty, base64 twice, binary (DER, PKCS#12), or key and certificate changed places.',
    'private-key-malformed',
    'cert-chain-malformed-pem',
  ),
  'PEM BAD_END_LINE': means(
    'The END line is missing or does not fit its BEGIN line.',
    'The text was cut off, or two files were joined without a newline between them.',
    'cert-chain-malformed-pem',
    'private-key-malformed',
  ),
  'PEM BAD_BASE64_DECODE': means(
    'The text between BEGIN and END is no base64.',
    'Characters were lost or added on the way: by an editor, a template, a terminal.',
    'cert-chain-malformed-pem',
    'private-key-malformed',
  ),
  'PEM BAD_PASSWORD_READ': encryptedKey,
  'PEM BAD_DECRYPT': encryptedKey,
  'PEM UNSUPPORTED_ENCRYPTION': encryptedKey,
  'PEM UNSUPPORTED_CIPHER': encryptedKey,
  'PKCS8 INCORRECT_PASSWORD': encryptedKey,
  'PKCS8 UNSUPPORTED_CIPHER': encryptedKey,
  'CIPHER BAD_DECRYPT': encryptedKey,
  'X509 KEY_VALUES_MISMATCH': notAPair,
  'SSL CERTIFICATE_AND_PRIVATE_KEY_MISMATCH': notAPair,
  'X509 KEY_TYPE_MISMATCH': means(
    'The certificate is for a key of another algorithm than the private key beside it.',
    'An RSA certificate with an EC key, or the reverse: two renewals got mixed.',
    'key-cert-mismatch',
  ),
  'EVP DIFFERENT_PARAMETERS': means(
    'The two keys are on different curves.',
    'The private key belongs to another certificate.',
    'key-cert-mismatch',
  ),
  'X509 UNKNOWN_KEY_TYPE': oddKey,
  'EVP UNKNOWN_PUBLIC_KEY_TYPE': oddKey,
  'EVP UNSUPPORTED_ALGORITHM': oddKey,
  'ASN1 UNSUPPORTED_PUBLIC_KEY_TYPE': oddKey,
  'EC UNKNOWN_GROUP': oddKey,
  'EC NON_NAMED_CURVE': means(
    'The key spells its curve out instead of naming it.',
    'It was generated with `param_enc explicit`. Make it anew with a named curve.',
    'cert-algorithm-unsupported',
  ),
  'RSA KEY_SIZE_TOO_SMALL': means(
    'The RSA key is too short.',
    'Envoy wants 2048 bits at least.',
    'cert-algorithm-unsupported',
  ),
  'ASN1 DECODE_ERROR': damaged,
  'ASN1 NOT_ENOUGH_DATA': damaged,
  'ASN1 TOO_LONG': damaged,
  'ASN1 WRONG_TAG': damaged,
  'ASN1 BAD_OBJECT_HEADER': damaged,
  'EVP DECODE_ERROR': damaged,
  'ASN1 INVALID_INTEGER': means(
    'A number in the certificate, mostly the serial number, is not encoded as the standard demands.',
    'The CA writes sloppy certificates; OpenSSL lets it pass, BoringSSL does not.',
    'cert-chain-malformed-pem',
  ),
  'X509 NO_CRL_FOUND': means(
    'There is no revocation list in the text.',
    '`ca.crl` in the Secret holds something else than a PEM revocation list.',
    'cert-chain-malformed-pem',
  ),
  'SSL CERTIFICATE_VERIFY_FAILED': means(
    'Envoy looked at the certificate of the other side and refused it.',
    'In a handshake with a client: its CA, dates, usage, names or revocation; the text behind it says which (Envoy 1.37 and later). With a backend: the CA or the names of the DestinationRule.',
    'mtls-client-untrusted',
    'mtls-ca-wrong',
    'mtls-client-expired',
    'mtls-client-san-mismatch',
    'backend-tls-origination',
  ),
  'SSL PEER_DID_NOT_RETURN_A_CERTIFICATE': means(
    'A client certificate is demanded, and the client sent none.',
    'The server is MUTUAL. The client has no certificate, or keeps back one of a kind that the gateway does not take, such as Ed25519.',
    'mtls-client-cert-missing',
  ),
  'SSL NO_SHARED_CIPHER': noCommonCipher,
  'SSL WRONG_CURVE': means(
    'The curve of the certificate is none that the client offered.',
    'A TLS 1.2 client without elliptic curves, and an ECDSA certificate. Older Envoys call it NO_SHARED_CIPHER.',
    'tls-version-cipher',
  ),
  'SSL NO_COMMON_SIGNATURE_ALGORITHMS': means(
    'The client takes no signature that the key of the gateway can make.',
    'It insists on RSA and the certificate is ECDSA, or the reverse.',
    'tls-version-cipher',
  ),
  'SSL NO_SHARED_GROUP': means(
    'The two sides have no group for the key exchange in common.',
    'ecdhCurves is too narrow for this client.',
    'tls-version-cipher',
  ),
  'SSL UNSUPPORTED_PROTOCOL': means(
    'The client offers no version of TLS that this server allows.',
    'minProtocolVersion is above what the client can do (without one, TLS 1.2 is the least), or maxProtocolVersion below it.',
    'tls-version-cipher',
  ),
  'SSL HTTP_REQUEST': means(
    'A plain HTTP request came where TLS was expected.',
    'A client, a balancer or its health check speaks http:// to the HTTPS port, or TLS ended in front of the gateway.',
    'lb-terminates-tls',
    'lb-protocol-mismatch',
    'lb-health-check',
  ),
  'SSL HTTPS_PROXY_REQUEST': means(
    'An HTTP CONNECT came where TLS was expected.',
    'A client is told to use the gateway as a proxy.',
  ),
  'SSL WRONG_VERSION_NUMBER': means(
    'The first bytes are no TLS at all.',
    'From a client: a PROXY header that the listener does not expect, or another protocol. From a backend: it speaks plaintext on a port to which TLS is sent.',
    'lb-proxy-protocol',
    'backend-tls-origination',
  ),
  'SSL DECRYPTION_FAILED_OR_BAD_RECORD_MAC': signedPlainAlert,
  'SSL BAD_PACKET_LENGTH': signedPlainAlert,
  'SSL CLIENTHELLO_PARSE_FAILED': means(
    'A ClientHello came in that cannot be read.',
    'It was damaged on the way, or a scanner sent it.',
    'network-middlebox',
  ),
  'SSL KEY_USAGE_BIT_INCORRECT': means(
    'The key usage of the certificate forbids what it is used for.',
    'A client certificate without digitalSignature.',
    'mtls-client-eku',
  ),
  'SSL CONNECTION_REJECTED': means(
    'Envoy would not choose a certificate for this connection.',
    'The certificate demands an OCSP staple, and there is no valid one.',
  ),
  'SSL NO_CIPHER_MATCH': means(
    'A name in the list of cipher suites is none that BoringSSL knows.',
    'cipherSuites of a Gateway: the whole listener is refused.',
    'listener-nack',
    'tls-version-cipher',
  ),
  'SSL UNSUPPORTED_ELLIPTIC_CURVE': means(
    'A name in the list of curves is none that BoringSSL knows.',
    'ecdhCurves: the whole listener is refused.',
    'listener-nack',
  ),
  'SSL NO_SUPPORTED_VERSIONS_ENABLED': means(
    'The lowest version allowed is above the highest.',
    'minProtocolVersion and maxProtocolVersion of the server contradict each other.',
    'tls-version-cipher',
  ),
  'SSL PRIVATE_KEY_OPERATION_FAILED': means(
    'The key could not be used for signing.',
    'A private key provider (CryptoMB, QAT, an HSM) failed.',
  ),
};
