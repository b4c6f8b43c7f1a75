import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { boringsslNotes } from '../../src/logs/boringssl-notes.ts';
import { boringsslLibraries } from '../../src/logs/boringssl-reasons.ts';
import { decodeBoringssl } from '../../src/logs/decode-boringssl.ts';
import { verifyNotes } from '../../src/logs/verification-notes.ts';

/** Library and reason of each error, with the alert that was received. */
function brief(input: string | number): readonly string[] {
  return decodeBoringssl(input).map(({ library, reason, alert }) =>
    [library, reason, alert && `${alert.number} ${alert.name}`].filter(Boolean).join(' '),
  );
}

test('numbers, in decimal and hexadecimal', () => {
  assert.deepEqual(brief(268435581), ['SSL CERTIFICATE_VERIFY_FAILED']);
  assert.deepEqual(brief('268435581'), ['SSL CERTIFICATE_VERIFY_FAILED']);
  assert.deepEqual(brief('0b000074'), ['X509 KEY_VALUES_MISMATCH']);
  assert.deepEqual(brief('0x0900006e'), ['PEM NO_START_LINE']);
  assert.deepEqual(brief(268436504), ['SSL TLSV1_ALERT_UNKNOWN_CA 48 unknown_ca']);
  assert.deepEqual(brief(268436572), ['SSL TLSV1_ALERT_CERTIFICATE_REQUIRED 116 certificate_required']);
  assert.deepEqual(brief(33554536), ['SYS ECONNRESET']);
  assert.deepEqual(brief(150994956), ['PEM ASN1_LIB']);
});

test('the texts of Envoy since Istio 1.0, one or several errors in each', () => {
  const verify = 'SSL CERTIFICATE_VERIFY_FAILED';
  assert.deepEqual(brief('TLS error: 268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED'), [verify]);
  assert.deepEqual(
    brief(
      'TLS error: 268435568:SSL routines:OPENSSL_internal:BAD_PACKET_LENGTH 268435595:SSL routines:OPENSSL_internal:DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
    ),
    ['SSL BAD_PACKET_LENGTH', 'SSL DECRYPTION_FAILED_OR_BAD_RECORD_MAC'],
  );
  assert.deepEqual(
    brief(
      'TLS_error:|268435568:SSL routines:OPENSSL_internal:BAD_PACKET_LENGTH|268435595:SSL routines:OPENSSL_internal:DECRYPTION_FAILED_OR_BAD_RECORD_MAC:TLS_error_end',
    ),
    ['SSL BAD_PACKET_LENGTH', 'SSL DECRYPTION_FAILED_OR_BAD_RECORD_MAC'],
  );
  assert.deepEqual(brief('TLS_error|error:1000009c:SSL routines:OPENSSL_internal:HTTP_REQUEST:TLS_error_end'), [
    'SSL HTTP_REQUEST',
  ]);
  assert.deepEqual(
    brief(
      '{remote_connection_failure|TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end}',
    ),
    ['SSL WRONG_VERSION_NUMBER'],
  );
  assert.deepEqual(brief('Cause: error:09000068:PEM routines:OPENSSL_internal:BAD_PASSWORD_READ'), [
    'PEM BAD_PASSWORD_READ',
  ]);
});

test('builds on OpenSSL have other numbers for the same names', () => {
  const [error] = decodeBoringssl(
    'error:0B080074:x509 certificate routines:X509_check_private_key:key values mismatch',
  );
  assert.equal(error?.reason, 'KEY_VALUES_MISMATCH');
  assert.deepEqual(
    brief('TLS error: 336134278:SSL routines:tls_process_client_certificate:certificate verify failed'),
    ['SSL CERTIFICATE_VERIFY_FAILED'],
  );
});

test('names alone, in the spelling of today and of before', () => {
  assert.deepEqual(brief('NO_SHARED_CIPHER'), ['SSL NO_SHARED_CIPHER']);
  assert.deepEqual(brief('TLSV1_CERTIFICATE_REQUIRED'), [
    'SSL TLSV1_ALERT_CERTIFICATE_REQUIRED 116 certificate_required',
  ]);
  assert.deepEqual(brief('BAD_DECRYPT'), ['PEM BAD_DECRYPT', 'CIPHER BAD_DECRYPT']);
  assert.deepEqual(brief('NO_SUCH_REASON_AT_ALL'), []);
});

test('what Envoy adds to a refused certificate decides what it means', () => {
  const refused = (detail: string) =>
    decodeBoringssl(
      `TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:${detail}:TLS_error_end`,
    )[0];
  const at0 = 'verify cert failed: X509_verify_cert: certificate verification error at depth 0: ';
  const cases = {
    [`${at0}unable to get local issuer certificate`]: 'mtls-client-untrusted',
    [`${at0}certificate has expired`]: 'mtls-client-expired',
    [`${at0}certificate is not yet valid`]: 'mtls-client-expired',
    [`${at0}unsupported certificate purpose`]: 'mtls-client-eku',
    [`${at0}certificate revoked`]: 'mtls-client-revoked',
    [`${at0}CRL has expired`]: 'mtls-client-revoked',
    'verify cert failed: SAN matcher': 'mtls-client-san-mismatch',
    'verify_cert_failed:_X509_verify_cert:_certificate_verification_error_at_depth_0:_certificate_has_expired':
      'mtls-client-expired',
  };
  for (const [detail, cause] of Object.entries(cases)) {
    assert.equal(refused(detail)?.note?.causes[0], cause, detail);
  }
  assert.equal(refused(`${at0}certificate revoked`)?.detail, `${at0}certificate revoked`);
});

test('a reason that is newer than the table keeps its name', () => {
  const [error] = decodeBoringssl('error:10000fff:SSL routines:OPENSSL_internal:A_REASON_OF_TOMORROW');
  assert.equal(error?.reason, 'A_REASON_OF_TOMORROW');
});

test('the table has every reason once, and each note belongs to one', () => {
  const reasons = boringsslLibraries.flatMap(({ name, code, reasons: text }) => {
    let next = 0;
    return text.split(/\s+/).flatMap((word) => {
      if (word === '') return [];
      if (word.startsWith('@')) {
        next = Number(word.slice(1));
        return [];
      }
      next += 1;
      return [{ key: `${name}/${word}`, packed: code * 2 ** 24 + next - 1, word }];
    });
  });
  assert.equal(reasons.length, 714);
  assert.equal(new Set(reasons.map(({ packed }) => packed)).size, 714);
  for (const { packed, word } of reasons) assert.equal(decodeBoringssl(packed)[0]?.reason, word);
  const keys = new Set(reasons.map(({ key }) => key));
  const lost = [...boringsslNotes.keys()].filter((key) => !keys.has(key) && !key.startsWith('SYS/'));
  assert.deepEqual(lost, []);
  for (const note of [...boringsslNotes.values(), ...verifyNotes.map(([, each]) => each)]) {
    assert.match(note.meaning, /^\S.{10,}\.$/s);
  }
});

test('no text throws or takes long', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.nat()), (input) => void decodeBoringssl(input)));
  const started = performance.now();
  for (const text of [
    '268435581:'.repeat(20_000),
    'error:0b000074:'.repeat(20_000),
    '1'.repeat(200_000),
    `268435581:a:b:C${' a'.repeat(100_000)}`,
  ]) {
    decodeBoringssl(text);
  }
  assert.ok(performance.now() - started < 2000);
});
