import { isIPv4, isIPv6 } from 'node:net';

/** The 4 or 16 bytes of an address, or undefined when the text is none. A zone (`fe80::1%eth0`) is no part of one. */
export function ipBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  const canonical = canonicalIp(text);
  if (canonical === undefined) return undefined;
  const [head = '', tail] = canonical.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, index) => bytes.writeUInt16BE(group, 2 * index));
  return bytes;
}

/** The address of 4 or 16 bytes as text, IPv6 in its shortest form; other lengths are no address. */
export function ipText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const hex = Buffer.from(bytes).toString('hex');
  return canonicalIp(hex.match(/.{4}/g)?.join(':') ?? '');
}

/** One spelling for each address, so that `2001:DB8:0::1` and `2001:db8::1` compare equal. Undefined for no address. */
export function canonicalIp(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
