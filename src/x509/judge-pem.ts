import type { Certificate, PemProblem, PrivateKeyFacts, RevocationList } from '../model/certificate.ts';
import { looseBase64 } from './base64.ts';
import { lengthOfFirst, parseDer } from './der.ts';
import { passedOverBlocks } from './passed-over-blocks.ts';
import type { PemBlock, PemFault } from './pem-blocks.ts';
import { pemBlocks } from './pem-blocks.ts';
import { isFatal } from './pem-problems.ts';
import { certificateLabels, looseBlocks, privateKeyLabels, revocationListLabel } from './pem-text.ts';
import { readCertificate } from './read-certificate.ts';
import { readKeyBlock } from './read-private-key.ts';
import { readRevocationList } from './read-revocation-list.ts';
import { otherEncoding } from './value-encoding.ts';

/**
 * What a value is for, since Envoy reads each with another function: `certificates` a chain of its own
 * (`PEM_read_bio_X509`, which passes over blocks of other labels), `trusted-ca` and `crl` what it verifies clients with
 * (`PEM_X509_INFO_read_bio`, which wants every block that it knows to be sound), `private-key` the key
 * (`PEM_read_bio_PrivateKey`, which stops at the first). Seen with Envoy 1.38.3, all of it.
 */
export type PemPurpose = 'certificates' | 'trusted-ca' | 'crl' | 'private-key';

/**
 * A PEM text as Envoy reads it. When a problem is fatal (see `isFatal`), Envoy reads nothing; the certificates, lists
 * and key facts are then what can be made out all the same, to tell whose they were.
 */
export interface PemJudgement {
  readonly certificates: readonly Certificate[];
  readonly revocationLists: readonly RevocationList[];
  /** Of the first private key, whatever the purpose. */
  readonly privateKey?: PrivateKeyFacts;
  readonly problems: readonly PemProblem[];
}

/** What one block, or the text as a whole, adds to the judgement. */
interface Part {
  readonly certificate?: Certificate;
  readonly revocationList?: RevocationList;
  readonly privateKey?: PrivateKeyFacts;
  readonly problem?: PemProblem;
}

/** Judges text or bytes. Never throws, and takes time linear in the length. */
export function judgePem(content: string | Uint8Array, purpose: PemPurpose): PemJudgement {
  const bytes = Buffer.from(content);
  const text = bytes.toString('latin1');
  const blocks = [...pemBlocks(text)];
  const parts: Part[] = purpose === 'private-key' ? keyParts(blocks) : certificateParts(blocks, purpose);
  for (const problem of passedOverBlocks(text)) parts.push({ problem });
  if (!parts.some((part) => isWanted(part, purpose) || isRefused(part))) {
    parts.push(...reasonForNothing(bytes, blocks.length, purpose));
  }
  return parts.some(isRefused) ? salvaged(parts, bytes, text) : judgement(parts);
}

/** Judges a text as a private key. The facts tell nothing that is private. */
export function readPrivateKey(content: string | Uint8Array): {
  readonly facts: PrivateKeyFacts;
  readonly problems: readonly PemProblem[];
} {
  const { privateKey, problems } = judgePem(content, 'private-key');
  return { facts: privateKey ?? { encrypted: false }, problems };
}

/** All certificates of a text, also of one that Envoy would refuse. */
export function readCertificates(content: string | Uint8Array): readonly Certificate[] {
  return judgePem(content, 'certificates').certificates;
}

/** The key reader stops at the first key: a fault behind it is never seen. */
function keyParts(blocks: readonly (PemBlock | PemFault)[]): Part[] {
  const first = blocks.findIndex((block) => isKeyBlock(block));
  const before = first < 0 ? blocks : blocks.slice(0, first);
  const faults = before.filter((block) => typeof block === 'string').map((problem): Part => ({ problem }));
  const keys = first < 0 ? [] : blocks.slice(first).filter(isKeyBlock);
  const [key] = keys;
  return [
    ...faults,
    ...(key ? keyBlockParts(key) : []),
    ...(keys.length > 1 ? [{ problem: 'several-keys' } as const] : []),
  ];
}

function certificateParts(blocks: readonly (PemBlock | PemFault)[], purpose: PemPurpose): Part[] {
  let isFirst = true;
  return blocks.flatMap((block): Part[] => {
    if (typeof block === 'string') return [{ problem: block }];
    if (privateKeyLabels.has(block.label)) return strayKeyParts(block, purpose);
    if (block.label === revocationListLabel) return revocationListParts(block, purpose);
    const isTrustedLater = purpose === 'certificates' && block.label === 'TRUSTED CERTIFICATE' && !isFirst;
    if (!certificateLabels.has(block.label) || isTrustedLater) return [];
    const isLeaf = isFirst && purpose === 'certificates';
    isFirst = false;
    return [certificatePart(block, isLeaf)];
  });
}

