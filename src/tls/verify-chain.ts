import type { X509Certificate } from 'node:crypto';

const serverAuth = '1.3.6.1.5.5.7.3.1';

/**
 * The reason why a client that trusts `anchors` refuses the chain of a server, as a code of verification-codes.ts;
 * undefined: it accepts. The name is not judged here.
 *
 * OpenSSL verifies a chain as a part of the handshake, and says so only if that comes to its end. This says the same of
 * a chain whose handshake was broken off, as by a gateway that wants a client certificate: the issuers are looked for
 * among the anchors first, an anchor needs no root above it, and of several reasons the last one that OpenSSL meets is
 * given (openssl:crypto/x509/x509_vfy.c). Not judged: name constraints, policies, key usage, strength.
 */
export function verifyChain(
  sent: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  at: Date,
): string | undefined {
  const [leaf] = sent;
  if (!leaf) return 'UNABLE_TO_GET_ISSUER_CERT';
  const { path, trusted } = buildPath(leaf, sent, anchors);
  const reasons = [
    ...(trusted ? [] : [untrusted(path)]),
    ...purposeReasons(path),
    ...path.flatMap((certificate, index) => ownReasons(certificate, path[index + 1], at)).reverse(),
  ];
  return reasons.at(-1);
}

interface Path {
  /** Leaf first. */
  readonly path: readonly X509Certificate[];
  readonly trusted: boolean;
}

function buildPath(leaf: X509Certificate, sent: readonly X509Certificate[], anchors: readonly X509Certificate[]): Path {
  const path = [leaf];
  for (let last = leaf; ;) {
    if (anchors.some((anchor) => anchor.raw.equals(last.raw))) return { path, trusted: true };
    const anchor = issuerOf(last, anchors);
    if (anchor) return { path: [...path, anchor], trusted: true };
    const next = issuerOf(
      last,
      sent.filter((certificate) => !path.includes(certificate)),
    );
    if (!next) return { path, trusted: false };
    path.push(next);
    last = next;
  }
}

/** Of several with the right name, one whose key made the signature. */
function issuerOf(certificate: X509Certificate, among: readonly X509Certificate[]): X509Certificate | undefined {
  const named = among.filter((issuer) => certificate.checkIssued(issuer));
  return named.find((issuer) => certificate.verify(issuer.publicKey)) ?? named[0];
}

function untrusted(path: readonly X509Certificate[]): string {
  const top = path.at(-1);
  if (top?.checkIssued(top)) return path.length === 1 ? 'DEPTH_ZERO_SELF_SIGNED_CERT' : 'SELF_SIGNED_CERT_IN_CHAIN';
  return path.length === 1 ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
}

function purposeReasons([leaf, ...issuers]: readonly X509Certificate[]): readonly string[] {
  // Node calls the extended key usages keyUsage, and has none where the extension is absent.
  const usages: readonly string[] | undefined = leaf?.keyUsage;
  return [
    ...(usages && !usages.includes(serverAuth) ? ['INVALID_PURPOSE'] : []),
    ...(issuers.some((issuer) => !issuer.ca) ? ['INVALID_CA'] : []),
  ];
}

function ownReasons(certificate: X509Certificate, issuer: X509Certificate | undefined, at: Date): readonly string[] {
  return [
    ...(new Date(certificate.validFrom) > at ? ['CERT_NOT_YET_VALID'] : []),
    ...(new Date(certificate.validTo) < at ? ['CERT_HAS_EXPIRED'] : []),
    ...(issuer && !certificate.verify(issuer.publicKey) ? ['CERT_SIGNATURE_FAILURE'] : []),
  ];
}
