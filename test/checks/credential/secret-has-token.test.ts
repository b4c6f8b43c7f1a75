import { secretHasToken } from '../../../src/checks/credential/secret-has-token.ts';
import { testCheck } from '../../support/check-tester.ts';
import { forbidden, secretOf } from '../../support/evidence.ts';
import { gateway, gatewayPodName, mesh } from '../../support/gateway.ts';
import { mintPair } from '../../support/minted-pair.ts';

const shop = mintPair(['shop.example.com']);
const agent = `istio-ingress/${gatewayPodName()}/ingress-sds`;
const given = (release: string, values: Readonly<Record<string, string>>) => ({
  yaml: [mesh({ release }), gateway()],
  objects: [secretOf('istio-ingress/shop-tls', values)],
});

testCheck(secretHasToken, {
  healthy: {
    'istiod has no such rule': given('1.20.1', { ...shop.tls, token: 'x' }),
    'the release before the rule': given('1.1.0', { ...shop.generic, token: 'x' }),
    'the key is empty': given('1.4.3', { ...shop.tls, token: '' }),
    'another key has token in its name': given('1.4.3', { ...shop.tls, 'registry-token': 'x' }),
    'the Secret with the token is one that no Gateway names': {
      ...given('1.4.3', shop.tls),
      objects: [secretOf('istio-ingress/shop-tls', shop.tls), secretOf('istio-ingress/default-token', { token: 'x' })],
    },
  },
  broken: {
    'the agent of 1.3 takes it for a service account’s': {
      given: given('1.3.5', { ...shop.tls, token: 'x' }),
      faults: [
        {
          subject: 'Secret istio-ingress/shop-tls',
          path: 'data.token',
          severity: 'error',
          says: ['filled key token'],
          fix: 'kubectl -n istio-ingress get secret shop-tls -o json',
        },
      ],
    },
    'the name is in order, and the agent says that it passes the Secret over': {
      given: {
        yaml: [mesh({ release: '1.4.0' }), gateway()],
        unread: [forbidden('Secret', '*')],
        logs: {
          [agent]:
            '2020-02-01T11:00:00.000000Z\tdebug\tsecretFetcherLog\tsecret shop-tls is not an ingress gateway secret, skip adding secret',
        },
      },
      faults: [{ subject: 'Secret istio-ingress/shop-tls', says: ['skip adding secret'] }],
    },
  },
  blind: {
    'its keys cannot be read': {
      given: { yaml: [mesh({ release: '1.4.0' }), gateway()], unread: [forbidden('Secret', '*')] },
      about: 'has a key token',
    },
  },
});
