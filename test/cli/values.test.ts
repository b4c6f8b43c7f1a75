import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConnectTo, parseResolve } from '../../src/cli/connect-rules.ts';
import { parseDuration } from '../../src/cli/duration.ts';
import { IstlsError } from '../../src/model/errors.ts';

function refuses(parse: (text: string) => unknown, text: string, message: RegExp): void {
  assert.throws(
    () => parse(text),
    (error: unknown) => {
      assert.ok(error instanceof IstlsError);
      assert.equal(error.exit, 2);
      assert.match(`${error.message} | ${error.hint ?? ''}`, message);
      return true;
    },
  );
}

describe('a duration', () => {
  const durations: readonly [string, number][] = [
    ['500ms', 500],
    ['30s', 30_000],
    ['30', 30_000],
    ['2m', 120_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['0.5s', 500],
    ['0', 0],
    ['0s', 0],
    ['596h', 2_145_600_000],
  ];
  for (const [text, ms] of durations) it(`of ${text}`, () => assert.equal(parseDuration(text), ms));

  it('is refused when it is none, and says how to write one', () => {
    for (const text of ['', 's', '-1s', '1 s', '1d', '30sec', '1e3s', '0x10', '1,5s', '٣s', 'Infinity']) {
      refuses(parseDuration, text, /is not a duration \| .*500ms, 30s, 2m, 1m30s or 1h/);
    }
    refuses(parseDuration, '597h', /"597h" is longer than istls can wait/);
    refuses((text) => parseDuration(text, { zero: 'refused' }), '0ms', /no time at all/);
  });

  it('takes no longer to refuse however long it is', () => {
    const start = performance.now();
    refuses(parseDuration, `${'1s'.repeat(50_000)}!`, /is not a duration/);
    assert.ok(performance.now() - start < 1000);
  });
});

describe('--resolve', () => {
  const rules: readonly [string, object][] = [
    ['shop.example:443:192.0.2.1', { host: 'shop.example', port: 443, addresses: ['192.0.2.1'] }],
    ['Shop.Example.:443:192.0.2.1', { host: 'shop.example', port: 443, addresses: ['192.0.2.1'] }],
    ['shop.example:8443:[2001:db8::1]', { host: 'shop.example', port: 8443, addresses: ['2001:db8::1'] }],
    ['shop.example:8443:2001:db8::1', { host: 'shop.example', port: 8443, addresses: ['2001:db8::1'] }],
    [
      'a.example:443:192.0.2.1,[2001:db8::1]',
      { host: 'a.example', port: 443, addresses: ['192.0.2.1', '2001:db8::1'] },
    ],
    ['*:443:192.0.2.1', { host: '*', port: 443, addresses: ['192.0.2.1'] }],
    ['+shop.example:443:127.0.0.1', { host: 'shop.example', port: 443, addresses: ['127.0.0.1'] }],
  ];
  for (const [text, rule] of rules) it(`reads ${text}`, () => assert.deepEqual(parseResolve(text), rule));

  it('names what is wrong', () => {
    refuses(parseResolve, 'shop.example:443', /"shop\.example:443" has no address \| write HOST:PORT:ADDRESS, such as/);
    refuses(parseResolve, 'shop.example', /has no address/);
    refuses(parseResolve, '-shop.example:443', /takes an entry away/);
    refuses(parseResolve, 'shop.example:0:192.0.2.1', /"0" in .* is not a port/);
    refuses(parseResolve, 'shop.example:443:gateway.example', /"gateway\.example" in .* is not an IP address/);
    refuses(parseResolve, 'shop.example:443:192.0.2.1,', /"" in .* is not an IP address/);
    refuses(parseResolve, 'shop.example:443:[192.0.2.1]', /is not an IP address/);
    refuses(parseResolve, 'shop .example:443:192.0.2.1', /cannot hold " "/);
  });
});

describe('--connect-to', () => {
  const rules: readonly [string, object][] = [
    ['a.example:443:b.example:8443', { from: { host: 'a.example', port: 443 }, to: { host: 'b.example', port: 8443 } }],
    ['::b.example:', { from: {}, to: { host: 'b.example' } }],
    [':443::8443', { from: { port: 443 }, to: { port: 8443 } }],
    [
      'a.example:443:[2001:db8::1]:8443',
      { from: { host: 'a.example', port: 443 }, to: { host: '2001:db8::1', port: 8443 } },
    ],
    [':::', { from: {}, to: {} }],
  ];
  for (const [text, rule] of rules) it(`reads ${text}`, () => assert.deepEqual(parseConnectTo(text), rule));

  it('names what is wrong', () => {
    refuses(parseConnectTo, 'a.example:443', /has 2 parts of 4 \| write HOST1:PORT1:HOST2:PORT2/);
    refuses(parseConnectTo, 'a.example', /has 1 part of 4/);
    refuses(parseConnectTo, 'a.example:443:b.example:x', /"x" in .* is not a port/);
    refuses(parseConnectTo, 'a.example:443:2001:db8::1', /has 6 parts of 4/);
  });
});
