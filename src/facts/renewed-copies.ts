import type { Certificate } from '../model/certificate.ts';
import type { Secret } from '../model/secret.ts';
import { coversPattern } from '../x509/covers-host.ts';
import { isInDate } from './certificate-dates.ts';
import { pairOf } from './credentials.ts';
import type { Evidence } from './evidence.ts';
import type { Server } from './servers.ts';

/** A Secret with a whole pair whose certificate is in its dates and covers all that the servers serve. */
export interface RenewedCopy {
  readonly secret: Secret;
  readonly leaf: Certificate;
}

function copyIn(evidence: Evidence, secret: Secret, servers: readonly Server[]): RenewedCopy | undefined {
  const state = pairOf(secret);
  const leaf = state.state === 'pair' ? secret.values[state.certKey]?.certificates[0] : undefined;
  if (!leaf || !isInDate(leaf, evidence.now)) return undefined;
  const hosts = servers.flatMap((server) => server.hosts.map(({ host }) => host)).filter((host) => host !== '*');
  return hosts.length > 0 && hosts.every((host) => coversPattern(leaf, host)) ? { secret, leaf } : undefined;
}

/**
 * Where a good certificate for the same hosts lies, if one was seen: a Secret of the same name in another namespace
 * first, then one of another name beside it.
 */
export function renewedCopy(
  evidence: Evidence,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  servers: readonly Server[],
): RenewedCopy | undefined {
  const twins = evidence.secretsNamed(name).filter((secret) => secret.namespace !== namespace);
  const neighbours = evidence.snapshot.secrets.filter((one) => one.namespace === namespace && one.name !== name);
  for (const secret of [...twins, ...neighbours]) {
    const copy = copyIn(evidence, secret, servers);
    if (copy) return copy;
  }
  return undefined;
}
