import type { Der } from './der.ts';
import {
  booleanOf,
  bytesOf,
  child,
  children,
  contextChildren,
  isContext,
  isUniversal,
  oidOf,
  parseDer,
  tags,
} from './der.ts';

/** The parts of a certificate by their place in RFC 5280 section 4.1, unread. */
export interface CertificateStructure {
  readonly serialNumber: Der;
  readonly signatureAlgorithm: Der;
  readonly issuer: Der;
  readonly validity: Der;
  readonly subject: Der;
  readonly spki: Der;
  /** The value of each extension by its object identifier; of one that is there twice, the first. */
  readonly extensions: ReadonlyMap<string, Der>;
}

/** Undefined for bytes that do not have the outline of a certificate. */
export function certificateStructure(bytes: Uint8Array): CertificateStructure | undefined {
  const certificate = parseDer(bytes);
  const fields = children(child(certificate, 0));
  const hasVersion = isContext(fields[0], 0);
  if (hasVersion && !isUniversal(child(fields[0], 0), tags.integer)) return undefined;
  const [serialNumber, signatureAlgorithm, issuer, validity, subject, spki] = hasVersion ? fields.slice(1) : fields;
  if (!serialNumber || !signatureAlgorithm || !issuer || !validity || !subject || !spki) return undefined;
  const extensions = extensionValues(child(contextChildren(child(certificate, 0), 3)[0], 0));
  return { serialNumber, signatureAlgorithm, issuer, validity, subject, spki, extensions };
}

/** One whose value is no DER is left out. */
function extensionValues(list: Der | undefined): ReadonlyMap<string, Der> {
  const values = new Map<string, Der>();
  for (const extension of children(list)) {
    const id = oidOf(child(extension, 0));
    const second = child(extension, 1);
    const bytes = bytesOf(booleanOf(second) === undefined ? second : child(extension, 2));
    const value = bytes && parseDer(bytes);
    if (id !== undefined && value && !values.has(id)) values.set(id, value);
  }
  return values;
}
