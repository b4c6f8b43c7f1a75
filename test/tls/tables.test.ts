import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { getCiphers } from 'node:tls';
import { alertByName, alertByNumber, alertInText, alerts } from '../../src/tls/alerts.ts';
import {
  cipherNames,
  cipherSuite,
  cipherSuiteOfCode,
  cipherSuites,
  suiteTakesKey,
} from '../../src/tls/cipher-suites.ts';
import { curlExitCode, curlExitCodeInText, curlExitCodes } from '../../src/tls/curl-exit-codes.ts';
import { errorCodes } from '../../src/tls/error-codes.ts';
import { errorCodeInText } from '../../src/tls/error-in-text.ts';
import { canSign } from '../../src/tls/signature-schemes.ts';
import { verificationCode, verificationCodeInText, verificationCodes } from '../../src/tls/verification-codes.ts';
import { compareTlsVersions, tlsVersion, tlsVersionOfCode, tlsVersions } from '../../src/tls/versions.ts';

suite('every table', () => {
  const keys: Readonly<Record<string, readonly (string | number)[]>> = {
    alerts: alerts.map(({ number }) => number),
    'alert names': alerts.map(({ name }) => name),
    'cipher suites': cipherSuites.map(({ code }) => code),
    'curl exit codes': curlExitCodes.map(({ code }) => code),
    'error codes': errorCodes.map(({ code }) => code),
    'verification codes': verificationCodes.map(({ code }) => code),
  };
  for (const [name, values] of Object.entries(keys)) {
    test(`has each of its ${name} once`, () => assert.deepEqual([...new Set(values)], values));
  }

  test('speaks in whole sentences', () => {
    const texts = [...alerts, ...curlExitCodes, ...errorCodes, ...verificationCodes].flatMap((entry) => [
      entry.meaning,
      entry.atGateway ?? entry.meaning,
    ]);
    assert.deepEqual(
      texts.filter((text) => !/^["A-Za-z].*\.$/.test(text)),
      [],
    );
  });
});

suite('an alert is found', () => {
  const texts: Readonly<Record<string, number | undefined>> = {
    // Node with OpenSSL 3.0 and 3.5
    ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 40,
    'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': 40,
    ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 48,
    ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 116,
    ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 112,
    ERR_SSL_TLSV1_BAD_CERTIFICATE_HASH_VALUE: 114,
    'write EPROTO 00D1:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number 40\n': 40,
    // OpenSSL 1.1 and 3, without the number of the alert
    'error:14094418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca': 48,
    'error:0A000415:SSL routines::sslv3 alert certificate expired': 45,
    // curl
    'curl: (35) OpenSSL/3.0.19: error:0A000418:SSL routines::tlsv1 alert unknown ca': 48,
    'curl: (56) OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0': 116,
    // BoringSSL in a log of Envoy
    'TLS_error:|268436504:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA:TLS_error_end': 48,
    'TLS error: 268436501:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_EXPIRED': 45,
    // none
    ERR_SSL_WRONG_VERSION_NUMBER: undefined,
    ERR_SSL_INTERNAL_ERROR: undefined,
    ERR_SSL_UNEXPECTED_MESSAGE: undefined,
    'error:0A00010B:SSL routines::wrong version number': undefined,
    'certificate has expired': undefined,
    '': undefined,
  };
  for (const [text, number] of Object.entries(texts)) {
    test(`${number ?? 'nowhere'} in ${text.slice(0, 60).trim()}`, () =>
      assert.equal(alertInText(text)?.number, number));
  }

  test('by its number and by its name in any spelling', () => {
    for (const alert of alerts) {
      assert.equal(alertByNumber(alert.number), alert);
      assert.equal(alertByName(alert.name.toUpperCase().replaceAll('_', ' ')), alert);
    }
    assert.deepEqual([alertByNumber(99), alertByName('no such')], [undefined, undefined]);
  });
});

suite('a version', () => {
  test('has one spelling out of many', () => {
    const spellings = {
      TLSv1: ['TLSV1_0', 'TLSv1_0', 'TLSv1', 'TLSv1.0', 'TLS 1.0', '1.0', 'tls1'],
      'TLSv1.1': ['TLSV1_1', 'TLSv1.1', '1.1'],
      'TLSv1.2': ['TLSV1_2', 'TLSv1_2', 'TLSv1.2', 'tlsv1.2', 'TLS 1.2', '1.2'],
      'TLSv1.3': ['TLSV1_3', 'TLSv1.3', 'TLS 1.3', 'tls1.3'],
    };
    for (const [version, texts] of Object.entries(spellings)) {
      for (const text of texts) assert.equal(tlsVersion(text), version, text);
    }
    for (const text of ['TLS_AUTO', 'SSLv3', 'TLSv1.4', '2', '', 'h2']) assert.equal(tlsVersion(text), undefined, text);
  });

  test('has an order and a code', () => {
    assert.deepEqual([0x0301, 0x0302, 0x0303, 0x0304, 0x0300, 0x0305, 0x7f1c].map(tlsVersionOfCode), [
      ...tlsVersions,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual([...tlsVersions].reverse().sort(compareTlsVersions), tlsVersions);
  });
});

suite('a cipher suite', () => {
  test('is one that OpenSSL knows by the same names', () => {
    const known = new Set(getCiphers().map((name) => name.toUpperCase()));
    const unknown = cipherSuites.filter(({ name }) => !known.has(name)).map(({ name }) => name);
    // Left out of OpenSSL 3 builds, and still a name that Istio takes.
    assert.deepEqual(unknown, ['DES-CBC3-SHA']);
  });

  test('is found by the name of OpenSSL, of IANA, and by its code', () => {
    const suite = cipherSuite('ECDHE-ECDSA-AES128-GCM-SHA256');
    assert.ok(suite);
    assert.equal(cipherSuite('tls_ecdhe_ecdsa_with_aes_128_gcm_sha256'), suite);
    assert.equal(cipherSuiteOfCode(0xc02b), suite);
    assert.equal(cipherSuite('NO-SUCH'), undefined);
  });

  test('says which key it needs', () => {
    const takes = (name: string): readonly boolean[] =>
      (['rsa', 'ecdsa'] as const).map((key) => suiteTakesKey(cipherSuite(name) ?? assert.fail(name), key));
    assert.deepEqual(takes('ECDHE-ECDSA-AES128-GCM-SHA256'), [false, true]);
    assert.deepEqual(takes('ECDHE-RSA-AES128-GCM-SHA256'), [true, false]);
    assert.deepEqual(takes('AES128-SHA'), [true, false]);
    assert.deepEqual(takes('TLS_AES_128_GCM_SHA256'), [true, true]);
  });

  test('may stand in a group of equals', () => {
    const list = ['[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]', 'AES128-SHA', ''];
    assert.deepEqual(cipherNames(list), ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-CHACHA20-POLY1305', 'AES128-SHA']);
  });
});

suite('a reason of verification is found', () => {
  const texts: Readonly<Record<string, string | undefined>> = {
    'curl: (60) SSL certificate problem: certificate has expired': 'CERT_HAS_EXPIRED',
    'curl: (60) SSL certificate problem: unable to get local issuer certificate': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'curl: (60) SSL certificate problem: self signed certificate': 'DEPTH_ZERO_SELF_SIGNED_CERT',
    'curl: (60) SSL certificate problem: self-signed certificate in certificate chain': 'SELF_SIGNED_CERT_IN_CHAIN',
    "curl: (60) SSL: no alternative certificate subject name matches target host name 'h'":
      'ERR_TLS_CERT_ALTNAME_INVALID',
    'verify error:num=20:unable to get local issuer certificate': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'Verify return code: 21 (unable to verify the first certificate)': 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'Verify return code: 0 (ok)': undefined,
    "Hostname/IP does not match certificate's altnames: Host: h.": 'ERR_TLS_CERT_ALTNAME_INVALID',
    "ssl.SSLCertVerificationError: Hostname mismatch, certificate is not valid for 'h'": 'ERR_TLS_CERT_ALTNAME_INVALID',
    'Error: unsupported certificate purpose': 'INVALID_PURPOSE',
    'code: CERT_NOT_YET_VALID': 'CERT_NOT_YET_VALID',
    'connection reset by peer': undefined,
  };
  for (const [text, code] of Object.entries(texts)) {
    test(`${code ?? 'nowhere'} in ${text}`, () => assert.equal(verificationCodeInText(text)?.code, code));
  }
  test('by its code', () => assert.equal(verificationCode('CERT_HAS_EXPIRED')?.number, 10));
});

suite('an error is found', () => {
  const texts: Readonly<Record<string, string | undefined>> = {
    'Error: read ECONNRESET': 'ECONNRESET',
    "code: 'ERR_SSL_WRONG_VERSION_NUMBER'": 'ERR_SSL_WRONG_VERSION_NUMBER',
    'curl: (35) Recv failure: Connection reset by peer': 'ECONNRESET',
    'curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number': 'ERR_SSL_WRONG_VERSION_NUMBER',
    'curl: (7) Failed to connect to h port 443: Connection refused': 'ECONNREFUSED',
    'curl: (28) Failed to connect to h port 443 after 3001 ms: Connection timed out': 'ETIMEDOUT',
    'curl: (6) Could not resolve host: h': 'ENOTFOUND',
    'curl: (55) Send failure: Broken pipe': 'EPIPE',
    'dial tcp 192.0.2.7:443: connect: no route to host': 'EHOSTUNREACH',
    'dial tcp: lookup h: no such host': 'ENOTFOUND',
    'tls: first record does not look like a TLS handshake': 'ERR_SSL_WRONG_VERSION_NUMBER',
    'javax.net.ssl.SSLException: Unsupported or unrecognized SSL message': 'ERR_SSL_WRONG_VERSION_NUMBER',
    'Client sent an HTTP request to an HTTPS server.': 'ERR_SSL_HTTP_REQUEST',
    'SSL routines::unexpected eof while reading': 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING',
    'SocketError: other side closed': 'UND_ERR_SOCKET',
    'GET /RESET 200': undefined,
    '': undefined,
  };
  for (const [text, code] of Object.entries(texts)) {
    test(`${code ?? 'nowhere'} in ${text}`, () => assert.equal(errorCodeInText(text)?.code, code));
  }
});

test('an exit code of curl is found in what it prints', () => {
  assert.equal(curlExitCodeInText('curl: (35) Recv failure: Connection reset by peer'), curlExitCode(35));
  assert.equal(curlExitCodeInText('* Closing connection\ncurl: (60) SSL certificate problem')?.code, 60);
  assert.equal(curlExitCodeInText('(7) Couldn’t connect to server')?.code, 7);
  for (const text of ['curl: (999) nothing', 'f(35)', 'exit 35', '']) assert.equal(curlExitCodeInText(text), undefined);
});

test('a key signs what the server takes, or not at all', () => {
  const istio = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
  assert.equal(canSign({ algorithm: 'ed25519' }, istio, 'TLSv1.3'), false);
  assert.equal(canSign({ algorithm: 'rsa' }, istio, 'TLSv1.3'), true);
  assert.equal(canSign({ algorithm: 'rsa' }, [0x0401], 'TLSv1.2'), true);
  assert.equal(canSign({ algorithm: 'rsa' }, [0x0401], 'TLSv1.3'), false);
  assert.equal(canSign({ algorithm: 'ec', curve: 'secp521r1' }, istio, 'TLSv1.3'), false);
  assert.equal(canSign({ algorithm: 'ec', curve: 'secp521r1' }, istio, 'TLSv1.2'), true);
  assert.equal(canSign({ algorithm: 'ec', curve: 'prime256v1' }, istio, 'TLSv1.3'), true);
  assert.equal(canSign({ algorithm: 'ed25519' }, [], 'TLSv1.1'), true);
});
