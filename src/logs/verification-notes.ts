import { type BoringsslNote, note } from './boringssl-notes.ts';

/** What Envoy ≥ 1.37 adds to a refused certificate, by what it contains; the first that fits holds. */
export const verifyNotes: readonly (readonly [RegExp, BoringsslNote])[] = [
  [
    /not yet valid/,
    note('The certificate of the client is not valid yet, or a clock is wrong.', 'mtls-client-expired', 'clock-skew'),
  ],
  [
    /CRL has expired|CRL is not yet valid/,
    note('The revocation list in the credential is out of date, so that no client is let in.', 'mtls-client-revoked'),
  ],
  [
    /certificate has expired/,
    note(
      'A certificate in the chain of the client, or the CA itself, is past its end.',
      'mtls-client-expired',
      'mtls-ca-expired',
    ),
  ],
  [
    /certificate CRL/,
    note(
      'There is a revocation list, but none of the issuer of this client: with one list, every CA of the chain needs one.',
      'mtls-client-revoked',
      'mtls-ca-bundle-incomplete',
    ),
  ],
  [/revoked/, note('The certificate of the client is on the revocation list.', 'mtls-client-revoked')],
  [/purpose/, note('The certificate of the client is not for clients.', 'mtls-client-eku')],
  [
    /issuer certificate|self.signed|verify the first certificate/,
    note(
      'No CA of the gateway leads to the certificate of the client: another issuer, or the client does not send its intermediates.',
      'mtls-client-untrusted',
      'mtls-ca-wrong',
      'mtls-ca-bundle-incomplete',
    ),
  ],
  [
    /SAN/,
    note(
      'The CA is right, but no name in the certificate of the client is among those that are let in.',
      'mtls-client-san-mismatch',
    ),
  ],
  [
    /hash and spki/,
    note('The certificate of the client is not one of those that are pinned.', 'mtls-client-untrusted'),
  ],
  [
    /did not provide required client certificate/,
    note('A client certificate is required and the client showed none.', 'mtls-client-cert-missing'),
  ],
  [
    /invalid CA certificate|path length/,
    note('A certificate in the chain of the client may not sign others.', 'mtls-client-untrusted'),
  ],
  [
    /signature failure/,
    note(
      'A signature in the chain of the client is wrong: another CA of the same name.',
      'mtls-ca-wrong',
      'mtls-client-untrusted',
    ),
  ],
];
