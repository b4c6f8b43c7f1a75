import { strictBase64 } from './base64.ts';
import { beginMark } from './pem-text.ts';

/**
 * The PEM reader of BoringSSL, with all that it insists on and all that it lets pass. Read from `PEM_read_bio` and
 * `EVP_DecodeUpdate` (crypto/pem/pem_lib.cc, crypto/base64/base64.cc) and confirmed case by case with Envoy 1.38.3:
 *
 * - A block begins where a line begins with `-----BEGIN ` and ends in `-----`; any other line before it is passed over.
 * - It ends at the first line that begins with `-----END `, which must name the same label and hold nothing else.
 * - Blanks and control characters at the end of a line do not count, nor (on x86) do bytes above 0x7f.
 * - The first empty line inside of a block ends its header: what stands above it is no base64 any more, and what
 *   follows must be in lines of 64 characters, the last of which may be shorter. (Blocks without an empty line may
 *   have lines of any length. BoringSSL of 2026 drops that rule; no Envoy up to 1.38 has it.)
 * - Lines are read in pieces of 253 characters, each of which counts as a line of its own.
 * - Base64 must be whole groups of four; blanks, tabs and line ends may stand anywhere in it.
 */
export interface PemBlock {
  readonly label: string;
  /** What stands above the first empty line, as `Proc-Type: 4,ENCRYPTED`; the empty string without a header. */
  readonly header: string;
  readonly der: Buffer;
}

/** Why a block cannot be read. BoringSSL reads nothing beyond it. */
export type PemFault = 'begin-without-end' | 'blocks-joined' | 'bad-header' | 'bad-base64';

const pieceLength = 253;
const lineLength = 64;

/**
 * The blocks of a text in order, and the faults in the place of those that cannot be read. After a fault the reading
 * goes on behind it, which BoringSSL does not. `text` has one character a byte.
 */
export function* pemBlocks(text: string): Generator<PemBlock | PemFault> {
  let label: string | undefined;
  let header: string | undefined;
  let lines: string[] = [];
  for (const piece of pieces(text)) {
    if (label === undefined) {
      label = labelOf(piece);
      header = undefined;
      lines = [];
    } else if (piece === '' && header === undefined) {
      header = lines.join('\n');
      lines = [];
    } else if (piece.startsWith('-----END ')) {
      yield piece === `-----END ${label}-----` ? block(label, header, lines) : faultAtEnd(piece);
      label = undefined;
    } else {
      lines.push(piece);
    }
  }
  if (label !== undefined) yield 'begin-without-end';
}

function* pieces(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const lineEnd = newline < 0 ? text.length : newline + 1;
    for (; start < lineEnd; start += pieceLength) {
      yield withoutTrailingBlanks(text.slice(start, Math.min(start + pieceLength, lineEnd)));
    }
    start = lineEnd;
  }
}

function withoutTrailingBlanks(piece: string): string {
  let end = piece.length;
  while (end > 0 && isBlank(piece.charCodeAt(end - 1))) end--;
  return piece.slice(0, end);
}

function isBlank(code: number): boolean {
  return code <= 0x20 || code >= 0x80;
}

function labelOf(piece: string): string | undefined {
  const isBegin =
    piece.startsWith(beginMark) && piece.endsWith('-----') && piece.length >= beginMark.length + '-----'.length;
  return isBegin && !piece.includes('\0') ? piece.slice(beginMark.length, -'-----'.length) : undefined;
}

function block(label: string, header: string | undefined, lines: readonly string[]): PemBlock | PemFault {
  if (lines.some((line) => line.startsWith(beginMark))) return 'begin-without-end';
  if (header !== undefined && !isWrapped(lines)) return 'bad-header';
  const der = strictBase64(lines.join('').replaceAll(/[ \t\r]/g, ''));
  // BoringSSL refuses a block of no bytes at all, as NO_DATA.
  return der && der.length > 0 ? { label, header: header ?? '', der } : 'bad-base64';
}

function isWrapped(lines: readonly string[]): boolean {
  const last = lines.at(-1) ?? '';
  return last.length <= lineLength && lines.slice(0, -1).every((line) => line.length === lineLength);
}

function faultAtEnd(piece: string): PemFault {
  return piece.includes(beginMark) ? 'blocks-joined' : 'begin-without-end';
}
