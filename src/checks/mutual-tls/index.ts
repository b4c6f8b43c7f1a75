import type { Check } from '../check.ts';
import { mtlsCaBundleIncomplete } from './mtls-ca-bundle-incomplete.ts';
import { mtlsCaExpired } from './mtls-ca-expired.ts';
import { mtlsCaMissing } from './mtls-ca-missing.ts';
import { mtlsCaWrong } from './mtls-ca-wrong.ts';
import { mtlsCacertWrongKey } from './mtls-cacert-wrong-key.ts';
import { mtlsClientCertMissing } from './mtls-client-cert-missing.ts';
import { mtlsClientEku } from './mtls-client-eku.ts';
import { mtlsClientExpired } from './mtls-client-expired.ts';
import { mtlsClientRevoked } from './mtls-client-revoked.ts';
import { mtlsClientSanMismatch } from './mtls-client-san-mismatch.ts';
import { mtlsClientUntrusted } from './mtls-client-untrusted.ts';
import { mtlsNotEnforced } from './mtls-not-enforced.ts';

export const mutualTlsCauses: readonly Check[] = [
  mtlsCaMissing,
  mtlsCacertWrongKey,
  mtlsNotEnforced,
  mtlsCaWrong,
  mtlsCaExpired,
  mtlsCaBundleIncomplete,
  mtlsClientCertMissing,
  mtlsClientUntrusted,
  mtlsClientExpired,
  mtlsClientEku,
  mtlsClientSanMismatch,
  mtlsClientRevoked,
];
