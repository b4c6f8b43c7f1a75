import type { Certificate } from '../model/certificate.ts';
import type { Secret } from '../model/secret.ts';
import type { CredentialUse } from './credentials.ts';

/** A Secret with both forms of a pair, of which the one that Istio takes is the older. */
export interface ShadowedPair {
  readonly secret: Secret;
  readonly taken: Certificate;
  readonly newer: Certificate;
}

/** `cert` and `key` go before `tls.crt` and `tls.key`, whatever is in them (istio-gateway-tls 3.2). */
export function shadowedPair({ state, role }: CredentialUse): ShadowedPair | undefined {
  if (role !== 'pair' || state.state !== 'pair' || state.certKey !== 'cert') return undefined;
  const { secret } = state;
  const taken = secret.values['cert']?.certificates[0];
  const newer = secret.values['tls.crt']?.certificates[0];
  const whole = secret.values['tls.key'] !== undefined && secret.values['tls.key'].kind !== 'empty';
  if (!taken || !newer || !whole || taken.sha256 === newer.sha256) return undefined;
  return Date.parse(newer.notBefore) > Date.parse(taken.notBefore) ? { secret, taken, newer } : undefined;
}
