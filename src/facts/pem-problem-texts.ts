import type { PemProblem } from '../model/certificate.ts';

/** What is wrong with a value that should be PEM, as what follows "it". */
export const pemProblemTexts: Readonly<Record<PemProblem, string>> = {
  empty: 'is empty',
  'no-pem-block': 'has no -----BEGIN line at all',
  'other-blocks-only': 'has PEM blocks of other kinds only',
  'base64-twice': 'is base64 inside of base64: it was encoded once more than the Secret does by itself',
  der: 'is DER, the binary form, not PEM',
  pkcs12: 'is a PKCS#12 file (.p12, .pfx), not PEM',
  'blocks-joined': 'has -----END and -----BEGIN on one line: two files were joined without a line break between them',
  'begin-without-end': 'has a -----BEGIN line without its -----END line: a block was cut off',
  'begin-inside-line': 'has a -----BEGIN that is not at the start of its line, so that the block is passed over',
  'lost-line-breaks': 'has a block on one line: its line breaks were lost, so that it is passed over',
  'bad-header': 'has a block with lines above its base64 that do not belong there',
  'bad-base64': 'has a block whose base64 is damaged',
  'not-a-certificate': 'has a block that is called a certificate and is none',
  'not-a-crl': 'has a block that is called a revocation list and is none',
  encrypted: 'is encrypted',
  'unreadable-key': 'has a private key that cannot be read',
  'utf-16': 'is UTF-16 text, as PowerShell writes it, not ASCII',
  'byte-order-mark': 'begins with a byte order mark, so that the block behind it is passed over',
  'several-keys': 'has several private keys, of which the first counts',
  'key-among-certificates': 'has a private key among its certificates',
};
