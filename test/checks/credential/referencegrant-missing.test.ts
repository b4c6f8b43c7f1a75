import { referencegrantMissing } from '../../../src/checks/credential/referencegrant-missing.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gatewayApi, resolvedRefs } from '../../support/gateway-api.ts';
import { gateway, gatewayPodName, mesh } from '../../support/gateway.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const objects = [secretOf('certs/shop-tls', shop.tls)];
const grantKind = 'ReferenceGrant.gateway.networking.k8s.io';
const istiod = 'istio-system/istiod-6c86784695-abcde/discovery';
const refs = '{name: shop-tls, namespace: certs}';
const refused = resolvedRefs(
  'web',
  'False',
  'RefNotPermitted',
  'certificateRef shop-tls/certs not accessible to a Gateway in namespace "edge" (missing a ReferenceGrant?)',
);

const grant = (
  parts: { from?: string; kind?: string; to?: string; namespace?: string; object?: string } = {},
): string => {
  const {
    from = 'edge',
    kind = 'Gateway',
    to = '{group: "", kind: Secret}',
    namespace = 'certs',
    object = 'ReferenceGrant',
  } = parts;
  return `
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ${object}
metadata: {namespace: ${namespace}, name: allow}
spec:
  from: [{group: gateway.networking.k8s.io, kind: ${kind}, namespace: ${from}}]
  to: [${to}]`;
};

const given = (...yaml: readonly string[]) => ({
  yaml: [mesh(), gatewayApi('edge/public', [{ refs }]), ...yaml],
  objects,
});
const expected = { subject: 'Gateway edge/public', path: 'spec.listeners[0].tls.certificateRefs[0]' };

testCheck(referencegrantMissing, {
  healthy: {
    'the whole namespace is granted': given(grant()),
    'the one Secret is granted': given(grant({ to: '{group: "", kind: Secret, name: shop-tls}' })),
    'it was granted when the kind was called ReferencePolicy': given(grant({ object: 'ReferencePolicy' })),
    'the Secret is beside the Gateway': {
      yaml: [mesh(), gatewayApi('edge/public', [{ refs: '{name: shop-tls}' }])],
      objects: [secretOf('edge/shop-tls', shop.tls)],
    },
    'the reference names its own namespace': {
      yaml: [mesh(), gatewayApi('certs/public', [{ refs }])],
      objects,
    },
    'an Istio Gateway names another namespace (secret-wrong-namespace)': {
      yaml: [mesh(), gateway('shop/storefront', { tls: '{mode: SIMPLE, credentialName: certs/shop-tls}' })],
      objects,
    },
    'istiod has resolved the reference': {
      yaml: [
        mesh(),
        gatewayApi('edge/public', [{ refs }], resolvedRefs('web', 'True', 'ResolvedRefs', 'No errors found')),
      ],
      objects,
    },
  },
  broken: {
    'nothing is granted': {
      given: { yaml: [mesh(), gatewayApi('edge/public', [{ refs }], refused)], objects },
      faults: [
        { ...expected, severity: 'error', says: ['RefNotPermitted', '0 ReferenceGrants'], fix: 'kubectl apply -f -' },
      ],
    },
    'Gateways of another namespace are granted': {
      given: given(grant({ from: 'other' })),
      faults: [expected],
    },
    'routes are granted, and no Gateways': {
      given: given(grant({ kind: 'HTTPRoute' })),
      faults: [expected],
    },
    'another Secret is granted': {
      given: given(grant({ to: '{group: "", kind: Secret, name: news-tls}' })),
      faults: [{ ...expected, says: ['1 ReferenceGrants, none for this'] }],
    },
    'the grant lies beside the Gateway': {
      given: given(grant({ namespace: 'edge' })),
      faults: [expected],
    },
    'two listeners refer there: one grant mends both': {
      given: {
        yaml: [
          mesh(),
          gatewayApi('edge/public', [
            { refs },
            { name: 'news', host: 'news.example.org', refs: '{name: news-tls, namespace: certs}' },
          ]),
        ],
        objects,
      },
      faults: [{ ...expected, says: ['certs/news-tls', 'has no news-tls'] }],
    },
    'grants cannot be read, and the status says so': {
      given: {
        yaml: [mesh(), gatewayApi('edge/public', [{ refs }], refused)],
        objects,
        unread: [forbidden(grantKind, 'certs')],
      },
      faults: [{ ...expected, says: ['missing a ReferenceGrant?'] }],
    },
    'grants cannot be read, and istiod 1.14 said so': {
      given: {
        yaml: [mesh({ release: '1.14.1' }), gatewayApi('edge/public', [{ refs }])],
        objects,
        unread: [forbidden(grantKind, 'certs')],
        logs: {
          [istiod]: `2022-06-01T11:00:00.000000Z\twarn\tads\tproxy ${gatewayPodName()}.edge attempted to access unauthorized certificates shop-tls: cross namespace secret reference requires ReferencePolicy`,
        },
      },
      faults: [{ ...expected, says: ['ReferencePolicy'] }],
    },
  },
  blind: {
    'grants cannot be read': {
      given: { ...given(), unread: [forbidden(grantKind, 'certs')] },
      about: 'whether namespace certs grants Gateway edge/public its reference to shop-tls',
    },
  },
});
