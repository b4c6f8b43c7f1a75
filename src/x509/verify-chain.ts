import type { Certificate } from '../model/certificate.ts';
import { isSelfSigned, namesIssuer, signedBy } from './chain.ts';
import { extendedKeyUsages } from './oids.ts';

/** Node's names for the reasons of OpenSSL and BoringSSL. */
export type VerifyCode =
  | 'UNABLE_TO_GET_ISSUER_CERT'
  | 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
  | 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  | 'DEPTH_ZERO_SELF_SIGNED_CERT'
  | 'SELF_SIGNED_CERT_IN_CHAIN'
  | 'INVALID_CA'
  | 'INVALID_PURPOSE'
  | 'PATH_LENGTH_EXCEEDED'
  | 'CERT_SIGNATURE_FAILURE'
  | 'CERT_NOT_YET_VALID'
  | 'CERT_HAS_EXPIRED';

/** The first reason against a chain: `depth` counts from the leaf, `certificate` is the one at that depth. */
export type ChainVerdict =
  | { readonly ok: true; readonly path: readonly Certificate[] }
  | { readonly ok: false; readonly code: VerifyCode; readonly depth: number; readonly certificate: Certificate };

export interface VerifyOptions {
  readonly at: Date;
  /** What the leaf is for: `server` is what a client verifies, `client` is what a gateway verifies. */
  readonly purpose: 'server' | 'client';
  /**
   * True: as Envoy verifies (BoringSSL with partial chains, seen with Envoy 1.38.3). Any certificate of the bundle is an
   * anchor and need not be a CA; of several that fit, the first in the bundle is taken, even an expired one; issuers of
   * anchors that are in the bundle must be valid too; extensions are checked below the anchor only.
   * False: as clients with OpenSSL verify by default. The chain must end in a self-signed anchor; of several that fit, a
   * valid one is taken; extensions of the anchor count too.
   */
  readonly partialChain: boolean;
}

interface Path {
  readonly certificates: readonly Certificate[];
  /** How many of them, from the leaf, came from the peer. */
  readonly untrusted: number;
}

/** OpenSSL's limit. */
const longestPath = 100;

/** Key usages of which a leaf must have one, if it names any at all. */
const leafUsages = {
  server: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
  client: ['digitalSignature', 'keyAgreement'],
} as const;

/**
 * Verifies what a peer sent, its leaf first, against trusted certificates. Host names, revocation, name constraints and
 * the strength of keys and signatures are not looked at. `presented` without a certificate is refused as a caller's
 * mistake: throws a RangeError.
 */
export function verifyChain(
  presented: readonly Certificate[],
  anchors: readonly Certificate[],
  options: VerifyOptions,
): ChainVerdict {
  const [leaf] = presented;
  if (!leaf) throw new RangeError('There is no certificate to verify.');
  const path = trustingLeaf(buildPath(leaf, presented, anchors, options), anchors, options);
  const problem =
    trustProblem(path, options) ?? extensionProblem(path, options) ?? signatureOrTimeProblem(path, options);
  if (!problem) return { ok: true, path: path.certificates };
  const certificate = path.certificates[problem.depth] ?? leaf;
  return { ok: false, ...problem, certificate };
}

type Problem = { readonly code: VerifyCode; readonly depth: number };

/** Upwards from the leaf: from the anchors where they have an issuer, else from what the peer sent. */
function buildPath(
  leaf: Certificate,
  presented: readonly Certificate[],
  anchors: readonly Certificate[],
  options: VerifyOptions,
): Path {
  const path = [leaf];
  let untrusted = 1;
  let top = leaf;
  while (!isSelfSigned(top) && path.length < longestPath) {
    const anchor = pickIssuer(top, anchors, options);
    const sent = anchor || untrusted < path.length ? undefined : pickIssuer(top, presented, options);
    const issuer = anchor ?? sent;
    if (!issuer || path.some(({ sha256 }) => sha256 === issuer.sha256)) break;
    path.push(issuer);
    top = issuer;
    if (sent) untrusted++;
  }
  // A self-signed certificate that the peer sent counts as the anchor only if it is that very certificate.
  if (isSelfSigned(top) && untrusted === path.length && isAmong(anchors, top)) untrusted--;
  return { certificates: path, untrusted };
}

