import { secretReasons } from '../logs/refusal-reasons.ts';

const reasons = [
  'key-of-another-certificate',
  'key-of-another-type',
  'encrypted-key',
  'unreadable-key',
  'key-without-cause',
  'certificate-algorithm',
  'certificate-chain',
  'revocation-list',
  'trusted-ca',
  'staple',
  'nameless-certificate',
] as const;

/** Why a credential was refused: the reasons of Envoy that are known, by which those of Go and istiod are named too. */
export type RefusalReason = (typeof reasons)[number];

const byId: ReadonlyMap<string, RefusalReason> = new Map(reasons.map((reason) => [`refused-${reason}`, reason]));

/** The reason in Envoy's words for the refusal of a secret; undefined for words that are not known. */
export function refusalReason(words: string | undefined): RefusalReason | undefined {
  const text = (words ?? '').trimStart();
  const known = secretReasons.find((pattern) => {
    pattern.text.lastIndex = 0;
    return pattern.text.test(text);
  });
  return known && byId.get(known.id);
}

/** What Go says of a pair when istiod reads it for the Gateway API (crypto/tls X509KeyPair), most telling part first. */
const goReasons: readonly (readonly [string, RefusalReason])[] = [
  ['private key does not match public key', 'key-of-another-certificate'],
  ['private key type does not match public key type', 'key-of-another-type'],
  ['in key input', 'unreadable-key'],
  ['failed to parse private key', 'unreadable-key'],
  ['found a certificate rather than a key', 'unreadable-key'],
  ['in certificate input', 'certificate-chain'],
  ['x509:', 'certificate-chain'],
  ['asn1:', 'certificate-chain'],
  ['bundle is malformed', 'trusted-ca'],
];

/** The reason in the words that Go has for a pair or a bundle that it cannot use. */
export const refusalReasonOfGo = (words: string): RefusalReason | undefined =>
  goReasons.find(([part]) => words.includes(part))?.[1];