function certificatePart({ header, der }: PemBlock, isLeaf: boolean): Part {
  if (header !== '') return { problem: 'bad-header' };
  const certificate = isLeaf && hasGarbageBehind(der) ? undefined : readCertificate(der);
  return certificate ? { certificate } : { problem: 'not-a-certificate' };
}

/** The leaf is read with `PEM_read_bio_X509_AUX`, to which bytes behind a certificate are trust settings of OpenSSL. */
function hasGarbageBehind(der: Buffer): boolean {
  const rest = der.subarray(lengthOfFirst(der) ?? der.length);
  return rest.length > 0 && parseDer(rest) === undefined;
}

function revocationListParts({ header, der }: PemBlock, purpose: PemPurpose): Part[] {
  const revocationList = readRevocationList(der);
  if (purpose === 'certificates') return revocationList ? [{ revocationList }] : [];
  if (header !== '') return [{ problem: 'bad-header' }];
  return [revocationList ? { revocationList } : { problem: 'not-a-crl' }];
}

/** `PEM_X509_INFO_read_bio` parses keys under the labels of RSA and EC, and decrypts none; others it passes over. */
function strayKeyParts(block: PemBlock, purpose: PemPurpose): Part[] {
  const { facts, problem } = readKeyBlock(block);
  const stray: Part = { privateKey: facts, problem: 'key-among-certificates' };
  const isParsed =
    purpose !== 'certificates' && (block.label === 'RSA PRIVATE KEY' || block.label === 'EC PRIVATE KEY');
  return isParsed && problem !== undefined && problem !== 'encrypted' ? [stray, { problem }] : [stray];
}

function keyBlockParts(block: PemBlock): Part[] {
  const { facts, problem } = readKeyBlock(block);
  return [{ privateKey: facts, ...(problem && { problem }) }];
}

function isKeyBlock(block: PemBlock | PemFault): block is PemBlock {
  return typeof block !== 'string' && privateKeyLabels.has(block.label);
}

function isWanted(part: Part, purpose: PemPurpose): boolean {
  if (purpose === 'private-key') return part.privateKey !== undefined;
  return (purpose === 'crl' ? part.revocationList : part.certificate) !== undefined;
}

function isRefused({ problem }: Part): boolean {
  return problem !== undefined && isFatal(problem);
}

/** An empty revocation list is the same to Envoy as none, so nothing is wrong with it. */
function reasonForNothing(bytes: Buffer, blocks: number, purpose: PemPurpose): Part[] {
  if (bytes.length === 0) return purpose === 'crl' ? [] : [{ problem: 'empty' }];
  if (blocks > 0) return [{ problem: 'other-blocks-only' }];
  return [{ problem: otherEncoding(bytes)?.problem ?? 'no-pem-block' }];
}

/** The problems that were found, with all that can be made out in place of what was read up to the fault. */
function salvaged(parts: readonly Part[], bytes: Buffer, text: string): PemJudgement {
  const strictKeys = parts.filter(({ privateKey }) => privateKey !== undefined);
  const encoding = otherEncoding(bytes);
  const found = [...looseBlocks(encoding?.text ?? text)].flatMap(({ label, der }): Part[] => {
    const certificate = certificateLabels.has(label) ? readCertificate(der) : undefined;
    const revocationList = label === revocationListLabel ? readRevocationList(der) : undefined;
    const privateKey = privateKeyLabels.has(label) ? readKeyBlock({ label, header: '', der }).facts : undefined;
    return [
      {
        ...(certificate && { certificate }),
        ...(revocationList && { revocationList }),
        ...(privateKey && { privateKey }),
      },
    ];
  });
  const bare = found.length > 0 ? undefined : readCertificate(encoding?.der ?? looseBase64(text) ?? '');
  const { certificates, revocationLists, privateKey } = judgement([
    ...strictKeys,
    ...found,
    ...(bare ? [{ certificate: bare }] : []),
  ]);
  return { certificates, revocationLists, ...(privateKey && { privateKey }), problems: judgement(parts).problems };
}

function judgement(parts: readonly Part[]): PemJudgement {
  const privateKey = parts.find((part) => part.privateKey)?.privateKey;
  return {
    certificates: parts.flatMap(({ certificate }) => certificate ?? []),
    revocationLists: parts.flatMap(({ revocationList }) => revocationList ?? []),
    ...(privateKey && { privateKey }),
    problems: [...new Set(parts.flatMap(({ problem }) => problem ?? []))],
  };
}
