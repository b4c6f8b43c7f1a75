import type { SecretValue } from '../model/secret.ts';
import type { PemJudgement, PemPurpose } from './judge-pem.ts';
import { judgePem, readCertificates } from './judge-pem.ts';
import { publicTextOf } from './public-text.ts';

/** What the value under a key is for, in the order of asking. The first four names are those that Istio reads. */
const purposes: readonly (readonly [RegExp, PemPurpose])[] = [
  [/^(?:ca\.crl|crl|.*\.crl)$/, 'crl'],
  [/^(?:tls\.key|key|.*\.key|.*key\.pem)$/, 'private-key'],
  [/^(?:ca\.crt|cacert|(?:ca|root)[\w.-]*\.(?:crt|cer|cert|pem))$/, 'trusted-ca'],
  [/^(?:tls\.crt|cert|.*\.(?:crt|cer|cert|pem))$/, 'certificates'],
];

/**
 * One value of a Secret: its kind by its content, and only where that tells nothing by its key; its problems by what
 * the key says it should be (a private key in `tls.crt` is a private key, and wrong there). Certificates are read
 * wherever they stand. Nothing that is private outlives the call.
 */
export function readSecretValue(key: string, bytes: Buffer): SecretValue {
  const purpose = purposes.find(([name]) => name.test(key.toLowerCase()))?.[1];
  const judgement = judgePem(bytes, purpose ?? 'certificates');
  const certificates = purpose === 'private-key' ? readCertificates(bytes) : judgement.certificates;
  const { privateKey, revocationLists, problems } = judgement;
  const kind = kindOf(bytes, purpose, { ...judgement, certificates });
  const publicText = privateKey === undefined ? publicTextOf(bytes, purpose ?? 'certificates') : undefined;
  return {
    kind,
    bytes: bytes.length,
    pemProblems: purpose === undefined ? [] : problems,
    certificates,
    ...((privateKey !== undefined || kind === 'private-key') && { privateKey: privateKey ?? { encrypted: false } }),
    ...(revocationLists.length > 0 && { revocationLists }),
    ...(publicText !== undefined && { publicText }),
  };
}

function kindOf(bytes: Buffer, purpose: PemPurpose | undefined, judgement: PemJudgement): SecretValue['kind'] {
  if (bytes.length === 0) return 'empty';
  if (judgement.privateKey && (purpose === 'private-key' || judgement.certificates.length === 0)) return 'private-key';
  if (purpose === 'crl' && judgement.revocationLists.length > 0) return 'crl';
  if (judgement.certificates.length > 0) return 'certificates';
  if (judgement.revocationLists.length > 0) return 'crl';
  if (purpose === undefined) return 'opaque';
  return purpose === 'trusted-ca' ? 'certificates' : purpose;
}
