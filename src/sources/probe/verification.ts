import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Probe } from '../../model/probe.ts';
import { verifyChain } from '../../tls/verify-chain.ts';
import { pemBlock } from '../../x509/pem-text.ts';
import type { Attempt } from './attempt.ts';
import type { ProbePlan } from './plan.ts';
import { anchorsOf, sharedTrust } from './trusted-roots.ts';

/**
 * What a client with the plan's trust says of the certificate, for the name `host`, whatever became of the connection.
 * Undefined when nothing was to be verified or no certificate came.
 */
export function verification(plan: ProbePlan, made: Attempt): Probe['verify'] {
  const trust = sharedTrust(plan.trust);
  if (trust.kind === 'none') return undefined;
  const sent = made.flight?.chain.flatMap((der) => parsed(der) ?? []) ?? [];
  const [leaf] = sent;
  if (!leaf) return undefined;
  const code = made.negotiated ? made.negotiated.verifyCode : verifyChain(sent, anchorsOf(trust), new Date(made.at));
  if (code !== undefined) return { ok: false, code };
  return covers(leaf, plan.host) ? { ok: true } : { ok: false, code: 'ERR_TLS_CERT_ALTNAME_INVALID' };
}

/** As Node and curl judge it: a common name counts if there is no alternative name at all. */
function covers(leaf: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined;
}

/** A thousand names of one gateway show a handful of certificates. */
const known = new Map<string, X509Certificate | undefined>();
const mostKnown = 1000;

function parsed(der: Buffer): X509Certificate | undefined {
  const key = der.toString('latin1');
  if (known.has(key)) return known.get(key);
  if (known.size >= mostKnown) known.clear();
  const certificate = parse(der);
  known.set(key, certificate);
  return certificate;
}

/**
 * Undefined for bytes that are no certificate: TLS itself refuses such a chain and says so. Node gets PEM, because in
 * DER it first looks for a PEM block somewhere inside.
 */
function parse(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pemBlock('CERTIFICATE', der));
  } catch {
    return undefined;
  }
}
