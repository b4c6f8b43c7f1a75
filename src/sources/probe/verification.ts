import type { Certificate } from '../../model/certificate.ts';
import type { Probe } from '../../model/probe.ts';
import { coversHost } from '../../x509/covers-host.ts';
import { readCertificate } from '../../x509/read-certificate.ts';
import { verifyChain } from '../../x509/verify-chain.ts';
import type { Attempt } from './attempt.ts';
import type { ProbePlan, Trust } from './plan.ts';
import { anchorsOf, hasRootsOnly, sharedTrust } from './trusted-roots.ts';

/**
 * What a client with the plan's trust says of the certificate, for the name `host`, whatever became of the connection.
 * Undefined when nothing was to be verified or no certificate came. The chain is judged by OpenSSL, as a part of the
 * handshake; where that was broken off, by rules of our own that say the same (of several reasons maybe another one).
 */
export function verification(plan: ProbePlan, made: Attempt): Probe['verify'] {
  const trust = sharedTrust(plan.trust);
  const sent = trust.kind === 'none' ? [] : (made.flight?.chain.flatMap((der) => readCertificate(der) ?? []) ?? []);
  const [leaf] = sent;
  if (!leaf) return undefined;
  const code = made.negotiated ? made.negotiated.verifyCode : chainCode(sent, trust, new Date(made.at));
  if (code !== undefined) return { ok: false, code };
  return covers(leaf, plan.host) ? { ok: true } : { ok: false, code: 'ERR_TLS_CERT_ALTNAME_INVALID' };
}

function chainCode(sent: readonly Certificate[], trust: Trust, at: Date): string | undefined {
  const options = { at, purpose: 'server', partialChain: !hasRootsOnly(trust) } as const;
  const verdict = verifyChain(sent, anchorsOf(trust), options);
  return verdict.ok ? undefined : verdict.code;
}

/** As curl and Node judge it: a common name counts if there is no alternative name at all. */
function covers(leaf: Certificate, host: string): boolean {
  const { dnsNames, ipAddresses, uris, commonName } = leaf;
  const isBare = dnsNames.length + ipAddresses.length + uris.length === 0 && commonName !== undefined;
  return coversHost(isBare ? { dnsNames: [commonName.toLowerCase()], ipAddresses } : leaf, host);
}
