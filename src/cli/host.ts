import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { quoted } from '../text/quoted.ts';
import { usageError } from './usage-error.ts';

/** A host with what stood behind it: `host` is a DNS name in lower-case ASCII, or an IP address without brackets. */
export interface HostAndPort {
  readonly host: string;
  readonly isAddress: boolean;
  readonly port?: number;
}

/**
 * `shop.example`, `shop.example:8443`, `192.0.2.1:443`, `[2001:db8::1]:443`, or an IPv6 address alone.
 *
 * @throws IstlsError that quotes `text` and says which part of it is wrong
 */
export function parseHostAndPort(text: string): HostAndPort {
  if (isIPv6(text)) return { host: text, isAddress: true };
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed) {
    const [, address = '', port] = bracketed;
    if (!isIPv6(address)) throw usageError(`${quoted(address)} in ${quoted(text)} is not an IPv6 address`);
    return { host: address, isAddress: true, ...portOf(port, text) };
  }
  const colon = text.indexOf(':');
  if (colon >= 0 && text.includes(':', colon + 1)) {
    throw usageError(
      `${quoted(text)} has several colons and is not an IPv6 address`,
      'write a name as HOST:PORT, an IPv6 address as [ADDRESS]:PORT',
    );
  }
  const name = colon < 0 ? text : text.slice(0, colon);
  const host = isIP(name) === 0 ? parseHost(name) : name;
  return { host, isAddress: isIP(name) !== 0, ...portOf(colon < 0 ? undefined : text.slice(colon + 1), text) };
}

function portOf(port: string | undefined, text: string): { port?: number } {
  return port === undefined ? {} : { port: parsePort(port, text) };
}

/**
 * A TCP port in decimal digits. `text` is what the user wrote around it, for the message.
 *
 * @throws IstlsError
 */
export function parsePort(port: string, text: string): number {
  const number = /^\d{1,6}$/.test(port) ? Number(port) : Number.NaN;
  if (number >= 1 && number <= 65_535) return number;
  const where = port === text ? '' : ` in ${quoted(text)}`;
  if (port === '') throw usageError(`no port behind the colon${where}`, 'write a port from 1 to 65535, or no colon');
  throw usageError(`${quoted(port)}${where} is not a port`, 'ports are numbers from 1 to 65535');
}

/**
 * A DNS name as TLS and DNS want it: lower case, Unicode as `xn--…`, no final dot.
 *
 * @throws IstlsError for what can be no host's name; wildcards are none
 */
export function parseHost(text: string): string {
  if (text === '') throw usageError('a host name is missing');
  if (text.startsWith('*.')) {
    throw usageError(
      `${quoted(text)} stands for many hosts`,
      `name one of them, such as ${quoted(`www.${text.slice(2)}`)}: each has a path of its own through the gateway`,
    );
  }
  const wrong = /[\s%/\\?#@:*]/u.exec(text)?.[0];
  if (wrong !== undefined) throw usageError(`${quoted(text)} is not a host name: it cannot hold ${quoted(wrong)}`);

  const ascii = domainToASCII(text).replace(/\.$/, '');
  // What looks like a number is an address to URLs (`127.1`, `0x7f.1`), and a slip of the finger to people.
  if (ascii === '' || isIP(ascii) !== 0) {
    throw usageError(
      `${quoted(text)} is ${/^[\da-fx.]+$/i.test(text) ? 'no IPv4 address and no host name' : 'not a host name'}`,
    );
  }
  if (ascii.length > 253) throw usageError(`${quoted(text)} is longer than the 253 characters that DNS allows`);
  for (const label of ascii.split('.')) {
    if (label === '') throw usageError(`${quoted(text)} has an empty part between its dots`);
    if (label.length > 63)
      throw usageError(`${quoted(label)} is longer than the 63 characters between dots that DNS allows`);
    if (!/^\w(?:[\w-]*\w)?$/.test(label))
      throw usageError(`${quoted(label)} in ${quoted(text)} cannot be a part of a host name`);
  }
  return ascii;
}
