import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { explainText } from '../../src/cli/explain-text.ts';
import { boringsslErrors } from '../../src/explain/boringssl.ts';
import { boringsslMeanings } from '../../src/explain/boringssl-meanings.ts';
import { causesOfAlerts, causesOfCurl, causesOfErrors, causesOfVerification } from '../../src/explain/client-causes.ts';
import { phrases } from '../../src/explain/client-dialects.ts';
import { clientErrors } from '../../src/explain/client-errors.ts';
import { explain, knownNames } from '../../src/explain/explain.ts';
import { pageNames } from '../../src/explain/pages.ts';
import { logPatterns } from '../../src/logs/match-message.ts';
import { responseFlags } from '../../src/logs/response-flags.ts';
import { IstlsError } from '../../src/model/errors.ts';
import { isPlain } from '../../src/text/escape.ts';
import { alertByName, alerts } from '../../src/tls/alerts.ts';
import { curlExitCode, curlExitCodes } from '../../src/tls/curl-exit-codes.ts';
import { errorCode, errorCodes } from '../../src/tls/error-codes.ts';
import { verificationCode, verificationCodes } from '../../src/tls/verification-codes.ts';

const look = { color: false, ascii: false, width: 100 };

async function named(asked: string): Promise<readonly string[]> {
  return (await explain(asked)).map(({ kind, name }) => `${kind} ${name}`);
}

const refused =
  '2026-11-21T14:56:15.304690Z\twarning\tenvoy config source/extensions/config_subscription/grpc/delta_subscription_state.cc:282\t' +
  'delta config for type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret rejected: Failed to load private key from <inline>, ' +
  'Cause: error:0b000074:X.509 certificate routines:OPENSSL_internal:KEY_VALUES_MISMATCH\tthread=24';
const notFound =
  '2026-11-21T14:59:11.702605Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://shop-tls: secret istio-ingress/shop-tls not found';
const noChain =
  '[2026-11-21T14:56:12.759Z] "- - -" 0 NR filter_chain_not_found - "-" 0 0 0 - "-" "-" "-" "-" "-" - - 10.1.1.1:443 10.2.2.2:5555 shop.example -';
const backendTls =
  '[2026-11-21T14:56:12.759Z] "GET / HTTP/2" 503 UF,URX upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end} - "TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end" 0 91 5 - "10.0.0.1" "curl/8" "id" "shop.example" "10.9.9.9:80" outbound|80||web.shop.svc.cluster.local - 10.1.1.1:443 10.2.2.2:5555 shop.example -';

