import type { Certificate } from '../model/certificate.ts';
import { isSelfSigned } from '../x509/chain.ts';
import { clientPath, type ClientPath } from './client-path.ts';
import { derive, type Evidence } from './evidence.ts';
import { issuersInEvidence, publicIssuerOf, type KnownCertificate } from './known-certificates.ts';
import type { ReadProbe } from './probes.ts';
import { probesWith, servedChains, type ServedChain } from './served-chains.ts';

/**
 * What the upper end of a served chain says, seen with everything else in the evidence:
 * - `complete`: a root that clients have, or that was sent along, stands above it, or a client accepted it;
 * - `missing`: the issuer of its last certificate is an intermediate, and it is not in the chain;
 * - `private-root`: the issuer of its last certificate is a root of its own, as private CAs are;
 * - `unknown`: nothing tells what kind of CA the issuer is.
 */
export type ChainEnd =
  | { readonly end: 'complete' }
  | { readonly end: 'missing'; readonly issuer: string; readonly found?: KnownCertificate; readonly sure: boolean }
  | { readonly end: 'private-root'; readonly issuer: string; readonly root: KnownCertificate }
  | { readonly end: 'unknown'; readonly issuer: string };

export interface ChainAtItsEnd {
  readonly chain: ServedChain;
  readonly path: ClientPath;
  readonly state: ChainEnd;
  /** Clients that got just this chain and did not find a way to a root of theirs. */
  readonly failing: readonly ReadProbe[];
  readonly accepted: boolean;
}

/** Codes of clients that found no trusted issuer, by Node and by OpenSSL. */
export const issuerNotFound: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_ISSUER_CERT',
]);

/** The names that PKIs give to CAs that are no roots. */
const subordinate = /\b(?:intermediate|issuing|sub(?:ordinate)?)\b/i;

/** Whether an issuer is known from its copies in the evidence: an intermediate is what another CA signed. */
function ofKnownIssuer(found: readonly KnownCertificate[]): { root?: KnownCertificate; between?: KnownCertificate } {
  const root = found.find(({ certificate }) => isSelfSigned(certificate));
  const between = found.find(({ certificate }) => !certificate.selfIssued);
  return { ...(root && { root }), ...(between && { between }) };
}

function endOf(evidence: Evidence, top: Certificate, length: number, failing: readonly ReadProbe[]): ChainEnd {
  const { issuer } = top;
  const { root, between } = ofKnownIssuer(issuersInEvidence(evidence, top));
  // a CA that is also there as a root may be trusted as one
  if (between && (!root || publicIssuerOf(between.certificate))) {
    return { end: 'missing', issuer, found: between, sure: true };
  }
  if (root) return { end: 'private-root', issuer, root };
  const named = subordinate.test(/CN=((?:\\.|[^,])*)/.exec(issuer)?.[1] ?? '');
  if (length === 1 && failing.length > 0) return { end: 'missing', issuer, sure: named };
  return named ? { end: 'missing', issuer, sure: false } : { end: 'unknown', issuer };
}

function lookAt(evidence: Evidence, chain: ServedChain): ChainAtItsEnd {
  const path = clientPath(evidence, chain.certificates);
  const probes = probesWith(evidence, chain);
  const accepted = probes.some(({ probe }) => probe.verify?.ok === true);
  const failing = probes.filter(({ probe }) => issuerNotFound.has(probe.verify?.code ?? ''));
  const top = path.links.at(-1) ?? chain.certificates[0];
  const state: ChainEnd =
    path.end !== 'open' || accepted ? { end: 'complete' } : endOf(evidence, top, path.links.length, failing);
  return { chain, path, state, failing, accepted };
}

/** Every served chain with what its upper end says. */
export const chainEnds = derive((evidence): readonly ChainAtItsEnd[] =>
  servedChains(evidence).flatMap((chain) => (chain.refused ? [] : [lookAt(evidence, chain)])),
);
