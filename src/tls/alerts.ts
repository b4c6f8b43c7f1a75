/**
 * The TLS alerts of the IANA registry (RFC 8446 section 6, RFC 5246 section 7.2, RFC 6066, RFC 7301), each with what it
 * means when an Istio gateway sends it. The reasons are those of BoringSSL as Envoy uses it
 * (envoy:source/common/tls/utility.cc maps X.509 errors to alerts; Envoy 1.38 was watched doing so).
 */
export interface Alert {
  readonly number: number;
  readonly name: string;
  /** What the sender says with it, whoever it is. */
  readonly meaning: string;
  /** What makes an Istio gateway send it; absent: a gateway never does, so something else answered. */
  readonly atGateway?: string;
}

export const alerts: readonly Alert[] = [
  {
    number: 0,
    name: 'close_notify',
    meaning: 'The sender has nothing more to say. It is the regular end of a connection.',
    atGateway: 'The connection ended in good order. Before the handshake is complete it is a polite refusal.',
  },
  {
    number: 10,
    name: 'unexpected_message',
    meaning: 'A handshake message came out of turn.',
    atGateway: 'Something between client and gateway changed the order of messages, or the client has a defect.',
  },
  {
    number: 20,
    name: 'bad_record_mac',
    meaning: 'A record could not be decrypted.',
    atGateway:
      'With TLS 1.3 usually the answer to a client that refused the gateway certificate and said so unencrypted, as clients with OpenSSL 3.0 do. Otherwise bytes were changed on the way.',
  },
  { number: 21, name: 'decryption_failed', meaning: 'A record could not be decrypted. Removed from TLS long ago.' },
  {
    number: 22,
    name: 'record_overflow',
    meaning: 'A record is longer than TLS allows.',
    atGateway: 'What arrived is most likely not TLS.',
  },
  {
    number: 30,
    name: 'decompression_failure',
    meaning: 'Compressed data could not be read. TLS has no compression now.',
  },
  {
    number: 40,
    name: 'handshake_failure',
    meaning: 'The two sides have no set of parameters in common.',
    atGateway:
      'With TLS 1.2: a MUTUAL server and a client that showed no certificate. With any version: no common cipher suite, group or signature algorithm, for instance only ECDSA suites and an RSA key.',
  },
  { number: 41, name: 'no_certificate', meaning: 'The client has no certificate. SSL 3.0 only.' },
  {
    number: 42,
    name: 'bad_certificate',
    meaning: 'The certificate is damaged or does not pass a check.',
    atGateway: 'The client certificate was refused for a reason that has no alert of its own.',
  },
  {
    number: 43,
    name: 'unsupported_certificate',
    meaning: 'The certificate is not of a kind, or not for a purpose, that the receiver takes.',
    atGateway:
      'The client certificate is not meant for clients: its extended key usage lacks clientAuth, or its key usage lacks digitalSignature.',
  },
  {
    number: 44,
    name: 'certificate_revoked',
    meaning: 'The certificate was revoked by its issuer.',
    atGateway: 'The serial number of the client certificate stands in the revocation list of the Secret (ca.crl).',
  },
  {
    number: 45,
    name: 'certificate_expired',
    meaning: 'The certificate is outside its dates.',
    atGateway:
      'The client certificate, a certificate of its chain, the CA in the Secret or its revocation list is expired or not valid yet. curl words this one as if the certificate of the gateway were meant.',
  },
  {
    number: 46,
    name: 'certificate_unknown',
    meaning: 'The certificate was refused for a reason that no other alert names.',
    atGateway:
      "The client certificate comes from the right CA, but none of its subject alternative names is among the server's subjectAltNames.",
  },
  {
    number: 47,
    name: 'illegal_parameter',
    meaning: 'A field of the handshake holds a value that is not allowed.',
    atGateway: 'With TLS 1.3: the key usage of an RSA client certificate lacks digitalSignature.',
  },
  {
    number: 48,
    name: 'unknown_ca',
    meaning: 'No chain leads from the certificate to a CA that the receiver trusts.',
    atGateway:
      "The client certificate does not lead to the CA in the gateway's Secret: another CA signed it, it is self-signed, its intermediate was not sent, or there is a revocation list but none of its issuer.",
  },
  { number: 49, name: 'access_denied', meaning: 'The certificate is good, but its holder may not enter.' },
  {
    number: 50,
    name: 'decode_error',
    meaning: 'A message could not be read.',
    atGateway: 'The ClientHello arrived damaged.',
  },
  {
    number: 51,
    name: 'decrypt_error',
    meaning: 'A signature or the check of the handshake itself is wrong.',
    atGateway:
      'The client signed with a key that is not the one of its certificate, or a signature in its chain is wrong.',
  },
  { number: 60, name: 'export_restriction', meaning: 'Export rules forbid the parameters. Removed from TLS long ago.' },
  {
    number: 70,
    name: 'protocol_version',
    meaning: 'The version of TLS is not supported.',
    atGateway:
      "The client offers no version between the server's minProtocolVersion and maxProtocolVersion (Istio 1.14 and later: TLS 1.2 at least), or the bytes are not TLS at all: plain HTTP, or a PROXY header that the listener does not expect.",
  },
  { number: 71, name: 'insufficient_security', meaning: 'The receiver demands stronger algorithms.' },
  {
    number: 80,
    name: 'internal_error',
    meaning: 'The sender failed for a reason of its own.',
    atGateway: 'The gateway could not use its private key (a key provider), or ran out of something.',
  },
  {
    number: 86,
    name: 'inappropriate_fallback',
    meaning: 'The client tried again with an older version although a newer one would have worked.',
    atGateway: 'An earlier attempt of the same client failed: that one holds the reason.',
  },
  { number: 90, name: 'user_canceled', meaning: 'The sender gave up the handshake of its own will.' },
  { number: 100, name: 'no_renegotiation', meaning: 'The sender does not negotiate anew on an open connection.' },
  {
    number: 109,
    name: 'missing_extension',
    meaning: 'An extension that TLS 1.3 demands is not there.',
    atGateway: 'The client does not speak TLS 1.3 properly.',
  },
  { number: 110, name: 'unsupported_extension', meaning: 'An extension is where it may not be.' },
  { number: 111, name: 'certificate_unobtainable', meaning: 'A certificate could not be fetched. Obsolete.' },
  {
    number: 112,
    name: 'unrecognized_name',
    meaning: 'The server does not serve the name that the client sent.',
  },
  { number: 113, name: 'bad_certificate_status_response', meaning: 'The stapled OCSP response is not valid.' },
  {
    number: 114,
    name: 'bad_certificate_hash_value',
    meaning: 'The certificate is not the one that is pinned.',
    atGateway:
      'verifyCertificateHash or verifyCertificateSpki of the server lists other certificates than the one of the client.',
  },
  { number: 115, name: 'unknown_psk_identity', meaning: 'The key of an earlier session is not known here.' },
  {
    number: 116,
    name: 'certificate_required',
    meaning: 'The server insists on a client certificate and got none. TLS 1.3 only; TLS 1.2 says 40.',
    atGateway:
      'A MUTUAL server, and a client that has no certificate or withholds one of a kind that the gateway does not take (Ed25519).',
  },
  { number: 117, name: 'general_error', meaning: 'A failure without a name of its own.' },
  {
    number: 120,
    name: 'no_application_protocol',
    meaning: 'None of the protocols that the client offers by ALPN is spoken here.',
    atGateway: 'HTTP/3 listeners only. On TCP an Istio gateway goes on without ALPN.',
  },
  { number: 121, name: 'ech_required', meaning: 'The server wanted an encrypted ClientHello.' },
];

