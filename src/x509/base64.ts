/**
 * Base64 as BoringSSL and Go decode it: whole groups of four with padding, nothing else but line breaks. The white
 * space that the caller lets pass must be out already. Checked without one pattern for all, which for megabytes of
 * text would need more stack than there is.
 */
export function strictBase64(digits: string): Buffer | undefined {
  const padding = digits.endsWith('==') ? 2 : digits.endsWith('=') ? 1 : 0;
  const data = digits.slice(0, digits.length - padding);
  return digits.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(data) ? Buffer.from(data, 'base64') : undefined;
}

/** Base64 as people paste it: with any white space in it. Undefined for text that has other characters. */
export function looseBase64(text: string): Buffer | undefined {
  const digits = text.replaceAll(/\s/g, '');
  return /[^A-Za-z0-9+/=]/.test(digits) ? undefined : Buffer.from(digits, 'base64');
}
