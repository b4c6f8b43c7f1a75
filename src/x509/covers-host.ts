import { domainToASCII } from 'node:url';
import type { Certificate } from '../model/certificate.ts';
import { canonicalIp } from './ip-address.ts';

type Names = Pick<Certificate, 'dnsNames' | 'ipAddresses'>;

/**
 * Whether a client that asks for `host` accepts a certificate of these names: RFC 9525 section 6, as OpenSSL does it.
 * A wildcard is the whole first label, stands for one label, and has two more behind it (`*.com` covers nothing).
 * An address is covered by an address only. The common name counts for nothing, though curl still falls back to it.
 */
export function coversHost(certificate: Names, host: string): boolean {
  const address = canonicalIp(host.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return certificate.ipAddresses.includes(address);
  const name = asciiName(host);
  return name !== '' && certificate.dnsNames.some((dnsName) => dnsName === name || coversLabel(dnsName, name));
}

/**
 * The same for a host of a Gateway, which may be a wildcard: `*.example.com` is covered by that very name only. `*` is
 * every host, which no certificate covers. (What Istio calls `*.example.com` also takes deeper names; those are not
 * asked for here, since no certificate for the wildcard would cover them.)
 */
export function coversPattern(certificate: Names, pattern: string): boolean {
  if (!pattern.startsWith('*')) return coversHost(certificate, pattern);
  return pattern.startsWith('*.') && certificate.dnsNames.includes(`*.${asciiName(pattern.slice(2))}`);
}

function coversLabel(wildcard: string, name: string): boolean {
  const behind = wildcard.startsWith('*.') ? wildcard.slice(1) : undefined;
  if (behind === undefined || behind.includes('*') || behind.indexOf('.', 1) < 0) return false;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot) === behind;
}

/** Lower case, without the dot of the root, international names in their ASCII form. */
function asciiName(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  const isAscii = !/[^ -~]/.test(name);
  return isAscii ? name : domainToASCII(name);
}
