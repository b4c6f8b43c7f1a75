import { looseBase64 } from './base64.ts';

/** One PEM block (RFC 7468) with a final newline. */
export function pemBlock(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

export const beginMark = '-----BEGIN ';
const dashes = '-----';

/** A block found by its two marks alone, wherever they stand. `start` and `end` are its place in the text. */
export interface LooseBlock {
  readonly label: string;
  readonly der: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * What can still be read of a text that Envoy refuses: blocks joined on one line, indented, or with their line breaks
 * lost, which may stand there as the `\n` of a quoted string. Blocks with a header, such as encrypted keys in their
 * traditional form, are not found. Looks at each dash once, so the time is linear in the length.
 */
export function* looseBlocks(text: string): Generator<LooseBlock> {
  let from = 0;
  for (;;) {
    const start = text.indexOf(beginMark, from);
    const labelEnd = start < 0 ? -1 : text.indexOf(dashes, start + beginMark.length);
    const bodyEnd = labelEnd < 0 ? -1 : text.indexOf(dashes, labelEnd + dashes.length);
    if (bodyEnd < 0) return;
    const label = text.slice(start + beginMark.length, labelEnd);
    const endMark = `-----END ${label}-----`;
    const isBlock = text.startsWith(endMark, bodyEnd);
    const der = isBlock
      ? looseBase64(text.slice(labelEnd + dashes.length, bodyEnd).replaceAll(/\\[nr]/g, ''))
      : undefined;
    const end = isBlock ? bodyEnd + endMark.length : labelEnd + dashes.length;
    if (der) yield { label, der, start, end };
    from = end;
  }
}

/** The labels that BoringSSL takes for a certificate; the last only in the first place of a chain. */
export const certificateLabels: ReadonlySet<string> = new Set([
  'CERTIFICATE',
  'X509 CERTIFICATE',
  'TRUSTED CERTIFICATE',
]);

export const revocationListLabel = 'X509 CRL';

/** The labels under which BoringSSL looks for a private key. */
export const privateKeyLabels: ReadonlySet<string> = new Set([
  'PRIVATE KEY',
  'ENCRYPTED PRIVATE KEY',
  'RSA PRIVATE KEY',
  'EC PRIVATE KEY',
  'DSA PRIVATE KEY',
]);
