import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseTarget } from '../../src/cli/target.ts';
import { IstlsError } from '../../src/model/errors.ts';
import { isPlain } from '../../src/text/escape.ts';

/** What a target is read as, without the text that it was read from. */
function read(text: string): object {
  const { text: kept, ...target } = parseTarget(text);
  assert.equal(kept, text);
  return target;
}

/** The message and the hint with which a target is refused. */
function refusal(text: string): string {
  try {
    parseTarget(text);
  } catch (error) {
    assert.ok(error instanceof IstlsError);
    assert.equal(error.exit, 2);
    return `${error.message} | ${error.hint ?? ''}`;
  }
  throw new assert.AssertionError({ message: `${text} is taken for a target` });
}

describe('a target', () => {
  const hosts: readonly [string, object][] = [
    ['shop.example', { kind: 'host', host: 'shop.example' }],
    ['Shop.Example.', { kind: 'host', host: 'shop.example' }],
    ['bücher.example', { kind: 'host', host: 'xn--bcher-kva.example' }],
    ['faß.example', { kind: 'host', host: 'xn--fa-hia.example' }],
    ['my_app.example', { kind: 'host', host: 'my_app.example' }],
    ['localhost', { kind: 'host', host: 'localhost' }],
    ['shop.example:8443', { kind: 'host', host: 'shop.example', port: 8443 }],
    ['shop.example.:1', { kind: 'host', host: 'shop.example', port: 1 }],
    ['https://shop.example', { kind: 'host', host: 'shop.example' }],
    ['HTTPS://shop.example/', { kind: 'host', host: 'shop.example', path: '/' }],
    [
      'https://shop.example:65535/a/../b?q=ü#top',
      { kind: 'host', host: 'shop.example', port: 65_535, path: '/b?q=%C3%BC' },
    ],
    ['https://shop.example?x', { kind: 'host', host: 'shop.example', path: '/?x' }],
  ];
  for (const [text, target] of hosts) it(`reads the host of ${text}`, () => assert.deepEqual(read(text), target));

  const addresses: readonly [string, object][] = [
    ['192.0.2.1:443', { kind: 'address', address: '192.0.2.1', port: 443 }],
    ['192.0.2.1', { kind: 'address', address: '192.0.2.1', port: 443 }],
    ['[2001:db8::1]:8443', { kind: 'address', address: '2001:db8::1', port: 8443 }],
    ['[2001:db8::1]', { kind: 'address', address: '2001:db8::1', port: 443 }],
    ['2001:db8::1', { kind: 'address', address: '2001:db8::1', port: 443 }],
    ['[fe80::1%eth0]:443', { kind: 'address', address: 'fe80::1%eth0', port: 443 }],
    ['https://[2001:db8::1]:8443/', { kind: 'address', address: '2001:db8::1', port: 8443 }],
    ['https://192.0.2.1', { kind: 'address', address: '192.0.2.1', port: 443 }],
  ];
  for (const [text, target] of addresses)
    it(`reads the address of ${text}`, () => assert.deepEqual(read(text), target));

  it('reads the objects of a cluster', () => {
    for (const kind of ['gateway', 'gtw', 'ingress', 'svc', 'pod']) {
      assert.deepEqual(read(`${kind}/shop/front.end-1`), { kind, namespace: 'shop', name: 'front.end-1' });
    }
    assert.deepEqual(read('SVC/shop/web'), { kind: 'svc', namespace: 'shop', name: 'web' });
  });

  const refused: readonly [string, RegExp][] = [
    ['', /empty target \| a target is HOST\[:PORT\], https:/],
    ['  ', /empty target/],
    ['shop.example:0', /"0" in "shop\.example:0" is not a port \| ports are numbers from 1 to 65535/],
    ['shop.example:65536', /"65536" in "shop\.example:65536" is not a port/],
    ['shop.example:https', /"https" in .* is not a port/],
    ['shop.example:', /no port behind the colon in "shop\.example:"/],
    ['shop.example:44 3', /"44 3" in .* is not a port/],
    ['shop.example:-1', /is not a port/],
    ['192.0.2.1:99999', /"99999" in .* is not a port/],
    ['[2001:db8::1]:0', /is not a port/],
    ['[2001:db8::1', /several colons/],
    ['[shop.example]:443', /"shop\.example" in .* is not an IPv6 address/],
    ['2001:db8:::1', /several colons and is not an IPv6 address \| .*\[ADDRESS\]:PORT/],
    ['192.0.2.300', /"192\.0\.2\.300" is no IPv4 address and no host name/],
    ['192.0.2', /no IPv4 address/],
    ['0x7f.1', /no IPv4 address/],
    ['*.shop.example', /stands for many hosts \| name one of them, such as "www\.shop\.example"/],
    ['shop..example', /empty part between its dots/],
    ['.shop.example', /empty part/],
    ['-shop.example', /"-shop" in "-shop\.example" cannot be a part/],
    ['shop example', /cannot hold " "/],
    ['me@shop.example', /cannot hold "@"/],
    ['sh%6fp.example', /cannot hold "%"/],
    [`${'a'.repeat(64)}.example`, /longer than the 63 characters/],
    [`${'a.'.repeat(140)}example`, /longer than the 253 characters/],
    ['http://shop.example', /not an https address \| istls examines TLS/],
    ['https://', /host name is missing/],
    ['https://me:s3cret@shop.example', /cannot hold a user or password/],
    ['https://192.0.2.1/login', /path of an address \| .*https:\/\/HOST\/login --resolve HOST:443:192\.0\.2\.1/],
    ['https://[2001:db8::1]:8443/x', /--resolve HOST:8443:\[2001:db8::1\]/],
    ['shop.example/login', /a host with a path \| write https:\/\/shop\.example\/login/],
    ['gateway/public', /"gateway\/public" does not name one object \| write gateway\/NAMESPACE\/NAME/],
    ['gateway/shop/public/0', /write gateway\/NAMESPACE\/NAME/],
    ['gateway//public', /write gateway\/NAMESPACE\/NAME/],
    ['gateway/Shop/public', /"Shop" cannot be the name of a namespace/],
    ['gateway/shop/Public', /"Public" cannot be the name of a Kubernetes object/],
    ['service/shop/web', /"service" is not a kind of target \| write svc\/shop\/web/],
    ['gateways/shop/web', /write gateway\/shop\/web/],
    ['deploy/shop/web', /the kinds are gateway, gtw \(Gateway API\), ingress, svc and pod/],
  ];
  for (const [text, message] of refused)
    it(`refuses ${text.slice(0, 40) || 'nothing'}`, () => assert.match(refusal(text), message));

  it('never shows a password that stood in an address', () =>
    assert.doesNotMatch(refusal('https://me:s3cret@shop.example'), /s3cret/));

  it('is read or refused, whatever it is, and what is shown of it is safe for a terminal', () => {
    const pieces = fc.constantFrom(
      'https://',
      'shop.example',
      ':',
      '443',
      '[',
      ']',
      '::1',
      '/',
      'gateway',
      '%',
      '\u001b[',
      '\n',
      'ü',
      '*.',
      '@',
      '?',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((list) => list.join('')),
    );
    fc.assert(
      fc.property(text, (target) => {
        try {
          parseTarget(target);
        } catch (error) {
          assert.ok(error instanceof IstlsError && isPlain(error.message), String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
