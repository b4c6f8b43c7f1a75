import { secretMissing } from '../../../src/checks/credential/secret-missing.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gateway, gatewayPodName, mesh } from '../../support/gateway.ts';
import { gatewayApi, resolvedRefs } from '../../support/gateway-api.ts';
import { envoyHolding } from '../../support/held-secrets.ts';
import { ingress } from '../../support/ingress.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const other = mintPair(['intranet.example.net']);
const istiod = 'istio-system/istiod-6c86784695-abcde/discovery';
const proxy = `istio-ingress/${gatewayPodName()}/istio-proxy`;
const agent = `istio-ingress/${gatewayPodName()}/ingress-sds`;
const notFound =
  '2026-03-01T11:00:00.000000Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://shop-tls: secret istio-ingress/shop-tls not found';
const unreadSecrets = [forbidden('Secret', '*')];
const two = '{mode: SIMPLE, credentialNames: [shop-tls, shop-ecdsa]}';

testCheck(secretMissing, {
  healthy: {
    'the Secret is beside the gateway’s pods': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
    },
    'the reference says kubernetes://': {
      yaml: [mesh(), gateway('shop/storefront', { tls: '{mode: SIMPLE, credentialName: kubernetes://shop-tls}' })],
      objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
    },
    'the server passes TLS through': { yaml: [mesh(), gateway('shop/storefront', { tls: '{mode: PASSTHROUGH}' })] },
    'the mesh’s own certificate is asked for': {
      yaml: [mesh(), gateway('shop/storefront', { tls: '{mode: ISTIO_MUTUAL, credentialName: shop-tls}' })],
    },
    'a Secret of that name and for these hosts lies in another namespace (secret-wrong-namespace)': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('shop/shop-tls', shop.tls)],
    },
    'only the CA of the clients is missing (mtls-ca-missing)': {
      yaml: [mesh(), gateway('shop/storefront', { tls: '{mode: MUTUAL, credentialName: shop-tls}' })],
      objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
    },
    'no pod takes the Gateway, so that nothing is asked for': {
      yaml: [mesh(), gateway().replace('istio: ingressgateway', 'istio: other')],
    },
    'a line of the past says so, and the Secret is there by now': {
      yaml: [mesh(), gateway()],
      objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
      logs: { [istiod]: notFound },
    },
    'the Secret cannot be read, and a later line says that it came': {
      yaml: [mesh(), gateway()],
      unread: unreadSecrets,
      logs: {
        [istiod]: `${notFound}\n2026-03-01T11:05:00.000000Z\tinfo\tads\tPush debounce stable[5] 1 for config Secret/istio-ingress/shop-tls: 100ms since last change, 1s since last push, full=false`,
      },
      envoys: [envoyHolding({ 'kubernetes://shop-tls': shop.leaf })],
    },
    'names under credentialNames, which this release does not read': {
      yaml: [mesh({ release: '1.26.3' }), gateway('shop/storefront', { tls: two })],
    },
    'an old release serves an Ingress from mounted files': {
      yaml: [mesh({ release: '1.4.3' }), ingress('shop/web')],
    },
  },
  broken: {
    'no Secret of that name exists': {
      given: {
        yaml: [mesh(), gateway()],
        objects: [secretOf('istio-ingress/unrelated', shop.tls)],
        logs: { [istiod]: notFound },
      },
      faults: [
        {
          subject: 'Gateway shop/storefront',
          path: 'spec.servers[0].tls.credentialName',
          severity: 'error',
          says: ['istio-ingress', 'failed to fetch key and certificate'],
          fix: 'kubectl -n istio-ingress create secret tls shop-tls',
        },
      ],
    },
    'several servers of two Gateways name it: one Secret is to be made': {
      given: {
        yaml: [
          mesh(),
          gateway(),
          gateway('news/front', { host: 'news.example.org' }).replace(
            "hosts: ['news.example.org']",
            "hosts: ['news.example.org', 'archive.example.org']",
          ),
        ],
      },
      faults: [{ subject: 'Gateway shop/storefront', says: ['shop-tls'] }],
    },
    'an Ingress that Istio serves names it': {
      given: {
        yaml: [mesh(), ingress('shop/web')],
      },
      faults: [{ subject: 'Ingress shop/web', path: 'spec.tls[0].secretName' }],
    },
    'one of that name elsewhere is for other hosts': {
      given: { yaml: [mesh(), gateway()], objects: [secretOf('shop/shop-tls', other.tls)] },
      faults: [{ subject: 'Gateway shop/storefront', says: ['shop/shop-tls', 'for other hosts'] }],
    },
    'it is of a type that istiod does not watch': {
      given: {
        yaml: [mesh(), gateway()],
        objects: [secretOf('istio-ingress/shop-tls', shop.tls, 'kubernetes.io/service-account-token')],
      },
      faults: [{ subject: 'Gateway shop/storefront', says: ['kubernetes.io/service-account-token'] }],
    },
    'one with nearly that name has the certificate of this host': {
      given: { yaml: [mesh(), gateway()], objects: [secretOf('istio-ingress/shop-tls-cert', shop.tls)] },
      faults: [{ subject: 'Gateway shop/storefront', fix: /"value":"shop-tls-cert"/ }],
    },
    'one with nearly that name has the certificate of another host: it is not offered': {
      given: { yaml: [mesh(), gateway()], objects: [secretOf('istio-ingress/shop-tls-cert', other.tls)] },
      faults: [
        { subject: 'Gateway shop/storefront', says: ['there is shop-tls-cert'], fix: 'create secret tls shop-tls' },
      ],
    },
    'Envoy still serves what it received before the Secret was deleted': {
      given: { yaml: [mesh(), gateway()], envoys: [envoyHolding({ 'kubernetes://shop-tls': shop.leaf })] },
      faults: [{ subject: 'Gateway shop/storefront', says: ['next restart'], severity: 'warning' }],
    },
    'clients are still served, and no dump was taken': {
      given: {
        yaml: [mesh(), gateway()],
        probes: [{ host: 'shop.example.com', outcome: 'ok', protocol: 'TLSv1.3', chain: [shop.certificatePem] }],
      },
      faults: [{ subject: 'Gateway shop/storefront', severity: 'warning' }],
    },
    'one pod was restarted since the Secret was deleted': {
      given: {
        yaml: [mesh({ replicas: 2 }), gateway()],
        envoys: [
          envoyHolding({ 'kubernetes://shop-tls': shop.leaf }),
          envoyHolding({ 'kubernetes://shop-tls': undefined }, { pod: gatewayPodName(1) }),
        ],
      },
      faults: [{ subject: 'Gateway shop/storefront', severity: 'error', says: ['WARMING'] }],
    },
    'one of two names is missing: the other is served': {
      given: {
        yaml: [mesh(), gateway('shop/storefront', { tls: two })],
        objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
      },
      faults: [
        {
          subject: 'Gateway shop/storefront',
          path: 'spec.servers[0].tls.credentialNames[1]',
          severity: 'warning',
          says: ['goes on with shop-tls'],
        },
      ],
    },
    'the second certificateRef of a listener is missing': {
      given: {
        yaml: [mesh(), gatewayApi('shop/public', [{ refs: '{name: shop-tls}, {name: nowhere}' }])],
        objects: [secretOf('shop/shop-tls', shop.tls)],
      },
      faults: [
        { subject: 'Gateway shop/public', path: 'spec.listeners[0].tls.certificateRefs[1]', severity: 'warning' },
      ],
    },
    'the first of two certificateRefs is missing: the mesh certificate is shown': {
      given: {
        yaml: [mesh(), gatewayApi('shop/public', [{ refs: '{name: nowhere}, {name: shop-tls}' }])],
        objects: [secretOf('shop/shop-tls', shop.tls)],
      },
      faults: [{ subject: 'Gateway shop/public', severity: 'error', says: ['for the mesh'] }],
    },
    'a listener’s condition says so, and Secrets cannot be read': {
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
              'invalid certificate reference /Secret/shop-tls., secret shop/shop-tls not found',
            ),
          ),
        ],
        unread: unreadSecrets,
      },
      faults: [{ subject: 'Gateway shop/public', says: ['InvalidCertificateRef'] }],
    },
    'only the log of istiod says so': {
      given: { yaml: [mesh(), gateway()], unread: unreadSecrets, logs: { [istiod]: notFound } },
      faults: [{ subject: 'Gateway shop/storefront', says: ['not found'] }],
    },
    'istiod 1.9 says that it has nothing, and not why': {
      given: {
        yaml: [mesh({ release: '1.9.4' }), gateway()],
        unread: unreadSecrets,
        logs: {
          [istiod]:
            '2021-05-01T11:00:00.000000Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://shop-tls',
        },
      },
      faults: [{ subject: 'Gateway shop/storefront', says: ['failed to fetch'] }],
    },
    'an agent of 1.4 waits for it': {
      given: {
        yaml: [mesh({ release: '1.4.3' }), gateway()],
        unread: unreadSecrets,
        logs: {
          [agent]:
            '2020-02-01T11:00:00.000000Z\twarn\tsecretFetcherLog\tSecretFetcher cannot find secret shop-tls from cache\n2020-02-01T11:00:00.000100Z\twarn\tsdsServiceLog\tCONNECTION ID: router~10.0.1.10~x, RESOURCE NAME: shop-tls, EVENT: waiting for ingress gateway secret for proxy "router~10.0.1.10~x"',
        },
      },
      faults: [{ subject: 'Gateway shop/storefront', says: ['The agent in the gateway’s pod', 'cannot find secret'] }],
    },
    'up to 1.3 the whole port is closed': {
      given: {
        yaml: [
          mesh({ release: '1.3.0' }),
          gateway(),
          gateway('news/front', { host: 'news.example.org', tls: '{mode: SIMPLE, credentialName: news-tls}' }),
        ],
        objects: [secretOf('istio-ingress/news-tls', mintPair(['news.example.org']).tls)],
      },
      faults: [{ subject: 'Gateway shop/storefront', says: ['every host of the port are refused'] }],
    },
    'gateway-fallback stands in for it with a certificate for other hosts': {
      given: {
        yaml: [mesh({ release: '1.5.2' }), gateway()],
        objects: [secretOf('istio-ingress/gateway-fallback', other.tls)],
      },
      faults: [{ subject: 'Gateway shop/storefront', severity: 'error', says: ['gateway-fallback in its place'] }],
    },
    'gateway-fallback stands in for it with the right certificate': {
      given: {
        yaml: [mesh({ release: '1.6.0' }), gateway()],
        objects: [secretOf('istio-ingress/gateway-fallback', shop.tls)],
      },
      faults: [{ subject: 'Gateway shop/storefront', severity: 'warning' }],
    },
    'an agent of old never handed over what came after Envoy had asked': {
      given: {
        yaml: [mesh({ release: '1.1.7' }), gateway()],
        objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
        logs: {
          [agent]:
            '2019-06-01T11:00:00.000000Z\twarn\tCannot find secret shop-tls, searching for fallback secret gateway-fallback',
        },
        probes: [{ host: 'shop.example.com', outcome: 'refused' }],
      },
      faults: [
        {
          subject: 'Gateway shop/storefront',
          says: ['came after Envoy had asked'],
          fix: 'rollout restart deployment/istio-ingressgateway',
        },
      ],
    },
    'no pod was seen, and no Secret of that name is anywhere': {
      given: { yaml: gateway(), objects: [], unread: [forbidden('Pod', '*')] },
      faults: [{ subject: 'Gateway shop/storefront', says: ['any namespace'] }],
    },
    'a server that lost its host to another one names it': {
      given: {
        yaml: [
          mesh(),
          gateway().replace('2026-01-01', '2026-02-01'),
          gateway('first/front', { tls: '{mode: SIMPLE, credentialName: first-tls}' }),
        ],
        objects: [secretOf('istio-ingress/first-tls', shop.tls)],
      },
      faults: [{ subject: 'Gateway shop/storefront', severity: 'warning' }],
    },
    'there is nothing but a log': {
      given: {
        unread: ['Gateway.networking.istio.io', 'Gateway.gateway.networking.k8s.io', 'Ingress.networking.k8s.io'].map(
          (kind) => forbidden(kind, '*'),
        ),
        logs: { [istiod]: notFound, [proxy]: '' },
      },
      faults: [{ subject: 'Namespace istio-ingress', says: ['istio-ingress/shop-tls'] }],
    },
  },
  blind: {
    'Secrets of that namespace may not be read': {
      given: { yaml: [mesh(), gateway()], unread: [forbidden('Secret', 'istio-ingress')] },
      about: 'whether Secret istio-ingress/shop-tls exists: forbidden by RBAC',
    },
    'the agent’s line of asking is no complaint': {
      given: {
        yaml: [mesh({ release: '1.6.0' }), gateway()],
        unread: unreadSecrets,
        logs: { [proxy]: '2020-06-15T08:00:00.000000Z\tinfo\tsds\tresource:shop-tls new connection' },
      },
      about: 'whether Secret istio-ingress/shop-tls exists',
    },
  },
});
