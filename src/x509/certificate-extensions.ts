import type { Der } from './der.ts';
import {
  booleanOf,
  bytesOf,
  child,
  children,
  contextChildren,
  isContext,
  isUniversal,
  oidOf,
  smallIntegerOf,
  tags,
} from './der.ts';
import { ipText } from './ip-address.ts';
import { accessMethods, keyUsageBits } from './oids.ts';

/** The kinds of GeneralName (RFC 5280 section 4.2.1.6) by their tag. */
const generalNames = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

/** The status_request extension of TLS, which a must-staple certificate names (RFC 7633). */
const statusRequest = 5;

export function subjectAltNames(value: Der | undefined): {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
} {
  return {
    dnsNames: texts(value, generalNames.dns).map((name) => name.toLowerCase()),
    ipAddresses: contextChildren(value, generalNames.ip).flatMap((name) => addressOf(name)),
    uris: texts(value, generalNames.uri),
    emails: texts(value, generalNames.email),
  };
}

export function basicConstraints(value: Der | undefined): { readonly isCa: boolean; readonly pathLength?: number } {
  const isCa = booleanOf(child(value, 0)) ?? false;
  const pathLength = isCa ? smallIntegerOf(child(value, 1)) : undefined;
  return { isCa, ...(pathLength !== undefined && { pathLength }) };
}

/** The names of the bits that are set; undefined when the extension is absent or no bit string. */
export function keyUsage(value: Der | undefined): readonly string[] | undefined {
  const bytes = isUniversal(value, tags.bitString) ? bytesOf(value)?.subarray(1) : undefined;
  return bytes && keyUsageBits.filter((_, place) => ((bytes[place >> 3] ?? 0) & (0x80 >> (place & 7))) !== 0);
}

export function extendedKeyUsage(value: Der | undefined): readonly string[] | undefined {
  return value && children(value).flatMap((usage) => oidOf(usage) ?? []);
}

export function isMustStaple(value: Der | undefined): boolean {
  return children(value).some((feature) => smallIntegerOf(feature) === statusRequest);
}

/** The addresses of authorityInformationAccess, RFC 5280 section 4.2.2.1. */
export function authorityUrls(value: Der | undefined, method: keyof typeof accessMethods): readonly string[] {
  return children(value)
    .filter((entry) => oidOf(child(entry, 0)) === accessMethods[method])
    .flatMap((entry) => texts(entry, generalNames.uri));
}

/** The addresses of cRLDistributionPoints, RFC 5280 section 4.2.1.13: those given as full names. */
export function crlUrls(value: Der | undefined): readonly string[] {
  return children(value)
    .flatMap((point) => contextChildren(point, 0))
    .flatMap((name) => contextChildren(name, 0))
    .flatMap((fullName) => texts(fullName, generalNames.uri));
}

function addressOf(name: Der): readonly string[] {
  const bytes = bytesOf(name);
  const text = bytes && ipText(bytes);
  return text === undefined ? [] : [text];
}

function texts(names: Der | undefined, kind: number): string[] {
  return children(names).flatMap((name) =>
    isContext(name, kind) && typeof name.value === 'string' ? [name.value] : [],
  );
}
