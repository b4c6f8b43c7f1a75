/** What a phrase of a client stands for: an alert by name, or a code of the tables of `tls/`. */
export interface Phrase {
  readonly words: RegExp;
  readonly means: { readonly alert: string } | { readonly verification: string } | { readonly error: string };
}

const alert = (words: RegExp, name: string): Phrase => ({ words, means: { alert: name } });
const verification = (words: RegExp, code: string): Phrase => ({ words, means: { verification: code } });
const error = (words: RegExp, code: string): Phrase => ({ words, means: { error: code } });

/**
 * How clients other than Node, curl and OpenSSL say it; the first that fits counts. Go: crypto/tls/alert.go and
 * crypto/x509/verify.go. Java: `Received fatal alert: NAME`, and the path builder of its trust manager. Chrome and
 * Firefox: the codes on their error pages. Python and the system itself: their texts.
 */
export const phrases: readonly Phrase[] = [
  alert(/remote error: tls: bad certificate/i, 'bad_certificate'),
  alert(/remote error: tls: handshake failure/i, 'handshake_failure'),
  alert(/remote error: tls: unknown certificate authority/i, 'unknown_ca'),
  alert(/remote error: tls: unknown certificate/i, 'certificate_unknown'),
  alert(/remote error: tls: unsupported certificate/i, 'unsupported_certificate'),
  alert(/remote error: tls: revoked certificate/i, 'certificate_revoked'),
  alert(/remote error: tls: expired certificate/i, 'certificate_expired'),
  alert(/remote error: tls: certificate required/i, 'certificate_required'),
  alert(/remote error: tls: protocol version not supported/i, 'protocol_version'),
  alert(/remote error: tls: unrecognized name/i, 'unrecognized_name'),
  alert(/remote error: tls: error decrypting message/i, 'decrypt_error'),
  alert(/remote error: tls: internal error/i, 'internal_error'),
  alert(/ERR_BAD_SSL_CLIENT_AUTH_CERT/, 'bad_certificate'),
  alert(/ERR_SSL_VERSION_OR_CIPHER_MISMATCH|SSL_ERROR_NO_CYPHER_OVERLAP/, 'handshake_failure'),
  alert(/SSL_ERROR_RX_CERTIFICATE_REQUIRED_ALERT/, 'certificate_required'),
  alert(/ERR_SSL_NO_RENEGOTIATION/, 'no_renegotiation'),

  verification(/x509: certificate has expired or is not yet valid: current time \S+ is before/i, 'CERT_NOT_YET_VALID'),
  verification(
    /x509: certificate has expired|ERR_CERT_DATE_INVALID|SEC_ERROR_EXPIRED_CERTIFICATE/i,
    'CERT_HAS_EXPIRED',
  ),
  verification(
    /x509: certificate is valid for |x509: cannot validate certificate for |ERR_CERT_COMMON_NAME_INVALID|SSL_ERROR_BAD_CERT_DOMAIN|No subject alternative DNS name matching|x509: certificate relies on legacy Common Name/i,
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ),
  verification(
    /x509: certificate signed by unknown authority|ERR_CERT_AUTHORITY_INVALID|SEC_ERROR_UNKNOWN_ISSUER|unable to find valid certification path/i,
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ),
  verification(/MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT/, 'DEPTH_ZERO_SELF_SIGNED_CERT'),
  verification(/ERR_CERT_REVOKED|SEC_ERROR_REVOKED_CERTIFICATE/, 'CERT_REVOKED'),
  verification(
    /x509: certificate specifies an incompatible key usage|SEC_ERROR_INADEQUATE_CERT_TYPE/i,
    'INVALID_PURPOSE',
  ),

  error(
    /wrong version number|packet length too long|first record does not look like a TLS handshake|SSL_ERROR_RX_RECORD_TOO_LONG|Unsupported or unrecognized SSL message/i,
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ),
  error(/Client sent an HTTP request to an HTTPS server|routines:[^:]*:http request/i, 'ERR_SSL_HTTP_REQUEST'),
  error(
    /unexpected eof while reading|EOF occurred in violation of protocol|PR_END_OF_FILE_ERROR|Remote host terminated the handshake/i,
    'ERR_SSL_UNEXPECTED_EOF_WHILE_READING',
  ),
  error(/unsupported protocol|SSL_ERROR_UNSUPPORTED_VERSION/i, 'ERR_SSL_UNSUPPORTED_PROTOCOL'),
  error(/connection (?:was )?reset|ERR_CONNECTION_RESET|PR_CONNECT_RESET_ERROR/i, 'ECONNRESET'),
  error(/connection refused|ERR_CONNECTION_REFUSED/i, 'ECONNREFUSED'),
  error(/broken pipe/i, 'EPIPE'),
  error(/timed out|ERR_CONNECTION_TIMED_OUT|i\/o timeout|context deadline exceeded/i, 'ETIMEDOUT'),
  error(/no route to host/i, 'EHOSTUNREACH'),
  error(/network is unreachable/i, 'ENETUNREACH'),
  error(/could not resolve host|no such host|name or service not known|ERR_NAME_NOT_RESOLVED/i, 'ENOTFOUND'),
];
