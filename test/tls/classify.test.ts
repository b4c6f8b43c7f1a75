import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ProbePhase } from '../../src/model/probe.ts';
import { classify } from '../../src/tls/classify.ts';
import type { Classification, ConnectionError } from '../../src/tls/classify.ts';

const openssl30 =
  '00A1B2:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1605:SSL alert number 48\n';
const wrongVersion =
  'write EPROTO 00A1:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record.c:355:\n';
const reset = { code: 'ECONNRESET', message: 'read ECONNRESET' };
const unknownCa = { outcome: 'alert', alert: { number: 48, name: 'unknown_ca' } } as const;

const cases: readonly (readonly [ConnectionError, ProbePhase, Classification])[] = [
  [{ code: 'ECONNREFUSED' }, 'connect', { outcome: 'refused' }],
  [{ code: 'ETIMEDOUT' }, 'connect', { outcome: 'timeout' }],
  [{ code: 'EHOSTUNREACH' }, 'connect', { outcome: 'unreachable' }],
  [{ code: 'ENETUNREACH' }, 'connect', { outcome: 'unreachable' }],
  [{ code: 'ENOTFOUND' }, 'connect', { outcome: 'unreachable' }],
  [{ code: 'EWHATEVER' }, 'connect', { outcome: 'unreachable' }],
  [{ code: 'EMFILE' }, 'connect', { outcome: 'unreachable', local: true }],
  [{ code: 'EACCES' }, 'connect', { outcome: 'unreachable', local: true }],
  [reset, 'handshake', { outcome: 'reset' }],
  [reset, 'request', { outcome: 'reset' }],
  [{ code: 'EPIPE' }, 'request', { outcome: 'closed' }],
  [{ code: 'UND_ERR_SOCKET', message: 'other side closed' }, 'request', { outcome: 'closed' }],
  [{ message: 'the server closed the connection' }, 'handshake', { outcome: 'closed' }],
  [
    { code: 'ECONNRESET', message: 'Client network socket disconnected before secure TLS connection was established' },
    'handshake',
    { outcome: 'closed' },
  ],
  // One alert, as Node 22, as Node 24, and as https.request give it.
  [{ code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', message: openssl30 }, 'handshake', unknownCa],
  [{ code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' }, 'request', unknownCa],
  [{ code: 'EPROTO', message: `write EPROTO ${openssl30}` }, 'handshake', unknownCa],
  [
    { code: 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE' },
    'handshake',
    { outcome: 'alert', alert: { number: 42, name: 'bad_certificate' } },
  ],
  // The word alone proves nothing.
  [{ code: 'ECONNRESET', message: 'SSL alert number 48' }, 'handshake', { outcome: 'reset' }],
  [{ code: 'EPROTO', message: wrongVersion }, 'handshake', { outcome: 'not-tls' }],
  [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'handshake', { outcome: 'not-tls' }],
  [{ code: 'ERR_SSL_PACKET_LENGTH_TOO_LONG' }, 'handshake', { outcome: 'not-tls' }],
  [{ code: 'ERR_SSL_DECODE_ERROR' }, 'handshake', { outcome: 'closed' }],
  [
    { code: 'ERR_SSL_UNSUPPORTED_PROTOCOL' },
    'handshake',
    { outcome: 'alert', alert: { number: 70, name: 'protocol_version', by: 'client' } },
  ],
  [{ code: 'CERT_HAS_EXPIRED' }, 'handshake', { outcome: 'verify-failed' }],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'handshake', { outcome: 'verify-failed' }],
  [{}, 'request', { outcome: 'closed' }],
];

suite('an error is classified', () => {
  for (const [error, phase, expected] of cases) {
    test(`${error.code ?? 'no code'} in ${phase} is ${expected.outcome}`, () => {
      assert.deepEqual(classify(error, phase), expected);
    });
  }
});
