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
    ...(trusted ? [] : [untrusted(path, anchors)]),
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

/**
 * Of several with the right name, one whose key made the signature. `checkIssued` looks at names and key identifiers,
 * and at the key usage too: an issuer that only lacks that is the issuer all the same.
 */
function issuerOf(certificate: X509Certificate, among: readonly X509Certificate[]): X509Certificate | undefined {
  const named = among.filter((issuer) => certificate.issuer === issuer.subject);
  const signer = named.find((issuer) => certificate.verify(issuer.publicKey));
  return signer ?? named.find((issuer) => certificate.checkIssued(issuer));
}

/** Whether a certificate is its own issuer, as roots are, and certificates made in haste. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey);
}

/** Where an anchor is no root, OpenSSL runs in a mode that has no code of its own for a leaf that came alone. */
function untrusted(path: readonly X509Certificate[], anchors: readonly X509Certificate[]): string {
  const top = path.at(-1);
  const alone = path.length === 1;
  if (top && isSelfSigned(top)) return alone ? 'DEPTH_ZERO_SELF_SIGNED_CERT' : 'SELF_SIGNED_CERT_IN_CHAIN';
  const rootsOnly = anchors.every(isSelfSigned);
  return alone && rootsOnly ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
}

/** An issuer that is no CA breaks two rules, of which the purpose is the last. */
function purposeReasons([leaf, ...issuers]: readonly X509Certificate[]): readonly string[] {
  // Node calls the extended key usages keyUsage, and has none where the extension is absent.
  const usages: readonly string[] | undefined = leaf?.keyUsage;
  const suits = usages === undefined || usages.includes(serverAuth);
  return suits && issuers.every((issuer) => issuer.ca) ? [] : ['INVALID_PURPOSE'];
}

function ownReasons(certificate: X509Certificate, issuer: X509Certificate | undefined, at: Date): readonly string[] {
  return [
    ...(new Date(certificate.validFrom) > at ? ['CERT_NOT_YET_VALID'] : []),
    ...(new Date(certificate.validTo) < at ? ['CERT_HAS_EXPIRED'] : []),
    ...(issuer ? signatureReasons(certificate, issuer) : []),
  ];
}

/** Node has no code for an issuer whose key usage lacks keyCertSign. */
function signatureReasons(certificate: X509Certificate, issuer: X509Certificate): readonly string[] {
  if (!certificate.verify(issuer.publicKey)) return ['CERT_SIGNATURE_FAILURE'];
  return certificate.checkIssued(issuer) ? [] : ['UNSPECIFIED'];
}
