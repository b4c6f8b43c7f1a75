import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/**
 * A host name or address as it goes over the wire: international names in their ASCII form. Undefined for what cannot be
 * sent as a name, neither by TLS (255 bytes, RFC 6066 section 3) nor in a `Host` header.
 */
export function wireName(name: string): string | undefined {
  if (isIP(name) !== 0) return name;
  // As in URLs, where line breaks would vanish without a word.
  if (/[\s\p{Cc}]/u.test(name)) return undefined;
  const ascii = /^[\x21-\x7e]*$/.test(name) ? name : domainToASCII(name);
  return ascii !== '' && ascii.length <= 255 ? ascii : undefined;
}
