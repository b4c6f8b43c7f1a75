import { secretNameReserved } from '../../../src/checks/credential/secret-name-reserved.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gateway, gatewayPodName, mesh } from '../../support/gateway.ts';
import { envoyHolding } from '../../support/held-secrets.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const agent = `istio-ingress/${gatewayPodName()}/ingress-sds`;
const named = (name: string): string => gateway('shop/storefront', { tls: `{mode: SIMPLE, credentialName: ${name}}` });
const given = (release: string, name: string) => ({
  yaml: [mesh({ release }), named(name)],
  objects: [secretOf(`istio-ingress/${name}`, shop.tls)],
});

testCheck(secretNameReserved, {
  healthy: {
    'istiod has no such rule': given('1.29.5', 'istio-shop-tls'),
    'the rule went with 1.8': given('1.8.0', 'istio-shop-tls'),
    'the rule had not come by 1.1.2': given('1.1.2', 'istio-shop-tls'),
    'the word stands inside the name': given('1.5.4', 'shop-istio-prometheus'),
    'the release is not known': { ...given('latest', 'istio-shop-tls') },
    'the name is that of mounted files': {
      yaml: [
        mesh({ release: '1.4.3' }),
        gateway('shop/storefront', {
          tls: '{mode: SIMPLE, serverCertificate: /etc/istio/ingressgateway-certs/tls.crt, privateKey: /etc/istio/ingressgateway-certs/tls.key}',
        }),
      ],
      objects: [secretOf('istio-ingress/istio-ingressgateway-certs', shop.tls)],
    },
    'no such Secret is there (secret-missing)': { yaml: [mesh({ release: '1.4.3' }), named('istio-shop-tls')] },
  },
  broken: {
    'the agent of 1.4 passes it over': {
      given: {
        ...given('1.4.3', 'istio-shop-tls'),
        logs: {
          [agent]:
            '2020-02-01T11:00:00.000000Z\twarn\tsecretFetcherLog\tSecretFetcher cannot find secret istio-shop-tls from cache',
        },
      },
      faults: [
        {
          subject: 'Secret istio-ingress/istio-shop-tls',
          path: 'metadata.name',
          severity: 'error',
          says: ['begins with istio or prometheus', 'cannot find secret'],
          fix: 'kubectl -n istio-ingress get secret istio-shop-tls',
        },
      ],
    },
    'prometheus is a reserved word, too': {
      given: given('1.1.3', 'prometheus-tls'),
      faults: [{ subject: 'Secret istio-ingress/prometheus-tls', severity: 'error' }],
    },
    'it was given out by the first request': {
      given: { ...given('1.6.8', 'istio-shop-tls'), envoys: [envoyHolding({ 'istio-shop-tls': shop.leaf })] },
      faults: [
        { subject: 'Secret istio-ingress/istio-shop-tls', severity: 'warning', says: ['given out all the same'] },
      ],
    },
    'its keys are wrong besides: those come first': {
      given: {
        yaml: [mesh({ release: '1.4.3' }), named('istio-shop-tls')],
        objects: [secretOf('istio-ingress/istio-shop-tls', { 'server.crt': shop.certificatePem })],
      },
      faults: [{ subject: 'Secret istio-ingress/istio-shop-tls', severity: 'warning' }],
    },
  },
  blind: {
    'the release, and with it the rule, cannot be known': {
      yaml: [mesh({ release: 'latest' }), named('istio-shop-tls')],
      unread: [forbidden('Secret', '*')],
    },
  },
});
