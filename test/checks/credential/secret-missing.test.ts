import { secretMissing } from '../../../src/checks/credential/secret-missing.ts';
import { mintCertificate } from '../../../src/pki/mint-certificate.ts';
import { readCertificates } from '../../../src/x509/judge-pem.ts';
import { testCheck } from '../../support/check-tester.ts';
import { days, forbidden, secretOf } from '../../support/evidence.ts';
import { gateway, gatewayPodName, mesh } from '../../support/gateway.ts';

const shop = mintCertificate({
  subject: { CN: 'shop' },
  dnsNames: ['shop.example.com'],
  notBefore: days(-10),
  notAfter: days(80),
  key: 'ec-p256',
});
const pair = { 'tls.crt': shop.certificatePem, 'tls.key': shop.privateKeyPem };

testCheck(secretMissing, {
  healthy: {
    'the Secret is beside the gateway’s pods': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('istio-ingress/shop-tls', pair)],
    },
    'the server passes TLS through': { yaml: [mesh(), gateway('shop/storefront', { tls: '{mode: PASSTHROUGH}' })] },
    'a Secret of that name lies in another namespace (secret-wrong-namespace)': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('shop/shop-tls', pair)],
    },
    'no pod takes the Gateway, so that nothing is asked for': {
      yaml: [mesh(), gateway().replace('istio: ingressgateway', 'istio: other')],
    },
  },
  broken: {
    'no Secret of that name exists': {
      given: {
        yaml: [mesh(), gateway()],
        objects: [secretOf('istio-ingress/unrelated', pair)],
        logs: {
          'istio-system/istiod-6c86784695-abcde/discovery':
            '2026-03-01T11:00:00.000000Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://shop-tls: secret istio-ingress/shop-tls not found',
        },
      },
      faults: [
        {
          subject: 'Gateway shop/storefront',
          path: 'spec.servers[0].tls.credentialName',
          says: ['istio-ingress/shop-tls', 'failed to fetch key and certificate'],
          fix: 'kubectl -n istio-ingress create secret tls shop-tls',
        },
      ],
    },
    'one with nearly that name has the certificate of this host': {
      given: { yaml: [mesh(), gateway()], objects: [secretOf('istio-ingress/shop-tls-cert', pair)] },
      faults: [{ subject: 'Gateway shop/storefront', fix: /"value":"shop-tls-cert"/ }],
    },
    'Envoy still serves what it received before the Secret was deleted': {
      given: {
        yaml: [mesh(), gateway()],
        envoys: [
          {
            namespace: 'istio-ingress',
            pod: gatewayPodName(),
            secrets: [
              {
                name: 'kubernetes://shop-tls',
                state: 'active',
                content: 'key-pair',
                certificates: readCertificates(shop.certificatePem),
                pemProblems: [],
                hasCrl: false,
              },
            ],
          },
        ],
      },
      faults: [{ subject: 'Gateway shop/storefront', says: ['next restart'], severity: 'warning' }],
    },
  },
  blind: {
    'Secrets of that namespace may not be read': {
      given: { yaml: [mesh(), gateway()], unread: [forbidden('Secret', 'istio-ingress')] },
      about: 'whether Secret istio-ingress/shop-tls exists: forbidden by RBAC',
    },
  },
});
