import type { RevocationList } from '../model/certificate.ts';
import { child, children, integerHexOf, isUniversal, parseDer, tags, timeOf } from './der.ts';
import { nameText } from './distinguished-name.ts';
import { looseBlocks, revocationListLabel } from './pem-text.ts';

/** All revocation lists of a PEM text; blocks that are none are left out. */
export function readRevocationLists(pem: string): readonly RevocationList[] {
  return [...looseBlocks(pem)].flatMap(({ label, der }) =>
    label === revocationListLabel ? (readRevocationList(der) ?? []) : [],
  );
}

/** One CertificateList (RFC 5280 section 5.1) out of DER; undefined for anything else. */
export function readRevocationList(der: Uint8Array): RevocationList | undefined {
  const fields = children(child(parseDer(der), 0));
  const [, issuer, ...rest] = isUniversal(fields[0], tags.integer) ? fields.slice(1) : fields;
  const thisUpdate = timeOf(rest[0]);
  if (!isUniversal(issuer, tags.sequence) || thisUpdate === undefined) return undefined;
  const nextUpdate = timeOf(rest[1]);
  const entries = rest[nextUpdate === undefined ? 1 : 2];
  return {
    issuer: nameText(issuer),
    thisUpdate,
    ...(nextUpdate !== undefined && { nextUpdate }),
    revoked: children(isUniversal(entries, tags.sequence) ? entries : undefined).flatMap(
      (entry) => integerHexOf(child(entry, 0)) ?? [],
    ),
  };
}
