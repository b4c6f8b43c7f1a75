import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IstlsError } from '../../src/model/errors.ts';
import { proxyFor, proxyName } from '../../src/sources/cluster/api-proxy.ts';

const proxy = 'http://proxy.example:3128';
const through = (server: string, env: Record<string, string>, url?: string) =>
  proxyFor(new URL(server), url, env)?.href;

describe('the proxy to the API server', () => {
  it('is the cluster’s proxy-url before the environment’s', () => {
    assert.equal(
      through('https://10.0.0.1', { HTTPS_PROXY: proxy }, 'socks5://s.example:1080'),
      'socks5://s.example:1080',
    );
    assert.equal(through('https://127.0.0.1', { NO_PROXY: '*' }, proxy), `${proxy}/`);
  });

  it('is HTTPS_PROXY for https and HTTP_PROXY for http, in upper case first', () => {
    assert.equal(through('https://api.example', { https_proxy: 'http://low.example' }), 'http://low.example/');
    assert.equal(
      through('https://api.example', { HTTPS_PROXY: proxy, https_proxy: 'http://low.example' }),
      `${proxy}/`,
    );
    assert.equal(through('http://api.example', { HTTPS_PROXY: proxy }), undefined);
    assert.equal(through('http://api.example', { HTTP_PROXY: proxy }), `${proxy}/`);
    assert.equal(through('https://api.example', { ALL_PROXY: proxy }), undefined);
    assert.equal(through('https://api.example', { HTTPS_PROXY: 'proxy.example:3128' }), `${proxy}/`);
  });

  it('is never taken from the environment for loopback', () => {
    for (const host of ['localhost', '127.0.0.1', '127.8.9.1', '[::1]']) {
      assert.equal(through(`https://${host}:6443`, { HTTPS_PROXY: proxy }), undefined, host);
    }
  });

  // The cases of golang.org/x/net/http/httpproxy.
  for (const [noProxy, server, excepted] of [
    ['example.com', 'https://example.com', true],
    ['example.com', 'https://api.example.com', true],
    ['example.com', 'https://notexample.com', false],
    ['.example.com', 'https://api.example.com', true],
    ['.example.com', 'https://example.com', false],
    ['*.example.com', 'https://api.example.com', true],
    ['*.example.com', 'https://example.com', false],
    ['EXAMPLE.com', 'https://api.Example.COM', true],
    ['example.com:6443', 'https://example.com:6443', true],
    ['example.com:6443', 'https://example.com', false],
    ['example.com:443', 'https://example.com', true],
    ['10.0.0.0/8', 'https://10.1.2.3:6443', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/8', 'https://api.example', false],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['10.1.2.3:6443', 'https://10.1.2.3:443', false],
    ['fd00::/8', 'https://[fd00::7]', true],
    ['fd00::7', 'https://[fd00:0::7]', true],
    ['[fd00::7]:6443', 'https://[fd00::7]:6443', true],
    ['other.example, , example.com', 'https://example.com', true],
    ['*', 'https://example.com', true],
    ['', 'https://example.com', false],
    ['10.0.0.0/99, :443, /', 'https://10.1.2.3', false],
  ] as const) {
    it(`NO_PROXY=${JSON.stringify(noProxy)} ${excepted ? 'excepts' : 'does not except'} ${server}`, () => {
      assert.equal(through(server, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }) === undefined, excepted);
    });
  }

  it('never shows its password, neither when it is named nor when it cannot be read', () => {
    assert.equal(proxyName(new URL('http://joe:hunter2@proxy.example:3128')), 'http://proxy.example:3128');
    for (const text of ['ftp://joe:hunter2@proxy.example', 'http://joe:hunter2@']) {
      assert.throws(
        () => proxyFor(new URL('https://api.example'), text, {}),
        (error) => error instanceof IstlsError && error.code === 'proxy-unusable' && !/hunter2/.test(error.message),
      );
    }
  });
});
