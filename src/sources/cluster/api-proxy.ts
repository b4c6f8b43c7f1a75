import { BlockList, isIP } from 'node:net';
import { IstlsError } from '../../model/errors.ts';
import type { Environment } from './kubeconfig-files.ts';

const schemes = new Set(['http:', 'https:', 'socks5:', 'socks5h:']);

/**
 * The proxy that requests to the API server go through: the cluster's `proxy-url`, else HTTPS_PROXY or HTTP_PROXY
 * unless NO_PROXY excepts the server. The rules are those of Go's golang.org/x/net/http/httpproxy, which kubectl uses:
 * loopback is never proxied by way of the environment, and ALL_PROXY counts for nothing.
 *
 * @throws IstlsError `proxy-unusable` for an address that is no URL or of another scheme.
 */
export function proxyFor(server: URL, proxyUrl: string | undefined, env: Environment): URL | undefined {
  if (proxyUrl) return parseProxy(proxyUrl, 'proxy-url in the kubeconfig');
  const [name, value] = fromEnvironment(server, env);
  if (!value || exceptedByNoProxy(server, env['NO_PROXY'] || env['no_proxy'] || '')) return undefined;
  return parseProxy(value, `$${name}`);
}

/** The proxy as messages may name it: without its user and password. */
export function proxyName(proxy: URL): string {
  return `${proxy.protocol}//${proxy.host}`;
}

function fromEnvironment(server: URL, env: Environment): readonly [string, string | undefined] {
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  return env[name] ? [name, env[name]] : [name.toLowerCase(), env[name.toLowerCase()]];
}

function parseProxy(text: string, from: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url && schemes.has(url.protocol) && url.hostname !== '') return url;
  // The text itself may hold a password.
  throw new IstlsError('proxy-unusable', `The proxy of ${from} is no URL of the kind http://HOST:PORT.`, {
    exit: 3,
    hint: 'Proxies may be http://, https:// or socks5://.',
  });
}

function exceptedByNoProxy(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || isLoopback(host)) return true;
  return noProxy.split(',').some((entry) => excepts(entry.trim().toLowerCase(), host, port));
}

function excepts(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  if (entry.includes('/')) return inSubnet(entry, host);
  const [name, onlyPort] = splitPort(entry);
  if (name === '' || (onlyPort !== undefined && onlyPort !== port)) return false;
  if (isIP(name)) return isIP(host) !== 0 && sameAddress(name, host);
  const suffix = name.startsWith('*.') ? name.slice(1) : name;
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function splitPort(entry: string): readonly [string, string | undefined] {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  if (bracketed) return [bracketed[1] ?? '', bracketed[2]];
  if (isIP(entry)) return [entry, undefined];
  const named = /^([^:]*):(\d+)$/.exec(entry);
  return named ? [named[1] ?? '', named[2]] : [entry, undefined];
}

function inSubnet(subnet: string, host: string): boolean {
  const [network = '', bits = ''] = subnet.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  return list.check(host, familyOf(host));
}

function sameAddress(a: string, b: string): boolean {
  const list = new BlockList();
  list.addAddress(a, familyOf(a));
  return list.check(b, familyOf(b));
}

function isLoopback(host: string): boolean {
  return isIP(host) !== 0 && (inSubnet('127.0.0.0/8', host) || sameAddress('::1', host));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
