import { mintCertificate } from '../../../src/pki/mint-certificate.ts';
import type { Minted } from '../../../src/pki/certificate-description.ts';

/** The authority of the test cluster, for servers and clients alike. */
export const authority: Minted = mintCertificate({ subject: 'CN=test-cluster-ca', ca: true });

export const serverCertificate: Minted = mintCertificate(
  {
    subject: 'CN=kube-apiserver',
    dnsNames: ['api.cluster.example', 'localhost'],
    ipAddresses: ['127.0.0.1'],
    extendedKeyUsage: ['serverAuth'],
  },
  authority,
);

/** Valid for no address that tests dial: reached only with `tls-server-name`. */
export const otherNameCertificate: Minted = mintCertificate(
  { subject: 'CN=kube-apiserver', dnsNames: ['inner.cluster.example'], extendedKeyUsage: ['serverAuth'] },
  authority,
);

export function clientCertificate(name: string, notAfter?: Date): Minted {
  return mintCertificate(
    {
      subject: `CN=${name},O=testers`,
      extendedKeyUsage: ['clientAuth'],
      ...(notAfter && { notAfter, notBefore: new Date(notAfter.getTime() - 86_400_000) }),
    },
    authority,
  );
}
