/** What a server answered that does not speak TLS, in words fit for a report. */
const http2Settings = 0x04;

/**
 * The nature of an answer in clear: the first line of an HTTP answer, a greeting (SSH, SMTP), HTTP/2 frames, or, of
 * what is not text, the first bytes in hex. Control characters are left out, and long lines are cut.
 */
export function natureOfPlainAnswer(bytes: Buffer): string {
  if (bytes.length >= 9 && bytes[0] === 0 && bytes[3] === http2Settings) return 'HTTP/2 without TLS';
  const line = bytes.subarray(0, 120).toString('latin1').split(/\r?\n/, 1)[0] ?? '';
  if (/^[\x20-\x7e]{2,}$/.test(line)) return line.trim();
  return `bytes ${bytes.subarray(0, 8).toString('hex')}`;
}
