import { secretRbacDenied } from '../../../src/checks/credential/secret-rbac-denied.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gatewayApi } from '../../support/gateway-api.ts';
import { gateway, gatewayPodName, mesh } from '../../support/gateway.ts';
import { envoyHolding } from '../../support/held-secrets.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const objects = [secretOf('istio-ingress/shop-tls', shop.tls)];
const istiod = 'istio-system/istiod-6c86784695-abcde/discovery';
const agent = `istio-ingress/${gatewayPodName()}/ingress-sds`;
const account = 'system:serviceaccount:istio-ingress:istio-ingressgateway';
const readers = '[{kind: ServiceAccount, name: istio-ingressgateway}]';

const role = (verbs: string, more = ''): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {namespace: istio-ingress, name: reader}
rules: [{apiGroups: [''], resources: [secrets], verbs: ${verbs}${more}}]`;

const binding = (subjects = readers, kind = 'Role', name = 'reader', namespace = 'istio-ingress'): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: ${namespace}, name: bound}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${name}}
subjects: ${subjects}`;

const clusterWide = (subjects: string): string => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: secret-reader}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: bound}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: secret-reader}
subjects: ${subjects}`;

/** Some binding that has nothing to do with the gateway, so that bindings were seen at all. */
const unrelated = binding('[{kind: User, name: somebody}]', 'Role', 'other', 'shop');

const review = (allowed: boolean, reason?: string) => ({
  user: account,
  verb: 'list',
  group: '',
  resource: 'secrets',
  namespace: 'istio-ingress',
  allowed,
  ...(reason !== undefined && { reason }),
});

const denial = `2026-03-01T11:00:00.000000Z\twarn\tads\tproxy ${gatewayPodName()}.istio-ingress attempted to access unauthorized certificates shop-tls: istio-ingressgateway/istio-ingress is not authorized to read secrets: `;
const waiting = envoyHolding({ 'kubernetes://shop-tls': undefined });
const holding = envoyHolding({ 'kubernetes://shop-tls': shop.leaf });
const given = (...yaml: readonly string[]) => ({ yaml: [mesh(), gateway(), ...yaml], objects });
const denied = { subject: 'ServiceAccount istio-ingress/istio-ingressgateway' };

testCheck(secretRbacDenied, {
  healthy: {
    'the Role of the chart is bound to it': given(role('[get, watch, list]'), binding()),
    'the Role is bound by the group of the namespace': given(
      role('[list]'),
      binding('[{kind: Group, name: "system:serviceaccounts:istio-ingress"}]'),
    ),
    'a ClusterRole is bound to all service accounts': given(
      clusterWide('[{kind: Group, name: "system:serviceaccounts"}]'),
    ),
    'a ClusterRole that every cluster has is bound in the namespace': given(binding(readers, 'ClusterRole', 'edit')),
    'it is bound under its name as a user': given(role('["*"]'), binding(`[{kind: User, name: "${account}"}]`)),
    'the API server itself says that it may': { ...given(unrelated), accessReviews: [review(true)] },
    'Gateways of the Gateway API need no right': {
      yaml: [mesh(), gatewayApi('shop/public', [{ refs: '{name: shop-tls}' }]), unrelated],
      objects: [secretOf('shop/shop-tls', shop.tls)],
    },
    'no credential is asked for': {
      yaml: [mesh(), gateway('shop/storefront', { tls: '{mode: PASSTHROUGH}' }), unrelated],
    },
    'it was denied once, and Envoy has the Secret by now': {
      ...given(role('[list]'), binding()),
      logs: { [istiod]: denial },
      envoys: [holding],
    },
    'permissions are no part of the evidence, and Envoy has the Secret': { ...given(), envoys: [holding] },
  },
  broken: {
    'nothing is bound to it': {
      given: given(unrelated),
      faults: [{ ...denied, severity: 'error', says: ['none of 0 bindings'], fix: 'kubectl apply -f -' }],
    },
    'the binding refers to a Role that is not there': {
      given: {
        ...given(binding(readers, 'Role', 'istio-ingressgateway-sds')),
        logs: { [istiod]: denial },
        envoys: [waiting],
      },
      faults: [
        {
          ...denied,
          severity: 'error',
          says: ['Role istio-ingress/istio-ingressgateway-sds, which does not exist', 'is not authorized'],
        },
      ],
    },
    'the Role allows to get, not to list': {
      given: given(role('[get, watch]'), binding()),
      faults: [{ ...denied, says: ['does not allow to list secrets'] }],
    },
    'the Role allows some names only, which is no right to list': {
      given: given(role('[get, list]', ', resourceNames: [shop-tls]'), binding()),
      faults: [denied],
    },
    'the Role is bound in another namespace': {
      given: given(
        role('[list]'),
        binding(
          '[{kind: ServiceAccount, name: istio-ingressgateway, namespace: istio-ingress}]',
          'Role',
          'reader',
          'shop',
        ),
      ),
      faults: [denied],
    },
    'the right is given to another account': {
      given: given(role('[list]'), binding('[{kind: ServiceAccount, name: istio-ingressgateway-service-account}]')),
      faults: [{ ...denied, says: ['istio-ingressgateway-service-account instead'] }],
    },
    'the ClusterRole view may not read Secrets': {
      given: given(clusterWide('[{kind: User, name: x}]'), binding(readers, 'ClusterRole', 'view')),
      faults: [denied],
    },
    'the API server itself says that it may not': {
      given: { ...given(role('[list]'), binding()), accessReviews: [review(false, 'denied by a webhook')] },
      faults: [{ ...denied, says: ['denied by a webhook'] }],
    },
    'the right was taken away a moment ago, and Envoy still serves': {
      given: { ...given(unrelated), envoys: [holding] },
      faults: [{ ...denied, severity: 'warning', says: ['still holds'] }],
    },
    'only istiod says so': {
      given: { ...given(), logs: { [istiod]: denial } },
      faults: [{ ...denied, says: ['is not authorized to read secrets'] }],
    },
    'the right is there by now, and Envoy still waits': {
      given: { ...given(role('[list]'), binding()), logs: { [istiod]: denial }, envoys: [waiting] },
      faults: [{ ...denied, says: ['does not send again'], fix: 'annotate secret shop-tls' }],
    },
    'an agent of 1.4 may list, and not watch': {
      given: { yaml: [mesh({ release: '1.4.3' }), gateway(), role('[get, list]'), binding()], objects },
      faults: [{ ...denied, says: ['may not watch'] }],
    },
    'an agent of 1.4 is told so by the API server': {
      given: {
        yaml: [mesh({ release: '1.4.0' }), gateway()],
        objects,
        logs: {
          [agent]: `2019-11-25T11:00:00.000000Z\terror\tk8s.io/client-go/tools/cache/reflector.go:105: Failed to list *v1.Secret: secrets is forbidden: User "${account}" cannot list resource "secrets" in API group "" in the namespace "istio-ingress": RBAC: role.rbac.authorization.k8s.io "istio-ingressgateway-sds" not found`,
        },
      },
      faults: [{ ...denied, says: ['role.rbac.authorization.k8s.io "istio-ingressgateway-sds" not found'] }],
    },
    'there is nothing but a log': {
      given: {
        unread: ['Gateway.networking.istio.io', 'Gateway.gateway.networking.k8s.io', 'Ingress.networking.k8s.io'].map(
          (kind) => forbidden(kind, '*'),
        ),
        logs: { [istiod]: denial.replace('shop-tls:', 'shop-tls, news-tls, and 3 others:') },
      },
      faults: [denied],
    },
  },
  blind: {
    'bindings may not be read': {
      given: {
        ...given(unrelated),
        unread: [
          forbidden('RoleBinding.rbac.authorization.k8s.io', 'istio-ingress'),
          forbidden('ClusterRoleBinding.rbac.authorization.k8s.io', '*'),
        ],
      },
      about: 'whether ServiceAccount istio-ingress/istio-ingressgateway may list Secrets',
    },
    'the bound ClusterRole may not be read': {
      given: {
        ...given(binding(readers, 'ClusterRole', 'secret-reader')),
        unread: [forbidden('ClusterRole.rbac.authorization.k8s.io', '*')],
      },
      about: 'forbidden by RBAC',
    },
    'permissions are no part of the evidence': {
      given: given(),
      about: 'no permissions are part of the evidence',
    },
  },
});