function pickIssuer(
  certificate: Certificate,
  candidates: readonly Certificate[],
  { at, partialChain }: VerifyOptions,
): Certificate | undefined {
  const fitting = candidates.filter((candidate) => namesIssuer(certificate, candidate));
  if (partialChain) return fitting[0];
  return fitting.find((candidate) => timeProblem(candidate, at) === undefined) ?? fitting.at(-1);
}

/** With partial chains, a leaf that is itself in the bundle is trusted when nothing else is. */
function trustingLeaf(path: Path, anchors: readonly Certificate[], { partialChain }: VerifyOptions): Path {
  const [leaf] = path.certificates;
  const hasAnchor = path.untrusted < path.certificates.length;
  if (!partialChain || hasAnchor || !leaf || !isAmong(anchors, leaf)) return path;
  return { certificates: [leaf], untrusted: 0 };
}

function isAmong(anchors: readonly Certificate[], certificate: Certificate): boolean {
  return anchors.some(({ sha256 }) => sha256 === certificate.sha256);
}

function trustProblem({ certificates, untrusted }: Path, { partialChain }: VerifyOptions): Problem | undefined {
  const depth = certificates.length - 1;
  const top = certificates[depth];
  if (!top) return undefined;
  if (untrusted < certificates.length) {
    return partialChain || isSelfSigned(top) ? undefined : { code: 'UNABLE_TO_GET_ISSUER_CERT', depth };
  }
  if (isSelfSigned(top)) {
    return { code: depth === 0 ? 'DEPTH_ZERO_SELF_SIGNED_CERT' : 'SELF_SIGNED_CERT_IN_CHAIN', depth };
  }
  return { code: depth === 0 ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', depth };
}

function extensionProblem({ certificates, untrusted }: Path, options: VerifyOptions): Problem | undefined {
  const checked = options.partialChain ? certificates.slice(0, untrusted) : certificates;
  /** The intermediates so far, which a path length limits; those that only repeat their issuer's name do not count. */
  let intermediates = 0;
  for (const [depth, certificate] of checked.entries()) {
    if (depth > 0 && !mayIssue(certificate)) return { code: 'INVALID_CA', depth };
    if (!isFor(certificate, options.purpose, depth === 0)) return { code: 'INVALID_PURPOSE', depth };
    if (depth > 0 && intermediates > (certificate.pathLength ?? Infinity))
      return { code: 'PATH_LENGTH_EXCEEDED', depth };
    if (depth > 0 && !certificate.selfIssued) intermediates++;
  }
  return undefined;
}

/** A self-signed certificate without any such extension may be of X.509 version 1, and those are CAs. */
function mayIssue({ isCa, keyUsage, extendedKeyUsage, selfIssued }: Certificate): boolean {
  const isBare = selfIssued && keyUsage === undefined && extendedKeyUsage === undefined;
  return (isCa || isBare) && (keyUsage?.includes('keyCertSign') ?? true);
}

/** anyExtendedKeyUsage does not count: neither OpenSSL nor BoringSSL takes it for TLS [Envoy 1.38.3]. */
function isFor({ extendedKeyUsage, keyUsage }: Certificate, purpose: 'server' | 'client', isLeaf: boolean): boolean {
  const wanted = purpose === 'server' ? extendedKeyUsages.serverAuth : extendedKeyUsages.clientAuth;
  if (extendedKeyUsage && !extendedKeyUsage.includes(wanted)) return false;
  return !isLeaf || !keyUsage || leafUsages[purpose].some((usage) => keyUsage.includes(usage));
}

/** From the top down, each certificate's signature before its dates. The topmost's signature is never asked for. */
function signatureOrTimeProblem({ certificates }: Path, { at }: VerifyOptions): Problem | undefined {
  for (let depth = certificates.length - 1; depth >= 0; depth--) {
    const certificate = certificates[depth];
    const issuer = certificates[depth + 1];
    if (!certificate) continue;
    if (issuer && !signedBy(certificate, issuer)) return { code: 'CERT_SIGNATURE_FAILURE', depth };
    const code = timeProblem(certificate, at);
    if (code) return { code, depth };
  }
  return undefined;
}

function timeProblem({ notBefore, notAfter }: Certificate, at: Date): VerifyCode | undefined {
  if (+new Date(notBefore) > +at) return 'CERT_NOT_YET_VALID';
  return +new Date(notAfter) <= +at ? 'CERT_HAS_EXPIRED' : undefined;
}