const byNumber = new Map(alerts.map((alert) => [alert.number, alert]));
const byName = new Map(alerts.map((alert) => [alert.name, alert]));

export function alertByNumber(number: number): Alert | undefined {
  return byNumber.get(number);
}

/** The alert of a name as the RFCs spell it, with spaces or hyphens for underscores too. */
export function alertByName(name: string): Alert | undefined {
  return byName.get(name.trim().toLowerCase().replaceAll(/[ -]+/g, '_'));
}

/** As OpenSSL prints it, and as Node passes it on in the message of an error. */
const numbered = /\balert number (\d{1,3})\b/i;
/** OpenSSL's packed error: library 20 (SSL), reason 1000 and the number of the alert. */
const packed = /\berror:0?(?:0A|14)[0-9A-F]{3}([0-9A-F]{3})\b/i;
/** `tlsv1 alert unknown ca` of curl and OpenSSL, `TLSV1_ALERT_UNKNOWN_CA` of BoringSSL, Node's codes of both eras. */
const named = /(?:sslv3|ssl\/tls|tlsv1|tlsv13)[ _](?:alert[ _])?([a-z_ ]+)/i;

/**
 * The alert that was received according to an error's code or text, of OpenSSL 3.0 (`ERR_SSL_SSLV3_ALERT_…`) and 3.5
 * (`ERR_SSL_SSL/TLS_ALERT_…`), BoringSSL, curl or Node. A text that names none gives undefined.
 */
export function alertInText(text: string): Alert | undefined {
  const number = numbered.exec(text)?.[1];
  if (number !== undefined) return byNumber.get(Number(number));
  const reason = packed.exec(text)?.[1];
  if (reason !== undefined && Number.parseInt(reason, 16) >= 1000) {
    return byNumber.get(Number.parseInt(reason, 16) - 1000);
  }
  const name = named.exec(text)?.[1];
  return name === undefined ? undefined : alertByName(name);
}
