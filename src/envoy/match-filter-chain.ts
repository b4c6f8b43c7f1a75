import type { EnvoyFilterChain, EnvoyListener } from '../model/envoy.ts';

/** What Envoy knows of a connection when it chooses the filter chain. */
export interface ConnectionFacts {
  /** The server name of the ClientHello; null: none was sent. */
  readonly sni: string | null;
  /** The protocols that the client offers, in its order. */
  readonly alpn?: readonly string[];
  /** What the TLS inspector found; `tls` unless given. */
  readonly transportProtocol?: 'tls' | 'raw_buffer';
  /** The port that the connection was made to; the listener's own unless given. */
  readonly destinationPort?: number;
}

export type FilterChainMatch =
  /** `by` is the entry of `server_names` that matched; null: the chain takes every name. */
  | { readonly kind: 'chain'; readonly chain: EnvoyFilterChain; readonly index: number; readonly by: string | null }
  | { readonly kind: 'default'; readonly chain?: EnvoyFilterChain }
  /** `step` is the criterion at which nothing was left: with `server-name`, no chain has the name. */
  | { readonly kind: 'none'; readonly step: MatchStep }
  /** More than the facts given would decide. */
  | { readonly kind: 'undecided'; readonly because: string };

export type MatchStep = 'destination-port' | 'server-name' | 'transport-protocol' | 'application-protocol';

interface Candidate {
  readonly chain: EnvoyFilterChain;
  readonly index: number;
}

/**
 * Which filter chain of a listener Envoy takes for a connection. At each criterion the most specific group that fits is
 * entered and never left again: where a chain for `a.example.com` wants another protocol, `*.example.com` is not tried
 * (envoy source/common/listener_manager/filter_chain_manager_impl.cc).
 */
export function matchFilterChain(listener: EnvoyListener, connection: ConnectionFacts): FilterChainMatch {
  if (listener.matcher === true) return { kind: 'undecided', because: 'the listener chooses chains by a matcher tree' };
  const candidates = listener.chains.map((chain, index) => ({ chain, index }));
  const ofPort = group(candidates, ({ chain }) => chain.destinationPort, [connection.destinationPort ?? listener.port]);
  if (!ofPort) return fallback(listener, 'destination-port');
  if (needsInspector(ofPort) && !hasInspector(listener)) {
    return { kind: 'undecided', because: 'the chains ask for a server name, but the listener has no TLS inspector' };
  }
  const byAddress = furtherCriteria(ofPort).filter((criterion) => destinationCriteria.has(criterion));
  if (byAddress.length > 0) return { kind: 'undecided', because: `the chains also ask for ${byAddress.join(', ')}` };
  const named = byServerName(ofPort, connection.sni);
  if (!named) return fallback(listener, 'server-name');
  const ofTransport = group(named.candidates, ({ chain }) => chain.transportProtocol || undefined, [
    connection.transportProtocol ?? 'tls',
  ]);
  if (!ofTransport) return fallback(listener, 'transport-protocol');
  const ofProtocol = byApplicationProtocol(ofTransport, connection.alpn ?? []);
  if (!ofProtocol) return fallback(listener, 'application-protocol');
  const further = furtherCriteria(ofProtocol);
  if (further.length > 0) return { kind: 'undecided', because: `the chains also ask for ${further.join(', ')}` };
  const [taken] = ofProtocol;
  return taken ? { kind: 'chain', ...taken, by: named.by } : fallback(listener, 'server-name');
}

/** Criteria that Envoy looks at before the server name; the others come after everything that is looked at here. */
const destinationCriteria: ReadonlySet<string> = new Set(['prefix_ranges', 'address_suffix']);

function furtherCriteria(candidates: readonly Candidate[]): readonly string[] {
  return [...new Set(candidates.flatMap(({ chain }) => chain.otherMatch ?? []))];
}

/** The candidates with the first of the wanted values that any has, else those that ask for none. */
function group<T>(
  candidates: readonly Candidate[],
  valueOf: (candidate: Candidate) => T | undefined,
  wanted: readonly (T | undefined)[],
): readonly Candidate[] | undefined {
  for (const value of [...wanted.filter((each) => each !== undefined), undefined]) {
    const found = candidates.filter((candidate) => valueOf(candidate) === value);
    if (found.length > 0) return found;
  }
  return undefined;
}

function needsInspector(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ chain }) => namesOf(chain).some((name) => name !== ''));
}

function hasInspector(listener: EnvoyListener): boolean {
  return listener.udp || listener.listenerFilters.some((name) => name.endsWith('tls_inspector'));
}

/** The names a chain takes, wildcards by their suffix (`.example.com`); the empty one stands for every name. */
function namesOf(chain: EnvoyFilterChain): readonly string[] {
  if (chain.serverNames.length === 0) return [''];
  return chain.serverNames.map((name) => (name === '*' ? '' : name.startsWith('*.') ? name.slice(1) : name));
}

function byServerName(candidates: readonly Candidate[], sni: string | null) {
  for (const wanted of lookups(sni)) {
    const found = candidates.filter(({ chain }) => namesOf(chain).includes(wanted));
    if (found.length > 0) return { candidates: found, by: wanted.startsWith('.') ? `*${wanted}` : wanted || null };
  }
  return undefined;
}

/** The exact name, then each suffix after a dot, longest first, then every name. */
function lookups(sni: string | null): readonly string[] {
  const name = (sni ?? '').toLowerCase();
  const wanted = name === '' ? [] : [name];
  for (let dot = name.indexOf('.', 1); dot >= 0 && dot < name.length - 1; dot = name.indexOf('.', dot + 1)) {
    wanted.push(name.slice(dot));
  }
  return [...wanted, ''];
}

function byApplicationProtocol(candidates: readonly Candidate[], alpn: readonly string[]) {
  for (const protocol of alpn) {
    const found = candidates.filter(({ chain }) => chain.applicationProtocols.includes(protocol));
    if (found.length > 0) return found;
  }
  const open = candidates.filter(({ chain }) => chain.applicationProtocols.length === 0);
  return open.length > 0 ? open : undefined;
}

function fallback(listener: EnvoyListener, step: MatchStep): FilterChainMatch {
  if (!listener.hasDefaultChain) return { kind: 'none', step };
  return { kind: 'default', ...(listener.defaultChain && { chain: listener.defaultChain }) };
}
