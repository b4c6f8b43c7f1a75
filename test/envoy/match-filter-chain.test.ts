import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnectionFacts, matchFilterChain } from '../../src/envoy/match-filter-chain.ts';
import type { EnvoyFilterChain, EnvoyListener } from '../../src/model/envoy.ts';

function chain(name: string, match: Partial<EnvoyFilterChain> = {}): EnvoyFilterChain {
  return { name, serverNames: [], applicationProtocols: [], tcpClusters: [], filters: [], ...match };
}

function listener(chains: readonly EnvoyFilterChain[], more: Partial<EnvoyListener> = {}): EnvoyListener {
  return {
    name: '0.0.0.0_443',
    state: 'active',
    address: '0.0.0.0',
    port: 443,
    chains,
    hasDefaultChain: false,
    listenerFilters: ['envoy.filters.listener.tls_inspector'],
    udp: false,
    accessLog: true,
    ...more,
  };
}

/** The name of the chain taken, or the kind of answer and why. */
function taken(of: EnvoyListener, connection: ConnectionFacts): string {
  const match = matchFilterChain(of, connection);
  switch (match.kind) {
    case 'chain':
      return match.chain.name ?? '';
    case 'default':
      return `default ${match.chain?.name ?? ''}`.trim();
    case 'none':
      return `none: ${match.step}`;
    default:
      return match.kind;
  }
}

const names = listener([
  chain('exact', { serverNames: ['a.example.com', 'b.example.com'] }),
  chain('near', { serverNames: ['*.a.example.com'] }),
  chain('far', { serverNames: ['*.example.com'] }),
]);

test('the exact name, then the longest wildcard over any depth, then nothing', () => {
  assert.equal(taken(names, { sni: 'a.example.com' }), 'exact');
  assert.equal(taken(names, { sni: 'A.Example.COM' }), 'exact');
  assert.equal(taken(names, { sni: 'x.a.example.com' }), 'near');
  assert.equal(taken(names, { sni: 'x.y.a.example.com' }), 'near');
  assert.equal(taken(names, { sni: 'x.y.c.example.com' }), 'far');
  assert.equal(taken(names, { sni: 'example.com' }), 'none: server-name');
  assert.equal(taken(names, { sni: 'badexample.com' }), 'none: server-name');
  assert.equal(taken(names, { sni: null }), 'none: server-name');
  const match = matchFilterChain(names, { sni: 'x.y.a.example.com' });
  assert.equal(match.kind === 'chain' && match.by, '*.a.example.com');
});

test('a chain without names takes every name, and clients that send none', () => {
  for (const open of [chain('open'), chain('open', { serverNames: ['*'] })]) {
    const with443 = listener([...names.chains, open]);
    assert.equal(taken(with443, { sni: 'example.org' }), 'open');
    assert.equal(taken(with443, { sni: null }), 'open');
    assert.equal(taken(with443, { sni: 'a.example.com' }), 'exact');
  }
});

test('a group once entered is not left again', () => {
  const strict = listener([
    chain('mesh', { serverNames: ['a.example.com'], applicationProtocols: ['istio'] }),
    chain('wild', { serverNames: ['*.example.com'] }),
    chain('plain', { serverNames: ['b.example.com'], transportProtocol: 'raw_buffer' }),
  ]);
  assert.equal(taken(strict, { sni: 'a.example.com', alpn: ['istio'] }), 'mesh');
  assert.equal(taken(strict, { sni: 'a.example.com', alpn: ['h2'] }), 'none: application-protocol');
  assert.equal(taken(strict, { sni: 'b.example.com' }), 'none: transport-protocol');
  assert.equal(taken(strict, { sni: 'b.example.com', transportProtocol: 'raw_buffer' }), 'plain');
  assert.equal(taken(strict, { sni: 'c.example.com', alpn: ['h2'] }), 'wild');
});

test('ports come first, offered protocols in the order of the client, the default chain last', () => {
  const ports = listener(
    [
      chain('other-port', { destinationPort: 8443, serverNames: ['a.example.com'] }),
      chain('any-port', { serverNames: ['a.example.com'] }),
      chain('h2', { serverNames: ['b.example.com'], applicationProtocols: ['h2'] }),
      chain('http1', { serverNames: ['b.example.com'], applicationProtocols: ['http/1.1'] }),
    ],
    { hasDefaultChain: true, defaultChain: chain('rest') },
  );
  assert.equal(taken(ports, { sni: 'a.example.com' }), 'any-port');
  assert.equal(taken(ports, { sni: 'a.example.com', destinationPort: 8443 }), 'other-port');
  assert.equal(taken(ports, { sni: 'b.example.com', destinationPort: 8443 }), 'default rest');
  assert.equal(taken(ports, { sni: 'b.example.com', alpn: ['http/1.1', 'h2'] }), 'http1');
  assert.equal(taken(ports, { sni: 'c.example.com' }), 'default rest');
});

test('where more would decide than is known, that is said', () => {
  const bySource = [chain('x', { serverNames: ['a.example.com'], otherMatch: ['source_ports'] })];
  assert.equal(taken(listener(bySource), { sni: 'a.example.com' }), 'undecided');
  assert.equal(taken(listener(bySource), { sni: 'b.example.com' }), 'none: server-name');
  const byAddress = [...names.chains, chain('x', { otherMatch: ['prefix_ranges'] })];
  assert.equal(taken(listener(byAddress), { sni: 'a.example.com' }), 'undecided');
  assert.equal(taken(listener(names.chains, { listenerFilters: [] }), { sni: 'a.example.com' }), 'undecided');
  assert.equal(taken(listener(names.chains, { matcher: true }), { sni: 'a.example.com' }), 'undecided');
  assert.equal(taken(listener([chain('open')], { listenerFilters: [] }), { sni: 'a.example.com' }), 'open');
});