describe('explain', () => {
  const table: readonly [string, readonly string[]][] = [
    ['secret-wrong-namespace', ['cause secret-wrong-namespace']],
    ['Secret Wrong Namespace', ['cause secret-wrong-namespace']],
    ['48', ['tls-alert unknown_ca']],
    ['unknown_ca', ['tls-alert unknown_ca']],
    ['alert number 40', ['tls-alert handshake_failure']],
    ['35', ['client-error CURLE_SSL_CONNECT_ERROR']],
    ['60', ['tls-alert export_restriction', 'client-error CURLE_PEER_FAILED_VERIFICATION']],
    ['exit code 60', ['client-error CURLE_PEER_FAILED_VERIFICATION']],
    [
      'curl: (35) Recv failure: Connection reset by peer',
      ['client-error ECONNRESET', 'client-error CURLE_SSL_CONNECT_ERROR'],
    ],
    [
      'curl: (35) error:0A000418:SSL routines::tlsv1 alert unknown ca',
      ['tls-alert unknown_ca', 'client-error CURLE_SSL_CONNECT_ERROR'],
    ],
    [
      'curl: (60) SSL certificate problem: certificate has expired',
      ['verification-error CERT_HAS_EXPIRED', 'client-error CURLE_PEER_FAILED_VERIFICATION'],
    ],
    [
      'write EPROTO 40:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:rec.c:1605:SSL alert number 40',
      ['tls-alert handshake_failure'],
    ],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', ['tls-alert unknown_ca']],
    ['econnreset', ['client-error ECONNRESET']],
    ['X509_V_ERR_CERT_HAS_EXPIRED', ['verification-error CERT_HAS_EXPIRED']],
    ['ERR_CERT_AUTHORITY_INVALID', ['verification-error UNABLE_TO_GET_ISSUER_CERT_LOCALLY']],
    ['remote error: tls: unknown certificate authority', ['tls-alert unknown_ca']],
    [
      'javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_required',
      ['tls-alert certificate_required'],
    ],
    ['NR', ['response-flag NR']],
    ['UF,URX', ['response-flag UF', 'response-flag URX']],
    ['NoRouteFound', ['response-flag NR']],
    ['KEY_VALUES_MISMATCH', ['boringssl-error KEY_VALUES_MISMATCH']],
    ['184549492', ['boringssl-error KEY_VALUES_MISMATCH']],
    ['0400007e', ['boringssl-error KEY_SIZE_TOO_SMALL']],
    ['10000070', ['boringssl-error BAD_PACKET_LENGTH']],
    ['0x0b000074', ['boringssl-error KEY_VALUES_MISMATCH']],
    ['268436504:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA', ['boringssl-error TLSV1_ALERT_UNKNOWN_CA']],
    [refused, ['log-line refused-key-of-another-certificate', 'boringssl-error KEY_VALUES_MISMATCH']],
    [notFound, ['log-line istiod-key-not-found']],
    [notFound.replace(/^.*ads\t/, ''), ['log-line istiod-key-not-found']],
    [noChain, ['access-log-line access-log-line']],
    [`2026-11-21T14:56:13.1Z ${noChain}`, ['access-log-line access-log-line']],
    [`[pod/gateway-1/istio-proxy] ${noChain}`, ['access-log-line access-log-line']],
    [backendTls, ['access-log-line access-log-line', 'boringssl-error WRONG_VERSION_NUMBER']],
    [
      `${notFound}\nnothing of note\n\n${refused}\n${refused}`,
      [
        'log-line istiod-key-not-found',
        'log-line refused-key-of-another-certificate',
        'boringssl-error KEY_VALUES_MISMATCH',
      ],
    ],
    ['the page does not work', []],
    ['4711', []],
    ['', []],
  ];
  for (const [asked, answers] of table) {
    it(`knows ${JSON.stringify(asked.slice(0, 60))}`, async () => assert.deepEqual(await named(asked), answers));
  }

  it('reads out of a line what it is about', async () => {
    const factsOf = async (asked: string): Promise<object> =>
      Object.fromEntries(
        (await explain(asked)).flatMap(({ facts = [] }) => facts.map(({ name, value }) => [name, value])),
      );
    assert.deepEqual(await factsOf(notFound), {
      time: '2026-11-21T14:59:11.702605Z',
      'asked for': 'kubernetes://shop-tls',
      Secret: 'istio-ingress/shop-tls',
    });
    const line = await factsOf(noChain);
    assert.equal('SNI' in line && line.SNI, 'shop.example');
    assert.equal('flags' in line && line.flags, 'NR');
  });

  it('knows everything that is in its tables', async () => {
    for (const { number, name } of alerts) {
      assert.ok((await named(`${number}`)).includes(`tls-alert ${name}`));
      assert.deepEqual(await named(name), [`tls-alert ${name}`]);
    }
    for (const { code } of verificationCodes) assert.deepEqual(await named(code), [`verification-error ${code}`]);
    for (const { code } of errorCodes) assert.deepEqual(await named(code), [`client-error ${code}`]);
    for (const { code, name } of curlExitCodes)
      assert.deepEqual(await named(`exit code ${code}`), [`client-error CURLE_${name}`]);
    for (const { short } of responseFlags) assert.deepEqual(await named(short), [`response-flag ${short}`]);
    for (const name of await knownNames()) assert.notDeepEqual(await named(name), [], name);
  });

  it('has tables that know each other', () => {
    for (const key of Object.keys(boringsslMeanings)) {
      const [library, reason = ''] = key.split(' ');
      assert.ok(
        boringsslErrors(reason).some(({ title }) => title.includes(`(${library},`)),
        key,
      );
    }
    for (const name of Object.keys(causesOfAlerts)) assert.ok(alertByName(name), name);
    for (const code of Object.keys(causesOfErrors)) assert.ok(errorCode(code), code);
    for (const code of Object.keys(causesOfVerification)) assert.ok(verificationCode(code), code);
    for (const code of Object.keys(causesOfCurl)) assert.ok(curlExitCode(Number(code)), code);
    for (const { means } of phrases)
      assert.equal(clientErrors(Object.values(means).join('')).length, 1, JSON.stringify(means));
  });

  it('sends nobody to a page that is not there', async () => {
    const pages = new Set(pageNames());
    for (const asked of [notFound, refused, noChain, '48', '35', 'NR', 'KEY_VALUES_MISMATCH']) {
      for (const { causes } of await explain(asked)) assert.ok(causes.every((cause) => pages.has(cause)));
    }
    const [answer] = await explain(notFound);
    assert.deepEqual(
      answer?.causes,
      logPatterns.find(({ id }) => id === 'istiod-key-not-found')?.causes.filter((cause) => pages.has(cause)),
    );
  });

  it('is content with any text, soon, and shows a terminal nothing that acts on it', async () => {
    const pieces = fc.constantFrom(
      notFound,
      noChain,
      'curl: (35) ',
      'error:',
      ':OPENSSL_internal:',
      'a',
      '\u001b[2J',
      '\u202e',
      '"',
      '{',
      '}',
      ' ',
      '0',
      '|',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(pieces, { maxLength: 30 }).map((list) => list.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (asked) => {
        const question = { words: ['--', asked].slice(1), look, program: 'istls' };
        const shown = await explainText({ ...question, format: 'text' }).catch((error: unknown) => {
          assert.ok(error instanceof IstlsError);
          return error.message;
        });
        assert.ok(shown.split('\n').every(isPlain), shown);
      }),
      { numRuns: 300 },
    );
    const start = performance.now();
    for (const piece of [
      'x509: ',
      'error:0b000074:',
      '1234567890:',
      'TLS_error:|',
      'resource:',
      'E',
      'EA_',
      '"',
      '[2026',
      'fatal alert: ',
    ]) {
      await explain(piece.repeat(200_000));
    }
    assert.ok(performance.now() - start < 5000, `${performance.now() - start} ms`);
  });
});

