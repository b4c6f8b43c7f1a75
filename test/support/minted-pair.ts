import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { readCertificates } from '../../src/x509/judge-pem.ts';
import type { Certificate } from '../../src/model/certificate.ts';
import { days } from './evidence.ts';

export interface MintedPair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly leaf: Certificate;
  /** `tls.crt` and `tls.key`, as `secretOf` takes them. */
  readonly tls: { readonly 'tls.crt': string; readonly 'tls.key': string };
  /** The older form, `cert` and `key`. */
  readonly generic: { readonly cert: string; readonly key: string };
}

/** A self-signed pair for some hosts, valid from ten days ago for ninety days unless told otherwise, in days from now. */
export function mintPair(
  hosts: readonly string[],
  { from = -10, until = 80 }: { readonly from?: number; readonly until?: number } = {},
): MintedPair {
  const { certificatePem, privateKeyPem } = mintCertificate({
    subject: { CN: hosts[0] ?? 'none' },
    dnsNames: [...hosts],
    notBefore: days(from),
    notAfter: days(until),
    key: 'ec-p256',
  });
  const [leaf] = readCertificates(certificatePem);
  if (!leaf) throw new Error('the minted certificate cannot be read');
  return {
    certificatePem,
    privateKeyPem,
    leaf,
    tls: { 'tls.crt': certificatePem, 'tls.key': privateKeyPem },
    generic: { cert: certificatePem, key: privateKeyPem },
  };
}
