import { externalSecretNotSynced } from '../../../src/checks/credential/external-secret-not-synced.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gateway, mesh } from '../../support/gateway.ts';
import { envoyHolding } from '../../support/held-secrets.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);

const external = (ready: string | undefined, target = ''): string => `
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {namespace: istio-ingress, name: shop-tls}
spec: {${target}}
${ready === undefined ? '' : `status: {conditions: [{type: Ready, status: '${ready}', reason: SecretSyncedError, message: 'could not get secret data from provider'}]}`}`;

const sealed = (synced: string): string => `
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {namespace: istio-ingress, name: shop-tls}
status: {conditions: [{type: Synced, status: '${synced}', message: 'no key could decrypt secret (tls.crt, tls.key)'}]}`;

const providerClass = `
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {namespace: istio-ingress, name: vault-tls}
spec: {provider: vault, secretObjects: [{secretName: shop-tls, type: kubernetes.io/tls}]}`;

const given = (yaml: readonly string[], values?: Readonly<Record<string, string>>) => ({
  yaml: [mesh(), gateway(), ...yaml],
  objects: values ? [secretOf('istio-ingress/shop-tls', values)] : [],
});

testCheck(externalSecretNotSynced, {
  healthy: {
    'it is synced': given([external('True')], shop.tls),
    'nobody has written its status yet, and the Secret is good': given([external(undefined)], shop.tls),
    'a volume of the CSI driver made the Secret': given([providerClass], shop.tls),
    'one fails that writes a Secret of another name': given([external('False', 'target: {name: other}')], shop.tls),
    'it is synced, and what it was told to write has the wrong keys (secret-wrong-keys)': given([external('True')], {
      certificate: shop.certificatePem,
    }),
    'one of another namespace fails': given([external('False').replace('istio-ingress', 'shop')], shop.tls),
  },
  broken: {
    'the store does not answer': {
      given: given([external('False')]),
      faults: [
        {
          subject: 'ExternalSecret istio-ingress/shop-tls',
          severity: 'error',
          says: ['could not get secret data', 'does not exist'],
          fix: 'annotate externalsecrets.external-secrets.io shop-tls',
        },
      ],
    },
    'the last attempt failed, and the Secret of before is good': {
      given: given([external('False')], shop.tls),
      faults: [{ subject: 'ExternalSecret istio-ingress/shop-tls', severity: 'warning' }],
    },
    'its target has another name than itself': {
      given: given([external('False', 'target: {name: shop-tls}').replace('name: shop-tls}', 'name: from-vault}')]),
      faults: [{ subject: 'ExternalSecret istio-ingress/from-vault' }],
    },
    'one of the older kind says so in its own way': {
      given: given([
        `
apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {namespace: istio-ingress, name: shop-tls}
status: {status: 'ERROR, SecretsManager can''t find the specified secret.'}`,
      ]),
      faults: [{ subject: 'ExternalSecret istio-ingress/shop-tls', says: ['find the specified secret'] }],
    },
    'a SealedSecret was sealed for another cluster': {
      given: given([sealed('False')]),
      faults: [{ subject: 'SealedSecret istio-ingress/shop-tls', says: ['no key could decrypt'], fix: 'kubeseal' }],
    },
    'no pod mounts the volume that would make the Secret': {
      given: given([providerClass]),
      faults: [{ subject: 'SecretProviderClass istio-ingress/vault-tls', severity: 'error', says: ['does not exist'] }],
    },
    'the Secret is gone, and Envoy still serves what it had': {
      given: { ...given([sealed('False')]), envoys: [envoyHolding({ 'kubernetes://shop-tls': shop.leaf })] },
      faults: [{ subject: 'SealedSecret istio-ingress/shop-tls', severity: 'warning' }],
    },
    'the Secret cannot be read': {
      given: { ...given([external('False')]), unread: [forbidden('Secret', '*')] },
      faults: [{ subject: 'ExternalSecret istio-ingress/shop-tls', severity: 'error' }],
    },
  },
  blind: {
    'such objects cannot be read: the Secret’s own state is told by others': {
      ...given([], shop.tls),
      unread: [forbidden('ExternalSecret.external-secrets.io', '*')],
    },
  },
});
