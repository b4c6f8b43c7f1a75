import { certManagerNotReady } from '../../../src/checks/credential/cert-manager-not-ready.ts';
import { certificate, pendingChallenge } from '../../support/cert-manager.ts';
import { testCheck } from '../../support/check-tester.ts';
import { mintCertificate } from '../../../src/pki/mint-certificate.ts';
import { days, forbidden, secretOf } from '../../support/evidence.ts';
import { gateway, mesh } from '../../support/gateway.ts';
import { envoyHolding } from '../../support/held-secrets.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const old = mintPair(['shop.example.com'], { from: -92, until: -2 });
const issuer = mintCertificate({
  subject: { CN: 'cert-manager.local' },
  ca: true,
  notBefore: days(-1),
  notAfter: days(90),
  key: 'ec-p256',
});
const temporary = mintCertificate(
  {
    subject: { CN: 'shop.example.com' },
    dnsNames: ['shop.example.com'],
    notBefore: days(-1),
    notAfter: days(90),
    key: 'ec-p256',
  },
  issuer,
);
const notReady = { ready: 'False', reason: 'DoesNotExist', message: 'Issuing certificate as Secret does not exist' };
const own = 'istio-ingress/shop';
const expected = { subject: 'Certificate istio-ingress/shop' };
const given = (yaml: readonly string[], values?: Readonly<Record<string, string>>) => ({
  yaml: [mesh(), gateway(), ...yaml],
  objects: values ? [secretOf('istio-ingress/shop-tls', values, 'kubernetes.io/tls')] : [],
});

testCheck(certManagerNotReady, {
  healthy: {
    'it is ready, and so is the Secret': given([certificate(own, { ready: 'True' })], shop.tls),
    'it is ready, and its next renewal is to come': given(
      [certificate(own, { ready: 'True', status: '  renewalTime: 2026-04-01T00:00:00Z' })],
      shop.tls,
    ),
    'the renewal came due an hour ago': given(
      [certificate(own, { ready: 'True', status: '  renewalTime: 2026-03-01T11:00:00Z' })],
      shop.tls,
    ),
    'one is not ready that no gateway depends on': given(
      [certificate('shop/internal', { ...notReady, secretName: 'internal-tls' })],
      shop.tls,
    ),
    'one of another namespace is not ready for a Secret of that name': given(
      [certificate('shop/shop', notReady)],
      shop.tls,
    ),
    'nobody has issued the Secret but a person': given([], shop.tls),
    'a good Secret was imported before the Certificate was looked at': given([certificate(own)], shop.tls),
  },
  broken: {
    'it was never issued': {
      given: given([certificate(own, notReady)]),
      faults: [
        {
          ...expected,
          severity: 'error',
          says: ['DoesNotExist', 'does not exist'],
          fix: 'describe certificates.cert-manager.io shop',
        },
      ],
    },
    'its challenge is not answered': {
      given: given([certificate(own, notReady), pendingChallenge(own)]),
      faults: [
        {
          ...expected,
          severity: 'error',
          says: ['Challenge istio-ingress/shop-1-1-1: pending: Waiting for HTTP-01', 'Order istio-ingress/shop-1-1'],
        },
      ],
    },
    'its order failed by the limit of the authority, and the Secret is empty': {
      given: given(
        [
          certificate(own, {
            ready: 'False',
            reason: 'MissingData',
            message: 'Issuing certificate as Secret does not contain a private key',
            status: '  failedIssuanceAttempts: 3',
          }),
          pendingChallenge(own, { state: 'errored', reason: 'acme: urn:ietf:params:acme:error:rateLimited' }),
        ],
        { 'tls.crt': '', 'tls.key': '' },
      ),
      faults: [{ ...expected, severity: 'error', says: ['rateLimited', '3 failed attempts', 'not both filled'] }],
    },
    'its issuer is not ready': {
      given: given([
        certificate(own, { ...notReady, reason: 'Pending' }),
        `
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: letsencrypt}
status: {conditions: [{type: Ready, status: 'False', reason: ErrRegisterACMEAccount, message: 'account gone'}]}`,
      ]),
      faults: [{ ...expected, says: ['ClusterIssuer letsencrypt: Ready=False ErrRegisterACMEAccount'] }],
    },
    'the renewal fails, and the old certificate has ended': {
      given: given([certificate(own, { ready: 'False', reason: 'Expired', message: 'Certificate expired' })], old.tls),
      faults: [{ ...expected, severity: 'error', says: ['that ended at'] }],
    },
    'the renewal fails, and the old certificate still lasts': {
      given: given([certificate(own, { ready: 'False', reason: 'IncorrectIssuer', message: 'x' })], shop.tls),
      faults: [{ ...expected, severity: 'warning' }],
    },
    'the renewal is long overdue': {
      given: given([certificate(own, { ready: 'True', status: '  renewalTime: 2026-02-20T00:00:00Z' })], shop.tls),
      faults: [{ ...expected, severity: 'warning', says: ['was due for renewal at 2026-02-20'] }],
    },
    'it calls itself ready, and its Secret is gone': {
      given: given([certificate(own, { ready: 'True' })]),
      faults: [{ ...expected, severity: 'error', says: ['calls itself ready all the same'] }],
    },
    'nobody has looked at it': {
      given: given([certificate(own)]),
      faults: [{ ...expected, severity: 'error', says: ['has no status'] }],
    },
    'the Secret is gone, and Envoy still serves what it had': {
      given: { ...given([certificate(own, notReady)]), envoys: [envoyHolding({ 'kubernetes://shop-tls': shop.leaf })] },
      faults: [{ ...expected, severity: 'warning', says: ['still serves'] }],
    },
    'cert-manager put a temporary certificate in': {
      given: given([certificate(own, { ...notReady, reason: 'Pending' })], {
        'tls.crt': temporary.certificatePem,
        'tls.key': temporary.privateKeyPem,
      }),
      faults: [{ ...expected, severity: 'error', says: ['temporary certificate of cert-manager'] }],
    },
    'Secrets cannot be read': {
      given: { ...given([certificate(own, notReady)]), unread: [forbidden('Secret', '*')] },
      faults: [{ ...expected, severity: 'error', says: ['could not be read'] }],
    },
    'it is of a release before 0.11': {
      given: given([certificate(own, { ...notReady, group: 'certmanager.k8s.io/v1alpha1' })]),
      faults: [expected],
    },
    'its Secret is mounted as files': {
      given: {
        yaml: [
          mesh({
            release: '1.5.0',
            mounts: { '/etc/istio/ingressgateway-certs': { secret: 'istio-ingressgateway-certs', optional: true } },
          }),
          gateway('shop/storefront', {
            tls: '{mode: SIMPLE, serverCertificate: /etc/istio/ingressgateway-certs/tls.crt, privateKey: /etc/istio/ingressgateway-certs/tls.key}',
          }),
          certificate(own, { ...notReady, secretName: 'istio-ingressgateway-certs' }),
        ],
      },
      faults: [expected],
    },
  },
  blind: {
    'Certificates cannot be read, and the Secret says that one writes it': {
      given: {
        ...given([]),
        objects: [
          {
            ...secretOf('istio-ingress/shop-tls', shop.tls),
            metadata: {
              namespace: 'istio-ingress',
              name: 'shop-tls',
              annotations: { 'cert-manager.io/certificate-name': 'shop' },
            },
          },
        ],
        unread: [forbidden('Certificate.cert-manager.io', '*')],
      },
      about: 'whether Certificate istio-ingress/shop is ready',
    },
  },
});
