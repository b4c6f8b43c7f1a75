import { createHash, X509Certificate } from 'node:crypto';
import type { Certificate, RevocationList } from '../model/certificate.ts';
import { comparableName } from '../x509/distinguished-name.ts';
import { extendedKeyUsages } from '../x509/oids.ts';
import { verifyChain, type VerifyCode } from '../x509/verify-chain.ts';
import { outOfDate } from './certificate-dates.ts';
import type { ClientTrust } from './client-trust.ts';

/** Whether a gateway lets a client with this chain in, judged as Envoy does, and why not. */
export type ClientVerdict =
  | { readonly admits: true }
  | { readonly admits: undefined }
  | {
      readonly admits: false;
      readonly why: 'untrusted';
      readonly code: VerifyCode;
      /** The certificate whose issuer was not found, or that does not fit. */
      readonly certificate: Certificate;
    }
  | {
      readonly admits: false;
      readonly why: 'expired' | 'not-yet-valid' | 'usage' | 'revoked';
      readonly certificate: Certificate;
    }
  /** Of the gateway's own: a CA out of its dates, a list that is too old or that is missing for an issuer. */
  | { readonly admits: false; readonly why: 'ca-expired'; readonly certificate: Certificate }
  | { readonly admits: false; readonly why: 'list-expired'; readonly list: RevocationList }
  | { readonly admits: false; readonly why: 'list-missing'; readonly issuer: string }
  | { readonly admits: false; readonly why: 'names' | 'pins' };

const same = (a: string, b: string): boolean => comparableName(a) === comparableName(b);

/** Verification codes by what they mean for a client. The others say that no trusted issuer was found. */
const meanings: Readonly<Partial<Record<VerifyCode, 'expired' | 'not-yet-valid' | 'usage'>>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not-yet-valid',
  INVALID_PURPOSE: 'usage',
};

function byChain(chain: readonly Certificate[], anchors: readonly Certificate[], trust: ClientTrust, at: Date) {
  const verdict = verifyChain(chain, anchors, { at, purpose: 'client', partialChain: trust.partialChain });
  if (verdict.ok) return { path: verdict.path };
  const { code, certificate } = verdict;
  const why = meanings[code];
  if (why === undefined) return { refusal: { admits: false, why: 'untrusted', code, certificate } as const };
  const isAnchor = anchors.some(({ sha256 }) => sha256 === certificate.sha256);
  const isLeaf = chain[0]?.sha256 === certificate.sha256;
  if (isAnchor && !isLeaf && why !== 'usage')
    return { refusal: { admits: false, why: 'ca-expired', certificate } as const };
  return { refusal: { admits: false, why, certificate } as const };
}

/**
 * Revocation as Envoy asks for it: with any list, every certificate needs a current one of its issuer (envoy-tls 2.2).
 * The topmost is left out: which list it needs depends on what anchors it.
 */
function byLists(path: readonly Certificate[], trust: ClientTrust, at: Date): ClientVerdict | undefined {
  if (trust.lists.length === 0) return undefined;
  for (const certificate of path.slice(0, Math.max(1, path.length - 1))) {
    const list = trust.lists.find(({ issuer }) => same(issuer, certificate.issuer));
    if (!list) return { admits: false, why: 'list-missing', issuer: certificate.issuer };
    if (list.nextUpdate !== undefined && +new Date(list.nextUpdate) <= +at) {
      return { admits: false, why: 'list-expired', list };
    }
    if (list.revoked.includes(certificate.serialNumber)) return { admits: false, why: 'revoked', certificate };
  }
  return undefined;
}

/** All names that `subjectAltNames` of a server are compared with; the common name is none of them. */
export const namesOf = ({ dnsNames, uris, emails, ipAddresses }: Certificate): readonly string[] => [
  ...dnsNames,
  ...uris,
  ...emails,
  ...ipAddresses,
];

/** The pins of a certificate: of all of it in hex, of its public key in base64. */
export function pinsOf(certificate: Certificate): { readonly hash: string; readonly spki: string } {
  const spki = new X509Certificate(certificate.pem).publicKey.export({ format: 'der', type: 'spki' });
  return { hash: certificate.sha256, spki: createHash('sha256').update(spki).digest('base64') };
}

function isPinned(leaf: Certificate, hashes: readonly string[], keys: readonly string[]): boolean {
  const { hash, spki } = pinsOf(leaf);
  return hashes.some((one) => one.replaceAll(':', '').toLowerCase() === hash) || keys.includes(spki);
}

function byNames(leaf: Certificate, { server, ca }: ClientTrust): ClientVerdict | undefined {
  const { subjectAltNames = [], verifyCertificateHash = [], verifyCertificateSpki = [] } = server.tls ?? {};
  const wanted = new Set(subjectAltNames);
  if (wanted.size > 0 && !namesOf(leaf).some((name) => wanted.has(name))) return { admits: false, why: 'names' };
  // pins are dropped in silence where the CA is a mounted file (istio-gateway-tls 2.3)
  const pins = verifyCertificateHash.length + verifyCertificateSpki.length;
  const mounted = ca !== undefined && server.tls?.caCertificates !== undefined;
  if (pins === 0 || mounted || isPinned(leaf, verifyCertificateHash, verifyCertificateSpki)) return undefined;
  return { admits: false, why: 'pins' };
}

/** Judges a chain without a handshake. `admits` is undefined where the CA is not known, or nothing was presented. */
export function judgeClient(chain: readonly Certificate[], trust: ClientTrust, at: Date): ClientVerdict {
  const [leaf] = chain;
  if (!leaf) return { admits: undefined };
  if (trust.anchors) {
    const { path, refusal } = byChain(chain, trust.anchors, trust, at);
    if (refusal) return refusal;
    return byLists(path, trust, at) ?? byNames(leaf, trust) ?? { admits: true };
  }
  // without the CA, what is wrong with the leaf by itself can still be told
  const date = outOfDate(leaf, at);
  if (date !== undefined) return { admits: false, why: date, certificate: leaf };
  if (leaf.extendedKeyUsage?.includes(extendedKeyUsages.clientAuth) === false) {
    return { admits: false, why: 'usage', certificate: leaf };
  }
  return byNames(leaf, trust) ?? { admits: undefined };
}
