import { lookup, Resolver } from 'node:dns/promises';
import type { DnsAnswer } from '../../model/probe.ts';
import { unlessAborted } from './abort.ts';

/** c-ares' codes (node:dns) as DNS names them. What is not here is given as it is. */
const errorNames: Readonly<Record<string, string>> = {
  ENOTFOUND: 'NXDOMAIN',
  ENODATA: 'NODATA',
  ESERVFAIL: 'SERVFAIL',
  EREFUSED: 'REFUSED',
  EFORMERR: 'FORMERR',
  ENOTIMP: 'NOTIMP',
  ETIMEOUT: 'timeout',
  ECONNREFUSED: 'no DNS server answers',
  EBADNAME: 'not a DNS name',
};

const defaultTimeoutMs = 1500;
const tries = 2;
const longestAlias = 8;

export interface ResolveOptions {
  /** Addresses of the DNS servers to ask, with ports where they are not 53; by default this machine's. */
  readonly servers?: readonly string[];
  /** For each of two tries. */
  readonly timeoutMs?: number;
}

/**
 * Asks DNS for the addresses of a host (A and AAAA, with the aliases that lead there), and this machine as programs on
 * it ask (getaddrinfo). If DNS itself cannot be asked, what this machine finds is taken for the addresses. Rejects only
 * with the reason of `signal`.
 */
export async function resolveHost(
  host: string,
  signal: AbortSignal,
  { servers, timeoutMs = defaultTimeoutMs }: ResolveOptions = {},
): Promise<DnsAnswer> {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (servers) resolver.setServers(servers);
  const onAbort = (): void => resolver.cancel();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const [a, aaaa, cname, local] = await unlessAborted(
      Promise.all([
        answer(resolver.resolve4(host)),
        answer(resolver.resolve6(host)),
        aliases(resolver, host),
        localAddresses(host),
      ]),
      signal,
    );
    return combined(host, a, aaaa, cname, local);
  } finally {
    signal.removeEventListener('abort', onAbort);
    resolver.cancel();
  }
}

interface Answer {
  readonly found: readonly string[];
  readonly error?: string;
}

async function answer(asked: Promise<string[]>): Promise<Answer> {
  try {
    return { found: await asked };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { found: [], error: errorNames[code] ?? code };
  }
}

/** The chain of CNAME records, as far as it goes. */
async function aliases(resolver: Resolver, host: string): Promise<readonly string[]> {
  const chain: string[] = [];
  for (let name = host; chain.length < longestAlias;) {
    const [next] = (await answer(resolver.resolveCname(name))).found;
    if (next === undefined || chain.includes(next)) break;
    chain.push(next);
    name = next;
  }
  return chain;
}

async function localAddresses(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true }).catch(() => []);
  return [...new Set(found.map(({ address }) => address))];
}

function combined(
  host: string,
  a: Answer,
  aaaa: Answer,
  cname: readonly string[],
  local: readonly string[],
): DnsAnswer {
  const found = new Set([...a.found, ...aaaa.found]);
  const error = errorOf(a, aaaa);
  const answered = error === undefined || error === 'NXDOMAIN' || error === 'NODATA';
  if (!answered && local.length > 0) {
    return { host, ...byFamily(local), cname };
  }
  const differs = local.some((address) => !found.has(address));
  return {
    host,
    a: a.found,
    aaaa: aaaa.found,
    cname,
    ...(differs && { local }),
    ...(error !== undefined && { error }),
  };
}

/** Why there is no address at all. A name that has one family only has an address. */
function errorOf(a: Answer, aaaa: Answer): string | undefined {
  if (a.found.length > 0 || aaaa.found.length > 0) return undefined;
  const errors = [a.error, aaaa.error].filter((error) => error !== undefined);
  return errors.find((error) => error !== 'NODATA') ?? errors[0] ?? 'NODATA';
}

function byFamily(addresses: readonly string[]): Pick<DnsAnswer, 'a' | 'aaaa'> {
  return {
    a: addresses.filter((address) => !address.includes(':')),
    aaaa: addresses.filter((address) => address.includes(':')),
  };
}
