import { acmeHttp01Blocked } from '../../../src/checks/credential/acme-http01-blocked.ts';
import { certificate, pendingChallenge, solverIngress } from '../../support/cert-manager.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gateway, mesh, virtualService } from '../../support/gateway.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const own = 'istio-ingress/shop';
const notReady = certificate(own, { ready: 'False', reason: 'DoesNotExist' });
const expected = { subject: 'Certificate istio-ingress/shop' };

const plain = (host: string, redirect: boolean): string =>
  gateway('shop/plain', { host, port: 80, protocol: 'HTTP', tls: redirect ? '{httpsRedirect: true}' : '' });

const ingressClass = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: public}
spec: {controller: istio.io/ingress-controller}`;

const nginxClass = ingressClass
  .replace('name: public', 'name: nginx')
  .replace('istio.io/ingress-controller', 'k8s.io/ingress-nginx');

const privateGateway = (): string =>
  mesh({ namespace: 'edge' })
    .replaceAll('istio: ingressgateway', 'istio: edgegateway')
    .split('\n---\n')
    .slice(2)
    .join('\n---\n');

const route = (parent: string, accepted: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {namespace: istio-ingress, name: cm-acme-http-solver-x, labels: {acme.cert-manager.io/http01-solver: 'true'}}
spec: {hostnames: [shop.example.com], parentRefs: [{name: ${parent}}]}
status: {parents: [{conditions: [{type: Accepted, status: '${accepted}', reason: NoMatchingListenerHostname, message: 'no hostname fits'}]}]}`;

const given = (...yaml: readonly string[]) => ({ yaml: [mesh(), gateway(), ...yaml] });

testCheck(acmeHttp01Blocked, {
  healthy: {
    'the challenge waits for its answer, and nothing is in its way': given(
      notReady,
      pendingChallenge(own),
      solverIngress('istio-ingress'),
    ),
    'a Gateway has the host on port 80 without a redirect': given(
      notReady,
      pendingChallenge(own),
      solverIngress('istio-ingress'),
      plain('shop.example.com', false),
      virtualService(),
    ),
    'a Gateway redirects everything, which does not reach the host of the Ingress': given(
      notReady,
      pendingChallenge(own),
      solverIngress('istio-ingress'),
      plain('*', true),
    ),
    'a Gateway redirects another host': given(
      notReady,
      pendingChallenge(own),
      solverIngress('istio-ingress'),
      plain('news.example.org', true),
    ),
    'the redirect has outlived the challenge': given(
      certificate(own, { ready: 'True' }),
      pendingChallenge(own, { state: 'valid' }),
      plain('shop.example.com', true),
    ),
    'the solver’s class is one that Istio takes': given(
      notReady,
      pendingChallenge(own, { solver: '{ingress: {ingressClassName: public}}' }),
      ingressClass,
    ),
    'the challenge is of DNS-01': given(
      notReady,
      pendingChallenge(own).replace('type: HTTP-01', 'type: DNS-01'),
      plain('shop.example.com', true),
    ),
    'a certificate is not ready without any challenge': given(notReady, plain('shop.example.com', true)),
  },
  broken: {
    'a Gateway redirects the host to https': {
      given: given(
        notReady,
        pendingChallenge(own, { reason: 'wrong status code 301' }),
        solverIngress('istio-ingress'),
        plain('shop.example.com', true),
      ),
      faults: [
        {
          ...expected,
          severity: 'error',
          says: ['httpsRedirect: true', 'wrong status code 301'],
          fix: '[{"op":"test","path":"/spec/servers/0/tls/httpsRedirect","value":true},{"op":"replace","path":"/spec/servers/0/tls/httpsRedirect","value":false}]',
        },
      ],
    },
    'a redirect of everything has the host by a VirtualService': {
      given: given(
        notReady,
        pendingChallenge(own),
        solverIngress('istio-ingress'),
        plain('*', true),
        virtualService('shop/plain', 'shop.example.com', 'plain'),
      ),
      faults: [{ ...expected, says: ['redirects every plain request'] }],
    },
    'the redirect stops a renewal, and the old certificate still lasts': {
      given: {
        ...given(
          certificate(own, { ready: 'False', reason: 'Expired' }),
          pendingChallenge(own),
          plain('shop.example.com', true),
        ),
        objects: [secretOf('istio-ingress/shop-tls', shop.tls)],
      },
      faults: [{ ...expected, severity: 'warning' }],
    },
    'only the solver’s Ingress was collected': {
      given: given(notReady, solverIngress('istio-ingress'), plain('shop.example.com', true)),
      faults: [expected],
    },
    'nobody takes the solver’s class': {
      given: given(notReady, pendingChallenge(own, { solver: '{ingress: {ingressClassName: istio}}' })),
      faults: [{ ...expected, says: ['class istio, which no controller takes'] }],
    },
    'the solver’s Ingress has no class at all': {
      given: given(notReady, pendingChallenge(own), solverIngress('istio-ingress', { annotations: '{}' })),
      faults: [{ ...expected, says: ['no class, which no controller takes'] }],
    },
    'another controller takes the solver’s Ingress': {
      given: given(
        notReady,
        pendingChallenge(own),
        nginxClass,
        solverIngress('istio-ingress', { annotations: '{}', className: 'nginx' }),
      ),
      faults: [{ ...expected, says: ['k8s.io/ingress-nginx'] }],
    },
    'another gateway answers Ingresses than the one with the host': {
      given: {
        yaml: [
          mesh(),
          privateGateway(),
          gateway().replace('istio: ingressgateway', 'istio: edgegateway'),
          certificate('edge/shop', { ready: 'False', reason: 'DoesNotExist' }),
          pendingChallenge('edge/shop'),
          solverIngress('edge'),
        ],
      },
      faults: [{ subject: 'Certificate edge/shop', says: ['Deployment edge/istio-ingressgateway'] }],
    },
    'the gateway’s Service has no port 80': {
      given: {
        yaml: [
          mesh().replace(/\n.*name: http2, port: 80.*/, ''),
          gateway(),
          notReady,
          pendingChallenge(own),
          solverIngress('istio-ingress'),
        ],
      },
      faults: [{ ...expected, says: ['no Service leads to port 80'] }],
    },
    'the solver’s route was not accepted': {
      given: given(notReady, pendingChallenge(own, { solver: '{gatewayHTTPRoute: {}}' }), route('public', 'False')),
      faults: [{ ...expected, says: ['NoMatchingListenerHostname'] }],
    },
    'its Certificate is of another namespace than the Gateway’s Secret': {
      given: {
        yaml: [
          mesh(),
          gateway(),
          certificate('shop/web', { ready: 'False', reason: 'DoesNotExist' }),
          pendingChallenge('shop/web'),
          plain('shop.example.com', true),
        ],
      },
      faults: [{ subject: 'Certificate shop/web', severity: 'warning', hosts: ['shop.example.com'] }],
    },
  },
  blind: {
    'the class of the solver cannot be looked up': {
      ...given(notReady, pendingChallenge(own, { solver: '{ingress: {ingressClassName: public}}' })),
      unread: [forbidden('IngressClass.networking.k8s.io', '*')],
    },
  },
});
