/** A reason why a client does not accept the certificate of a server, by the code that Node gives for it. */
export interface VerificationCode {
  readonly code: string;
  /** OpenSSL's number (X509_V_ERR_*) and words, as `openssl verify` and curl print them. */
  readonly number?: number;
  readonly text?: string;
  readonly meaning: string;
  readonly atGateway: string;
}

/** Codes of node:src/crypto/crypto_common.cc and lib/internal/errors.js; numbers and words of OpenSSL's x509_vfy.h. */
export const verificationCodes: readonly VerificationCode[] = [
  {
    code: 'CERT_HAS_EXPIRED',
    number: 10,
    text: 'certificate has expired',
    meaning: 'A certificate of the chain is past its notAfter.',
    atGateway: 'The Secret was not renewed, an intermediate in it ran out, or Envoy still serves an older one.',
  },
  {
    code: 'CERT_NOT_YET_VALID',
    number: 9,
    text: 'certificate is not yet valid',
    meaning: 'A certificate of the chain is before its notBefore.',
    atGateway: 'A certificate made a moment ago by a machine whose clock is ahead, or one with wrong dates.',
  },
  {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    meaning: 'The chain is good; the name that was asked for is not in the certificate.',
    atGateway: "The credential of another host, a wildcard one label short, or another server's certificate.",
  },
  {
    code: 'HOSTNAME_MISMATCH',
    number: 62,
    text: 'hostname mismatch',
    meaning: 'The same in the words of OpenSSL.',
    atGateway: "The credential of another host, a wildcard one label short, or another server's certificate.",
  },
  {
    code: 'ERR_TLS_CERT_ALTNAME_FORMAT',
    meaning: 'The subject alternative names cannot be read safely.',
    atGateway: 'The certificate was made by a tool that writes them wrongly.',
  },
  {
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    number: 21,
    text: 'unable to verify the first certificate',
    meaning: 'The server sent one certificate, and the client does not know its issuer.',
    atGateway: 'tls.crt holds the leaf alone: the intermediate is missing, or a private CA signed it directly.',
  },
  {
    code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    number: 20,
    text: 'unable to get local issuer certificate',
    meaning: 'The chain as sent ends at an issuer that the client does not know.',
    atGateway: 'A CA that the client does not trust, or an intermediate that is missing in tls.crt.',
  },
  {
    code: 'UNABLE_TO_GET_ISSUER_CERT',
    number: 2,
    text: 'unable to get issuer certificate',
    meaning: 'The client trusts an intermediate, but does not have the root above it.',
    atGateway: 'The CA file of the client holds an intermediate only.',
  },
  {
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
    number: 19,
    text: 'self-signed certificate in certificate chain',
    meaning: 'The server sent its root too, and the client does not trust it.',
    atGateway: 'A private CA; with a SPIFFE name in the leaf: the server is ISTIO_MUTUAL.',
  },
  {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    number: 18,
    text: 'self-signed certificate',
    meaning: 'The certificate of the server signed itself.',
    atGateway: 'A certificate for trying out, a temporary one of cert-manager, or that of a balancer in front.',
  },
  {
    code: 'INVALID_PURPOSE',
    number: 26,
    text: 'unsuitable certificate purpose',
    meaning: 'The certificate may not be used for servers, or its issuer may not be one.',
    atGateway:
      'A client certificate in the Secret of the gateway: its extended key usage lacks serverAuth. Or an intermediate that is no CA.',
  },
  {
    code: 'INVALID_CA',
    number: 79,
    text: 'invalid CA certificate',
    meaning: 'A certificate that signed another one is not a CA.',
    atGateway: 'The intermediate has no basicConstraints CA:TRUE.',
  },
  {
    code: 'PATH_LENGTH_EXCEEDED',
    number: 25,
    text: 'path length constraint exceeded',
    meaning: 'A CA has more CAs below it than it allows.',
    atGateway: 'An intermediate was issued below a CA with too small a pathlen.',
  },
  {
    code: 'CERT_CHAIN_TOO_LONG',
    number: 22,
    text: 'certificate chain too long',
    meaning: 'The chain is longer than the client follows.',
    atGateway: 'tls.crt holds more intermediates than needed.',
  },
  {
    code: 'CERT_SIGNATURE_FAILURE',
    number: 7,
    text: 'certificate signature failure',
    meaning: 'A signature in the chain is wrong.',
    atGateway: 'Two CAs of the same name with different keys: the chain names the one and was signed by the other.',
  },
  {
    code: 'UNSPECIFIED',
    meaning: 'A reason for which Node has no name of its own.',
    atGateway: 'Often a certificate that signed another one although its key usage lacks keyCertSign, or a weak key.',
  },
  {
    code: 'CERT_REVOKED',
    number: 23,
    text: 'certificate revoked',
    meaning: 'A revocation list that the client has names the certificate.',
    atGateway: 'The certificate has to be replaced.',
  },
  {
    code: 'CERT_UNTRUSTED',
    number: 27,
    text: 'certificate not trusted',
    meaning: 'The trust store does not allow this use of the root.',
    atGateway: "The client's trust store decides this, not the gateway.",
  },
  {
    code: 'CERT_REJECTED',
    number: 28,
    text: 'certificate rejected',
    meaning: 'The trust store forbids this use of the root.',
    atGateway: "The client's trust store decides this, not the gateway.",
  },
  {
    code: 'UNABLE_TO_GET_CRL',
    number: 3,
    text: 'unable to get certificate CRL',
    meaning: 'The client checks for revocation and has no list of this issuer.',
    atGateway: "The client's settings decide this, not the gateway.",
  },
  {
    code: 'CRL_HAS_EXPIRED',
    number: 12,
    text: 'CRL has expired',
    meaning: 'The revocation list that the client has is too old.',
    atGateway: "The client's files decide this, not the gateway.",
  },
];

const byCode = new Map(verificationCodes.map((entry) => [entry.code, entry]));

export function verificationCode(code: string): VerificationCode | undefined {
  return byCode.get(code);
}

/** Older spellings of OpenSSL (`self signed`), and what only curl says. */
const otherWords: readonly (readonly [RegExp, string])[] = [
  [/self.signed certificate in certificate chain/i, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self.signed certificate/i, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [
    /no alternative certificate subject name matches|hostname mismatch|altnames|is not valid for '/i,
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [/unsupported certificate purpose/i, 'INVALID_PURPOSE'],
];

/** The reason in a text of curl, OpenSSL, Python or Node: by its code, its words or `verify error:num=N`. */
export function verificationCodeInText(text: string): VerificationCode | undefined {
  const number = /\bverify (?:error:num=|return code: )(\d+)/i.exec(text)?.[1];
  if (number !== undefined && number !== '0') return verificationCodes.find((entry) => entry.number === Number(number));
  const coded = verificationCodes.find((entry) => text.includes(entry.code));
  if (coded) return coded;
  const other = otherWords.find(([words]) => words.test(text));
  if (other) return verificationCode(other[1]);
  const lower = text.toLowerCase();
  return verificationCodes.find((entry) => entry.text !== undefined && lower.includes(entry.text.toLowerCase()));
}