describe('what explain prints', () => {
  const validate = new Ajv({ formats: { uri: true } }).compile(
    JSON.parse(readFileSync(join(import.meta.dirname, '../../src/schemas/explain.schema.json'), 'utf8')),
  );
  const question = { look, program: 'istls' } as const;

  it('is JSON by the schema', async () => {
    for (const asked of [...pageNames(), '60', refused, noChain, backendTls, notFound, 'UF,URX', 'BAD_DECRYPT', '']) {
      const text = await explainText({ ...question, words: asked === '' ? [] : [asked], format: 'json' });
      assert.ok(validate(JSON.parse(text)), `${asked}: ${JSON.stringify(validate.errors)}`);
    }
  });

  it('is a page with every section, its limits and its addresses', async () => {
    const text = await explainText({ ...question, words: ['cert-chain-malformed-pem'], format: 'text' });
    assert.match(
      text,
      /^The certificate in the Secret is not PEM that Envoy can read\ncert-chain-malformed-pem · The certificate and key · runbook B3, C10\n\nWhat it means\n {4}Envoy reads/,
    );
    assert.match(
      text,
      /\nFix\n[^]*\n {6}awk 1 leaf\.pem intermediate\.pem > chain\.pem\n[^]*\nPublic reports\n {4}https:/,
    );
    assert.ok(text.split('\n').every((line) => line.length <= 100));
    const plain = await explainText({
      ...question,
      look: { ...look, ascii: true },
      words: ['secret-wrong-namespace'],
      format: 'text',
    });
    assert.match(plain, /^[\n -~]+$/);
  });

  it('is in colour only where it may be, and the same text', async () => {
    const words = ['secret-wrong-namespace'];
    const colored = await explainText({ ...question, look: { ...look, color: true }, words, format: 'text' });
    const bare = await explainText({ ...question, words, format: 'text' });
    assert.ok(!bare.includes('\u001b'));
    // oxlint-disable-next-line no-control-regex -- the sequences that were put in
    assert.equal(colored.replaceAll(/\u001b\[\d+m/g, '').replaceAll('`', ''), bare.replaceAll('`', ''));
  });

  it('names what may have been meant', async () => {
    const asks = async (word: string): Promise<string> =>
      explainText({ ...question, words: [word], format: 'text' }).then(
        () => 'known',
        (error: unknown) =>
          error instanceof IstlsError ? `${error.exit} ${error.message} | ${error.hint}` : String(error),
      );
    assert.equal(
      await asks('secret-wrong-namspace'),
      '2 nothing is known of "secret-wrong-namspace" | did you mean secret-wrong-namespace?',
    );
    assert.equal(
      await asks('wrong-namespace'),
      '2 nothing is known of "wrong-namespace" | did you mean secret-wrong-namespace?',
    );
    assert.equal(await asks('unknwon_ca'), '2 nothing is known of "unknwon_ca" | did you mean unknown_ca?');
    assert.match(await asks('qqqqqq'), /^2 nothing is known of "qqqqqq" \| istls explain lists what can be explained$/);
  });
});
