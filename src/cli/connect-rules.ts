import { isIP, isIPv6 } from 'node:net';
import type { ConnectToRule, ResolveRule } from '../model/connect.ts';
import { quoted } from '../text/quoted.ts';
import { parseHost, parsePort } from './host.ts';
import { usageError } from './usage-error.ts';

/**
 * `HOST:PORT:ADDRESS[,ADDRESS]…`; HOST may be `*`, an IPv6 address may stand in brackets, and as in curl a `+` in front
 * is taken (it says that the entry may expire, which nothing does here).
 *
 * @throws IstlsError
 */
export function parseResolve(text: string): ResolveRule {
  const [host = '', port, addresses] = splitAtColons(text.replace(/^\+/, ''), 3);
  const form = 'write HOST:PORT:ADDRESS, such as shop.example:443:192.0.2.1 or shop.example:443:[2001:db8::1]';
  if (host.startsWith('-')) throw usageError(`${quoted(text)} takes an entry away, and istls starts with none`, form);
  if (port === undefined || addresses === undefined) throw usageError(`${quoted(text)} has no address`, form);
  return {
    host: host === '*' || isIP(host) !== 0 ? host : parseHost(host),
    port: parsePort(port, text),
    addresses: addresses.split(',').map((address) => parseAddress(address, text, form)),
  };
}

function parseAddress(address: string, text: string, form: string): string {
  const bare = /^\[(.*)\]$/.exec(address)?.[1] ?? address;
  if (bare === address ? isIP(bare) !== 0 : isIPv6(bare)) return bare;
  throw usageError(`${quoted(address)} in ${quoted(text)} is not an IP address`, form);
}

/**
 * `HOST1:PORT1:HOST2:PORT2`: what would go to the first goes to the second. Each part may be empty: of the first pair
 * it matches everything, of the second it changes nothing.
 *
 * @throws IstlsError
 */
export function parseConnectTo(text: string): ConnectToRule {
  const parts = splitAtColons(text);
  if (parts.length !== 4) {
    throw usageError(
      `${quoted(text)} has ${parts.length === 1 ? '1 part' : `${parts.length} parts`} of 4`,
      'write HOST1:PORT1:HOST2:PORT2, such as shop.example:443:[2001:db8::1]:8443; a part may be empty',
    );
  }
  const [host1 = '', port1 = '', host2 = '', port2 = ''] = parts;
  return { from: endpoint(host1, port1, text), to: endpoint(host2, port2, text) };
}

function endpoint(host: string, port: string, text: string): { host?: string; port?: number } {
  const bare = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  return {
    ...(host !== '' && { host: isIP(bare) === 0 ? parseHost(host) : bare }),
    ...(port !== '' && { port: parsePort(port, text) }),
  };
}

/** Splits at the colons outside brackets, into at most `limit` parts: the last keeps its colons. */
function splitAtColons(text: string, limit = Infinity): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '[') depth++;
    if (character === ']') depth--;
    if (character === ':' && depth === 0 && parts.length < limit) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}
