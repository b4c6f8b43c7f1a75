import { placeOfKey } from '../x509/chain.ts';
import { refusedByEnvoy } from '../x509/envoy-accepts.ts';
import { isFatal } from '../x509/pem-problems.ts';
import type { CredentialUse } from './credentials.ts';

/**
 * Whether Envoy takes the content of a Secret, as far as that can be foretold: both halves are read, the key is that of
 * the first certificate, and its kind is supported. What cannot be told counts for the Secret.
 */
export function isLoadable({ state }: CredentialUse): boolean {
  if (state.state === 'ca') return !(state.secret.values[state.caKey]?.pemProblems ?? []).some(isFatal);
  if (state.state !== 'pair') return false;
  const chain = state.secret.values[state.certKey];
  const key = state.secret.values[state.keyKey];
  if ([...(chain?.pemProblems ?? []), ...(key?.pemProblems ?? [])].some(isFatal)) return false;
  const publicKey = key?.privateKey?.publicKey;
  const certificates = chain?.certificates ?? [];
  const [leaf] = certificates;
  if (!leaf) return true;
  if (publicKey && placeOfKey(certificates, publicKey) !== 0) return false;
  return refusedByEnvoy(leaf) === undefined;
}
