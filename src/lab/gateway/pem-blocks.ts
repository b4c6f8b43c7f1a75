/** Why BoringSSL's `PEM_read_bio` does not give another block, by its names and numbers. */
export const pemErrors = {
  NO_START_LINE: '0900006e',
  BAD_END_LINE: '09000066',
  BAD_BASE64_DECODE: '09000064',
  BAD_PASSWORD_READ: '09000068',
} as const;

export type PemError = keyof typeof pemErrors;

interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
  readonly encrypted: boolean;
}

export interface PemReading {
  readonly blocks: readonly PemBlock[];
  /** What stopped the reading. `NO_START_LINE` is the regular end of a text. */
  readonly stoppedBy: PemError;
}

/**
 * Reads PEM as Envoy's BoringSSL does: line by line, text outside of blocks is passed over, and both lines of a block have
 * to be alone on their lines.
 */
export function readPemBlocks(text: string): PemReading {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const blocks: PemBlock[] = [];
  let at = 0;
  for (;;) {
    while (at < lines.length && !/^-----BEGIN .*-----$/.test(lines[at] ?? '')) at += 1;
    if (at >= lines.length) return { blocks, stoppedBy: 'NO_START_LINE' };
    const label = (lines[at] ?? '').slice('-----BEGIN '.length, -'-----'.length);
    const end = lines.findIndex((line, index) => index > at && line.startsWith('-----END '));
    if (end < 0 || lines[end] !== `-----END ${label}-----`) return { blocks, stoppedBy: 'BAD_END_LINE' };
    const block = readBlock(label, lines.slice(at + 1, end));
    if (!block) return { blocks, stoppedBy: 'BAD_BASE64_DECODE' };
    blocks.push(block);
    at = end + 1;
  }
}

function readBlock(label: string, lines: readonly string[]): PemBlock | undefined {
  const headers = lines.filter((line) => line.includes(':'));
  const body = lines.filter((line) => !line.includes(':')).join('');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(body) || body.length % 4 !== 0) return undefined;
  const encrypted = label === 'ENCRYPTED PRIVATE KEY' || headers.some((line) => /^Proc-Type:.*ENCRYPTED/.test(line));
  return { label, der: Buffer.from(body, 'base64'), encrypted };
}
