import { secretWrongKeys } from '../../../src/checks/credential/secret-wrong-keys.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gatewayApi, resolvedRefs } from '../../support/gateway-api.ts';
import { gateway, gatewayPodName, mesh } from '../../support/gateway.ts';
import { envoyHolding } from '../../support/held-secrets.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const ca = mintPair(['ca.example.com']);
const istiod = 'istio-system/istiod-6c86784695-abcde/discovery';
const agent = `istio-ingress/${gatewayPodName()}/ingress-sds`;
const mutual = gateway('shop/storefront', { tls: '{mode: MUTUAL, credentialName: shop-tls}' });
const holding = (values: Readonly<Record<string, string>>, release = '1.29.5') => ({
  yaml: [mesh({ release }), gateway()],
  objects: [secretOf('istio-ingress/shop-tls', values)],
});
const { certificatePem: cert, privateKeyPem: key } = shop;
const wrongKeys =
  "2026-03-01T11:00:00.000000Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://shop-tls: found secret, but didn't have expected keys (cert and key) or (tls.crt and tls.key); found: server.crt, server.key";

testCheck(secretWrongKeys, {
  healthy: {
    'it holds tls.crt and tls.key': holding(shop.tls),
    'it holds cert and key': holding(shop.generic),
    'it holds both forms, one of them empty': holding({ ...shop.tls, cert: '', key: '' }),
    'it holds a CA beside the pair': holding({ ...shop.tls, 'ca.crt': ca.certificatePem, note: 'x' }),
    'a client’s CA lies in a Secret of its own': {
      yaml: [mesh(), mutual],
      objects: [
        secretOf('istio-ingress/shop-tls', shop.generic),
        secretOf('istio-ingress/shop-tls-cacert', { cacert: ca.certificatePem }),
      ],
    },
    'only the CA has the wrong key (mtls-cacert-wrong-key)': {
      yaml: [mesh(), mutual],
      objects: [
        secretOf('istio-ingress/shop-tls', shop.tls),
        secretOf('istio-ingress/shop-tls-cacert', { 'root.pem': ca.certificatePem }),
      ],
    },
    'an empty CA lies beside a good pair, as cert-manager leaves it': holding({ ...shop.tls, 'ca.crt': '' }),
    'the log complains of what was mended since': {
      ...holding(shop.tls),
      logs: { [istiod]: wrongKeys },
    },
    'a Secret with odd keys is named by nobody': {
      ...holding(shop.tls),
      objects: [secretOf('istio-ingress/shop-tls', shop.tls), secretOf('istio-ingress/other', { 'server.crt': cert })],
    },
  },
  broken: {
    'the pair lies under other names': {
      given: { ...holding({ 'server.crt': cert, 'server.key': key }), logs: { [istiod]: wrongKeys } },
      faults: [
        {
          subject: 'Secret istio-ingress/shop-tls',
          path: 'data',
          severity: 'error',
          says: ['server.crt, server.key', 'expected keys'],
          fix: '[{"op":"copy","from":"/data/server.crt","path":"/data/tls.crt"},{"op":"copy","from":"/data/server.key","path":"/data/tls.key"}]',
        },
      ],
    },
    'of several chains, that of the key is meant': {
      given: holding({ 'a-root.pem': ca.certificatePem, 'web.pem': cert, 'web-key.pem': key }),
      faults: [{ subject: 'Secret istio-ingress/shop-tls', fix: '"from":"/data/web.pem"' }],
    },
    'it mixes the two forms': {
      given: holding({ cert, 'tls.key': key }),
      faults: [
        {
          subject: 'Secret istio-ingress/shop-tls',
          says: ['mixes two forms, cert and tls.key'],
          fix: /"from":"\/data\/cert","path":"\/data\/tls.crt"\}\]$/,
        },
      ],
    },
    'the key is empty': {
      given: holding({ 'tls.crt': cert, 'tls.key': '' }),
      faults: [
        {
          subject: 'Secret istio-ingress/shop-tls',
          says: [': tls.key is empty'],
          fix: '--from-file=tls.key=<KEY.pem>',
        },
      ],
    },
    'both are empty': {
      given: holding({ 'tls.crt': '', 'tls.key': '' }),
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['tls.crt and tls.key are empty'] }],
    },
    'it has no keys at all': {
      given: holding({}),
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['no keys at all'] }],
    },
    'a value is not base64': {
      given: {
        yaml: [
          mesh(),
          gateway(),
          `
apiVersion: v1
kind: Secret
metadata: {namespace: istio-ingress, name: shop-tls}
data: {tls.crt: '-----BEGIN CERTIFICATE-----', tls.key: eA==}`,
        ],
      },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['data[tls.crt] is not base64'] }],
    },
    'Envoy still has the pair of before': {
      given: { ...holding({ 'server.crt': cert }), envoys: [envoyHolding({ 'kubernetes://shop-tls': shop.leaf })] },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', severity: 'warning', says: ['next restart'] }],
    },
    'only istiod could read it': {
      given: { yaml: [mesh(), gateway()], unread: [forbidden('Secret', '*')], logs: { [istiod]: wrongKeys } },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['it has server.crt, server.key'] }],
    },
    'the status of a listener says so': {
      given: {
        yaml: [
          mesh(),
          gatewayApi(
            'shop/public',
            [{ refs: '{name: shop-tls}' }],
            resolvedRefs(
              'web',
              'False',
              'InvalidCertificateRef',
              "invalid certificate reference /Secret/shop-tls., found secret, but didn''t have expected keys (cert and key) or (tls.crt and tls.key); found: a, b",
            ),
          ),
        ],
        unread: [forbidden('Secret', '*')],
      },
      faults: [{ subject: 'Secret shop/shop-tls', says: ['InvalidCertificateRef'] }],
    },
    'an agent of 1.4 found half a pair': {
      given: {
        yaml: [mesh({ release: '1.4.3' }), gateway()],
        unread: [forbidden('Secret', '*')],
        logs: {
          [agent]:
            '2020-02-01T11:00:00.000000Z\twarn\tsecretFetcherLog\tfailed load server cert/key pair from secret shop-tls: server cert or private key is empty',
        },
      },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['server cert or private key is empty'] }],
    },
    'an agent of 1.3 passes over a good pair with an empty CA beside it': {
      given: {
        ...holding({ ...shop.tls, 'ca.crt': '' }, '1.3.0'),
        logs: {
          [agent]:
            '2019-10-01T11:00:00.000000Z\twarn\tsecretFetcherLog\tfailed load server cert/key pair from secret shop-tls: server cert or private key is empty',
        },
      },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['ca.crt is there and empty'] }],
    },
  },
  blind: {
    'nobody could read it': {
      given: { yaml: [mesh(), gateway()], unread: [forbidden('Secret', '*')] },
      about: 'whether Secret istio-ingress/shop-tls has the keys',
    },
  },
});
