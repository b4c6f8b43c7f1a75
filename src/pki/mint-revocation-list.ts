import { extensions } from '../x509/oids.ts';
import { pemBlock } from '../x509/pem-text.ts';
import type { Issuer } from './certificate-description.ts';
import { context, integer, sequence, time } from './der-writer.ts';
import { authorityKeyIdentifier, extension } from './extensions.ts';
import { signerOf } from './mint-certificate.ts';
import { signed } from './signature.ts';
import type { Digest } from './signature.ts';

export interface RevocationListDescription {
  /** Hex digits. */
  readonly revokedSerials?: readonly string[];
  /** An hour ago by default; the revocations bear the same date. */
  readonly thisUpdate?: Date;
  /** 30 days after `thisUpdate` by default. */
  readonly nextUpdate?: Date;
  readonly signature?: Digest;
}

/** Makes a certificate revocation list (RFC 5280 section 5) of the issuer, as PEM. */
export function mintRevocationList(issuer: Issuer, description: RevocationListDescription = {}): string {
  const signer = signerOf(issuer);
  const thisUpdate = description.thisUpdate ?? new Date(Date.now() - 3600_000);
  const nextUpdate = description.nextUpdate ?? new Date(+thisUpdate + 30 * 24 * 3600_000);
  const revoked = (description.revokedSerials ?? []).map((serial) => sequence(integer(serial), time(thisUpdate)));
  const extensionList = sequence(
    authorityKeyIdentifier(signer.spki),
    extension(extensions.crlNumber, integer((+thisUpdate).toString(16))),
  );

  const der = signed(signer.key, description.signature ?? 'sha256', (algorithm) =>
    sequence(
      integer('01'),
      algorithm,
      signer.name,
      time(thisUpdate),
      time(nextUpdate),
      // RFC 5280 section 5.1.2.6: an empty list must be absent.
      revoked.length > 0 ? sequence(...revoked) : undefined,
      context(0, extensionList),
    ),
  );
  return pemBlock('X509 CRL', der);
}
