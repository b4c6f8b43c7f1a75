/**
 * Finds where a JSON value ends, byte by byte and across chunks, without building anything. Nesting costs a counter, so
 * a document of a million brackets is as harmless as any other.
 */

const quote = 0x22;
const backslash = 0x5c;

const other = 0;
const opening = 1;
const closing = 2;
const string = 3;
const kinds = new Uint8Array(256);
kinds[0x7b] = opening;
kinds[0x5b] = opening;
kinds[0x7d] = closing;
kinds[0x5d] = closing;
kinds[quote] = string;

export interface ValueScan {
  depth: number;
  deepest: number;
  inString: boolean;
  escaped: boolean;
}

/** A scan that starts inside `depth` brackets: 0 before a value, 1 just after the bracket that opened it. */
export function startScan(depth: 0 | 1): ValueScan {
  return { depth, deepest: depth, inString: false, escaped: false };
}

/**
 * Goes on at `from`. Gives the place just after the value's last byte, or -1 when the chunk ended first. The value must
 * be an object, a list or a string: a bare number has no end of its own.
 */
export function scanValue(scan: ValueScan, chunk: Uint8Array, from: number): number {
  const end = chunk.length;
  let { depth, deepest, inString } = scan;
  let at = from;
  if (scan.escaped && at < end) {
    scan.escaped = false;
    at += 1;
  }
  while (at < end) {
    if (inString) {
      while (at < end && chunk[at] !== quote && chunk[at] !== backslash) at += 1;
      if (at >= end) break;
      if (chunk[at] === backslash) {
        at += 2;
        continue;
      }
      inString = false;
      at += 1;
      if (depth === 0) return at;
      continue;
    }
    while (at < end && kinds[chunk[at] ?? 0] === other) at += 1;
    if (at >= end) break;
    const kind = kinds[chunk[at] ?? 0];
    at += 1;
    if (kind === string) inString = true;
    else if (kind === opening) {
      depth += 1;
      if (depth > deepest) {
        deepest = depth;
        scan.deepest = deepest;
      }
    } else {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  scan.depth = depth;
  scan.inString = inString;
  scan.escaped = at > end;
  return -1;
}
