import type { MeshIdentity } from './control-plane/secret-delivery.ts';
import { mintCertificate } from '../pki/mint-certificate.ts';

const trustDomain = 'cluster.local';

/** Mints the mesh's CA; the function given back issues the workload certificates, as istiod does for its proxies. */
export function meshAuthority(now: Date): (namespace: string, serviceAccount: string) => MeshIdentity {
  const day = 24 * 3600_000;
  const root = mintCertificate({
    subject: `O=${trustDomain}`,
    ca: true,
    notBefore: new Date(now.getTime() - 30 * day),
  });
  return (namespace, serviceAccount) => {
    const workload = mintCertificate(
      {
        uris: [`spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`],
        extendedKeyUsage: ['serverAuth', 'clientAuth'],
        notBefore: new Date(now.getTime() - 60_000),
        notAfter: new Date(now.getTime() + day),
      },
      root,
    );
    return {
      keyPair: {
        kind: 'key-pair',
        chain: workload.certificatePem + root.certificatePem,
        key: workload.privateKeyPem,
      },
      root: { kind: 'ca', ca: root.certificatePem },
    };
  };
}
