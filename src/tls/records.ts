/** The content types of records (RFC 8446 section 5.1). */
export const contentTypes = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

export interface TlsRecord {
  readonly type: number;
  /** The five bytes before the fragment; AEAD ciphers authenticate them. */
  readonly header: Buffer;
  readonly fragment: Buffer;
}

const headerSize = 5;

/**
 * Whether bytes can be the beginning of TLS records: a known content type, and a version of 3.x. Fewer than three
 * bytes are judged by as much as is there; none at all give false.
 */
export function beginsLikeTls(bytes: Buffer): boolean {
  const [type, major, minor] = bytes;
  if (type === undefined || type < contentTypes.changeCipherSpec || type > contentTypes.applicationData) return false;
  return (major ?? 3) === 3 && (minor ?? 0) <= 4;
}

/**
 * The number of an alert that was sent in clear, as every alert before the end of the handshake is but those of TLS 1.3.
 * Encrypted ones are longer than two bytes.
 */
export function alertInClear(bytes: Buffer): number | undefined {
  if (!beginsLikeTls(bytes)) return undefined;
  const alert = readRecords(bytes).findLast(
    ({ type, fragment }) => type === contentTypes.alert && fragment.length === 2,
  );
  return alert?.fragment[1];
}

/** The whole records at the beginning of `bytes`; an unfinished one at the end is left out. */
export function readRecords(bytes: Buffer): readonly TlsRecord[] {
  const records: TlsRecord[] = [];
  let offset = 0;
  while (bytes.length - offset >= headerSize) {
    const end = offset + headerSize + bytes.readUInt16BE(offset + 3);
    if (end > bytes.length) break;
    records.push({
      type: bytes.readUInt8(offset),
      header: bytes.subarray(offset, offset + headerSize),
      fragment: bytes.subarray(offset + headerSize, end),
    });
    offset = end;
  }
  return records;
}
