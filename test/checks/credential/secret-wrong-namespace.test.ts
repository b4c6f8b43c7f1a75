import { secretWrongNamespace } from '../../../src/checks/credential/secret-wrong-namespace.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gatewayApi } from '../../support/gateway-api.ts';
import { gateway, gatewayPodName, mesh, virtualService } from '../../support/gateway.ts';
import { envoyHolding } from '../../support/held-secrets.ts';
import { ingress } from '../../support/ingress.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const wildcard = mintPair(['*.example.com']);
const other = mintPair(['intranet.example.net']);
const istiod = 'istio-system/istiod-6c86784695-abcde/discovery';
const named = (name: string): string =>
  gateway('shop/storefront', { tls: `{mode: SIMPLE, credentialName: '${name}'}` });

testCheck(secretWrongNamespace, {
  healthy: {
    'the Secret is beside the pods, and the Gateway elsewhere': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
    },
    'copies of it are in other namespaces too': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('istio-ingress/shop-tls', shop.tls), secretOf('shop/shop-tls', shop.tls)],
    },
    'the one of that name elsewhere is for other hosts (secret-missing)': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('shop/shop-tls', other.tls)],
    },
    'the namespace that is named is that of the pods': {
      yaml: [mesh(), named('istio-ingress/shop-tls')],
      objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
    },
    'a Gateway of the Gateway API has its Secret beside itself': {
      yaml: [mesh(), gatewayApi('shop/public', [{ refs: '{name: shop-tls}' }])],
      objects: [secretOf('shop/shop-tls', shop.tls)],
    },
    'a reference of the Gateway API is not granted (referencegrant-missing)': {
      yaml: [mesh(), gatewayApi('shop/public', [{ refs: '{name: shop-tls, namespace: certs}' }])],
      objects: [secretOf('certs/shop-tls', shop.tls)],
    },
    'an unread one of that name lies where nobody would put it by mistake': {
      yaml: [mesh(), gateway()],
      secretNames: [{ namespace: 'unrelated', name: 'shop-tls' }],
    },
  },
  broken: {
    'it lies beside the Gateway': {
      given: {
        yaml: [mesh(), gateway()],
        objects: [secretOf('shop/shop-tls', shop.tls)],
        logs: {
          [istiod]:
            '2026-03-01T11:00:00.000000Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://shop-tls: secret istio-ingress/shop-tls not found',
        },
      },
      faults: [
        {
          subject: 'Secret shop/shop-tls',
          severity: 'error',
          says: ['istio-ingress', 'not found'],
          fix: 'kubectl -n shop get secret shop-tls -o json',
        },
      ],
    },
    'it lies beside an Ingress': {
      given: { yaml: [mesh(), ingress('shop/web')], objects: [secretOf('shop/shop-tls', shop.tls)] },
      faults: [{ subject: 'Secret shop/shop-tls', says: ['not beside the Ingress'] }],
    },
    'it lies beside the pods, and the Gateway API looks beside the Gateway': {
      given: {
        yaml: [mesh(), gatewayApi('shop/public', [{ refs: '{name: shop-tls}' }])],
        objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
      },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['beside the Gateway'] }],
    },
    'of several, the one for these hosts is meant, and of those the one near the routes': {
      given: {
        yaml: [mesh(), gateway('edge/front'), virtualService('shop/web', 'shop.example.com', 'edge/front')],
        objects: [
          secretOf('aaa/shop-tls', other.tls),
          secretOf('bbb/shop-tls', wildcard.tls),
          secretOf('shop/shop-tls', shop.tls),
        ],
      },
      faults: [{ subject: 'Secret shop/shop-tls', says: ['bbb/shop-tls'] }],
    },
    'its hosts lie below the wildcard of the server': {
      given: {
        yaml: [mesh(), gateway('shop/storefront', { host: '*.example.com' })],
        objects: [secretOf('shop/shop-tls', shop.tls)],
      },
      faults: [{ subject: 'Secret shop/shop-tls' }],
    },
    'only its name is known, beside the Gateway': {
      given: { yaml: [mesh(), gateway()], secretNames: [{ namespace: 'shop', name: 'shop-tls' }] },
      faults: [{ subject: 'Secret shop/shop-tls', says: ['could not be read'] }],
    },
    'an agent of 1.4 looked beside the pods': {
      given: {
        yaml: [mesh({ namespace: 'istio-system', release: '1.4.3' }), gateway()],
        objects: [secretOf('shop/shop-tls', shop.generic)],
      },
      faults: [{ subject: 'Secret shop/shop-tls', says: ['The agent in the gateway’s pod'] }],
    },
    'up to 1.3 the port is closed for all': {
      given: {
        yaml: [mesh({ namespace: 'istio-system', release: '1.3.4' }), gateway()],
        objects: [secretOf('shop/shop-tls', shop.generic)],
        probes: [{ host: 'shop.example.com', outcome: 'refused' }],
      },
      faults: [{ subject: 'Secret shop/shop-tls', severity: 'error', says: ['refused'] }],
    },
    'Envoy still has what lay there before it was moved': {
      given: {
        yaml: [mesh(), gateway()],
        objects: [secretOf('shop/shop-tls', shop.tls)],
        envoys: [envoyHolding({ 'kubernetes://shop-tls': shop.leaf })],
      },
      faults: [{ subject: 'Secret shop/shop-tls', severity: 'warning' }],
    },
    'the name says where it lies': {
      given: { yaml: [mesh(), named('dev/shop-tls')], objects: [secretOf('dev/shop-tls', shop.tls)] },
      faults: [
        { subject: 'Secret dev/shop-tls', says: ['dev/shop-tls', 'istio-ingress'], fix: 'kubectl -n dev get secret' },
      ],
    },
    'the name says another namespace, and one lies beside the pods': {
      given: { yaml: [mesh(), named('dev/shop-tls')], objects: [secretOf('istio-ingress/shop-tls', shop.tls)] },
      faults: [
        { subject: 'Gateway shop/storefront', path: 'spec.servers[0].tls.credentialName', fix: /"value":"shop-tls"/ },
      ],
    },
    'kubernetes-gateway:// leads elsewhere without a grant': {
      given: {
        yaml: [
          mesh(),
          gateway('istio-ingress/edge', {
            tls: '{mode: SIMPLE, credentialName: "kubernetes-gateway://shop/shop-tls"}',
          }),
        ],
        objects: [secretOf('shop/shop-tls', shop.tls)],
      },
      faults: [{ subject: 'Secret shop/shop-tls', fix: 'kubectl apply -f -' }],
    },
    'kubernetes-gateway:// is written in a Gateway that is not beside the pods': {
      given: {
        yaml: [mesh(), named('kubernetes-gateway://istio-ingress/shop-tls')],
        objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
      },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', fix: /"value":"shop-tls"/ }],
    },
    'there is nothing but a log': {
      given: {
        unread: ['Gateway.networking.istio.io', 'Gateway.gateway.networking.k8s.io', 'Ingress.networking.k8s.io'].map(
          (kind) => forbidden(kind, '*'),
        ),
        logs: {
          [istiod]: `2026-03-01T11:00:00.000000Z\twarn\tads\tproxy ${gatewayPodName()}.edge attempted to access unauthorized certificates shop-tls: cross namespace secret reference requires ReferenceGrant`,
        },
      },
      faults: [{ subject: 'Pod edge/istio-ingressgateway-7d9c-0', says: ['shop-tls'] }],
    },
  },
  blind: {
    'the Secret’s own place may not be read': {
      given: {
        yaml: [mesh(), gateway()],
        objects: [secretOf('shop/shop-tls', shop.tls)],
        unread: [forbidden('Secret', 'istio-ingress')],
      },
      about: 'whether Secret shop-tls lies in namespace istio-ingress',
    },
  },
});
