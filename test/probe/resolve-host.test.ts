import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { hasRoute, hasRoute6, localGap } from '../../src/sources/probe/local-gap.ts';
import { resolveHost } from '../../src/sources/probe/resolve-host.ts';
import { noSignal } from './peers.ts';

const types = { A: 1, CNAME: 5, AAAA: 28 } as const;
const kinds = ['A', 'CNAME', 'AAAA'] as const;
const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

interface Zone {
  readonly code?: keyof typeof codes;
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly CNAME?: string;
}

/** A name server on loopback: answers what the zones say, NXDOMAIN for others, and nothing for `silent.`. */
async function nameServer(t: TestContext, zones: Readonly<Record<string, Zone>>): Promise<readonly string[]> {
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const { name, type, end } = question(query);
    if (name.startsWith('silent.')) return;
    const zone: Zone = zones[name] ?? { code: 'NXDOMAIN' };
    const answers = kinds
      .filter((kind) => types[kind] === type)
      .flatMap((kind) => [zone[kind] ?? []].flat().map((value) => record(type, value)));
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8580 | codes[zone.code ?? 'NOERROR'], 2);
    head.writeUInt16BE(answers.length, 6);
    head.fill(0, 8);
    socket.send(Buffer.concat([head, query.subarray(12, end), ...answers]), peer.port, peer.address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  t.after(() => socket.close());
  return [`127.0.0.1:${socket.address().port}`];
}

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let size = query.readUInt8(at); size > 0; size = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function record(type: number, value: string): Buffer {
  const data = type === types.CNAME ? nameBytes(value) : addressBytes(value);
  const head = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([head, data]);
}

function nameBytes(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    Buffer.of(0),
  ]);
}

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [before = '', after = ''] = address.split('::');
  const [front, back] = [before, after].map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - (front?.length ?? 0) - (back?.length ?? 0) }, () => '0');
  return Buffer.from(
    [...(front ?? []), ...zeros, ...(back ?? [])].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  );
}

suite('a host', () => {
  const zones: Readonly<Record<string, Zone>> = {
    'both.test.invalid': { A: ['192.0.2.7', '192.0.2.8'], AAAA: ['2001:db8::7'] },
    'four.test.invalid': { A: ['192.0.2.7'] },
    'alias.test.invalid': { CNAME: 'middle.test.invalid', A: ['192.0.2.9'] },
    'middle.test.invalid': { CNAME: 'lb.test.invalid' },
    'loop.test.invalid': { CNAME: 'loop.test.invalid' },
    'empty.test.invalid': {},
    'broken.test.invalid': { code: 'SERVFAIL' },
    'private.test.invalid': { code: 'REFUSED' },
    localhost: { A: ['192.0.2.1'] },
  };
  const expected: Readonly<Record<string, object>> = {
    'both.test.invalid': { a: ['192.0.2.7', '192.0.2.8'], aaaa: ['2001:db8::7'], cname: [] },
    'four.test.invalid': { a: ['192.0.2.7'], aaaa: [], cname: [] },
    'alias.test.invalid': { a: ['192.0.2.9'], aaaa: [], cname: ['middle.test.invalid', 'lb.test.invalid'] },
    'loop.test.invalid': { a: [], aaaa: [], cname: ['loop.test.invalid'], error: 'NODATA' },
    'empty.test.invalid': { a: [], aaaa: [], cname: [], error: 'NODATA' },
    'nobody.test.invalid': { a: [], aaaa: [], cname: [], error: 'NXDOMAIN' },
    'broken.test.invalid': { a: [], aaaa: [], cname: [], error: 'SERVFAIL' },
    'private.test.invalid': { a: [], aaaa: [], cname: [], error: 'REFUSED' },
    'bad..name': { a: [], aaaa: [], cname: [], error: 'not a DNS name' },
  };
  for (const [host, answer] of Object.entries(expected)) {
    test(`${host} is what DNS says of it`, async (t) => {
      const servers = await nameServer(t, zones);
      assert.deepEqual(await resolveHost(host, noSignal, { servers }), { host, ...answer });
    });
  }

  test('that this machine knows otherwise has both answers', async (t) => {
    const servers = await nameServer(t, zones);
    const { local = [], ...answer } = await resolveHost('localhost', noSignal, { servers });
    assert.deepEqual(answer, { host: 'localhost', a: ['192.0.2.1'], aaaa: [], cname: [] });
    assert.ok(local.includes('127.0.0.1') || local.includes('::1'), local.join());
  });

  test('that this machine alone knows, while DNS fails, has the answer of this machine', async (t) => {
    const servers = await nameServer(t, { localhost: { code: 'SERVFAIL' } });
    const answer = await resolveHost('localhost', noSignal, { servers });
    assert.equal(answer.error, undefined);
    assert.ok([...answer.a, ...answer.aaaa].some((address) => address === '127.0.0.1' || address === '::1'));
  });

  test('of a name server that is silent is not known', async (t) => {
    const servers = await nameServer(t, zones);
    const answer = await resolveHost('silent.test.invalid', noSignal, { servers, timeoutMs: 100 });
    assert.equal(answer.error, 'timeout');
  });

  test('is given up when the signal comes', async (t) => {
    const servers = await nameServer(t, zones);
    const controller = new AbortController();
    const asked = resolveHost('silent.test.invalid', controller.signal, { servers });
    controller.abort(new Error('enough'));
    await assert.rejects(asked, /enough/);
  });
});

/** A network namespace of its own has neither addresses nor routes. */
const program = 'unshare';
const noNamespaces =
  spawnSync(program, ['-rn', 'true']).status === 0 ? false : 'no unprivileged network namespaces here';

suite('what this machine cannot do', () => {
  test('without a network is not held against the server', { skip: noNamespaces }, () => {
    const script = `
      import { probe } from ${JSON.stringify(new URL('../../src/sources/probe/probe.ts', import.meta.url).href)};
      for (const address of ['2001:db8::7', '192.0.2.7']) {
        const plan = { host: 'shop.example.com', address, port: 443, via: 'direct' };
        const { outcome, phase, gap } = await probe(plan, new AbortController().signal);
        console.log(outcome, phase, gap?.reason, gap?.detail);
      }`;
    const args = ['-rn', process.execPath, '--input-type=module', '-e', script];
    const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
    assert.deepEqual(stdout.trim().split('\n'), [
      'unreachable connect unreachable This machine has no IPv6 route, so IPv6 addresses cannot be tried from here.',
      'unreachable connect unreachable This machine has no route to 192.0.2.7.',
    ]);
  });

  test('is told from what a server does', async () => {
    assert.equal(await localGap('ECONNREFUSED', '127.0.0.1'), undefined);
    assert.equal(await localGap('ENETUNREACH', '127.0.0.1'), undefined, 'there is a route: the refusal is a router’s');
    assert.equal(await localGap(undefined, '127.0.0.1'), undefined);
    const gap = await localGap('EMFILE', '127.0.0.1');
    assert.equal(gap?.reason, 'unreachable');
    assert.match(gap.detail, /too many open files/);
  });

  test('is asked of the routing table', async () => {
    assert.equal(await hasRoute('127.0.0.1'), true);
    assert.equal(typeof (await hasRoute6()), 'boolean');
    // Not without asking for it: to this machine, broadcast leads nowhere.
    const unroutable = '255.255.255.255';
    assert.equal(await hasRoute(unroutable), false);
    assert.match((await localGap('ENETUNREACH', unroutable))?.detail ?? '', /^This machine has no route to 255/);
  });
});
