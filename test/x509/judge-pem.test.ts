import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import type { PemProblem } from '../../src/model/certificate.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { mintRevocationList } from '../../src/pki/mint-revocation-list.ts';
import { generateKey, privateKeyText, sharedKey } from '../../src/pki/private-key.ts';
import type { PemPurpose } from '../../src/x509/judge-pem.ts';
import { judgePem, readPrivateKey } from '../../src/x509/judge-pem.ts';
import { isFatal } from '../../src/x509/pem-problems.ts';

const root = mintCertificate({ subject: 'CN=root', ca: true });
const leaf = mintCertificate({ subject: 'CN=leaf', privateKeyPem: sharedKey('rsa-2048') }, root);
const L = leaf.certificatePem;
const R = root.certificatePem;
const K = leaf.privateKeyPem;
const C = mintRevocationList(root, { revokedSerials: ['f00d'] });
const traditional = privateKeyText(K, 'traditional');
const ecKey = generateKey('ec-p256');
const broken = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const indented = (text: string): string => text.trimEnd().replaceAll(/^/gm, '  ') + '\n';
const rewrapped = (text: string, width: number): string => {
  const [begin = '', ...lines] = text.trim().split('\n');
  const end = lines.pop() ?? '';
  return [begin, ...(lines.join('').match(new RegExp(`.{1,${width}}`, 'g')) ?? []), end, ''].join('\n');
};

/** Each case: the text, what is wrong with it, the common names of the certificates that are read. */
type Cases = Readonly<Record<string, readonly [string | Buffer, readonly PemProblem[], string]>>;

function judges(purpose: PemPurpose, cases: Cases): void {
  for (const [name, [text, problems, names]] of Object.entries(cases)) {
    test(`${name}: ${problems.some(isFatal) ? 'refused' : 'taken'}`, () => {
      const judgement = judgePem(text, purpose);
      assert.deepEqual(judgement.problems, problems);
      assert.equal(judgement.certificates.map(({ commonName }) => commonName).join(' '), names);
    });
  }
}

// Whether each text is refused is what Envoy 1.38.3 did with it in --mode validate.
suite('a certificate chain', () => {
  judges('certificates', {
    'as it should be': [L + R, [], 'leaf root'],
    'without a final newline': [(L + R).trimEnd(), [], 'leaf root'],
    'with CRLF': [(L + R).replaceAll('\n', '\r\n'), [], 'leaf root'],
    'with text around the blocks': [`subject: x\n${L}\nissuer:\n\n${R}end`, [], 'leaf root'],
    'with blanks at the line ends': [L.replaceAll('\n', ' \t\n'), [], 'leaf'],
    'with a no-break space behind a mark': [L.replace('-----\n', '-----\u00A0\n'), [], 'leaf'],
    'with all base64 on one line': [rewrapped(L, 10_000), [], 'leaf'],
    'with an empty line behind BEGIN': [L.replace('-----\n', '-----\n\n'), [], 'leaf'],
    'with an empty line behind BEGIN and long lines': [
      rewrapped(L, 76).replace('-----\n', '-----\n\n'),
      ['bad-header'],
      'leaf',
    ],
    'with an empty line behind BEGIN and before END': [
      L.replace('-----\n', '-----\n\n').replace('\n-----END', '\n\n-----END'),
      ['bad-header'],
      'leaf',
    ],
    'with an empty line in the middle': [L.replace(/\n(.{64})\n/, '\n$1\n\n'), ['bad-header'], 'leaf'],
    'with a comment inside of a block': [L.replace('-----\n', '-----\nA: b\n\n'), ['bad-header'], ''],
    'with the label X509 CERTIFICATE': [L.replaceAll('CERT', 'X509 CERT'), [], 'leaf'],
    'with a trusted certificate that is not first': [L + R.replaceAll('CERT', 'TRUSTED CERT'), [], 'leaf'],
    'with a revocation list in it': [L + C + R, [], 'leaf root'],
    'with its key in it': [L + K + R, ['key-among-certificates'], 'leaf root'],
    'joined on one line': [L.trimEnd() + R, ['blocks-joined'], 'leaf root'],
    'without END': [L.replace(/-----END.*\n/, ''), ['begin-without-end'], ''],
    'with END of another label': [L.replace('END CERT', 'END X'), ['begin-without-end'], ''],
    'with a BEGIN too many': [`-----BEGIN CERTIFICATE-----\n${L}`, ['begin-without-end'], 'leaf'],
    'with a broken second block': [L + broken('CERTIFICATE', '***'), ['bad-base64'], 'leaf'],
    'with a broken block of another label': [L + broken('X', '***'), ['bad-base64'], 'leaf'],
    'with a block that is no certificate': [L + broken('CERTIFICATE', 'AAAA'), ['not-a-certificate'], 'leaf'],
    'with an empty block': [L + broken('CERTIFICATE', ''), ['bad-base64'], 'leaf'],
    'with the second block indented': [L + indented(R), ['begin-inside-line'], 'leaf'],
    'all indented': [indented(L), ['begin-inside-line', 'no-pem-block'], 'leaf'],
    'behind a byte order mark': [`\uFEFF${L}${R}`, ['byte-order-mark'], 'root'],
    'alone behind a byte order mark': [`\uFEFF${L}`, ['byte-order-mark', 'no-pem-block'], 'leaf'],
    'with spaces for line breaks': [L.replaceAll('\n', ' '), ['lost-line-breaks', 'no-pem-block'], 'leaf'],
    'with \\n for line breaks': [`"${L.replaceAll('\n', '\\n')}"`, ['lost-line-breaks', 'no-pem-block'], 'leaf'],
    'with CR for line breaks': [L.replaceAll('\n', '\r'), ['lost-line-breaks', 'no-pem-block'], 'leaf'],
    'in base64 twice': [Buffer.from(L + R).toString('base64'), ['base64-twice'], 'leaf root'],
    'in UTF-16': [Buffer.from(`\uFEFF${L}`, 'utf16le'), ['utf-16'], 'leaf'],
    'in UTF-16, big end first': [Buffer.from(L, 'utf16le').swap16(), ['utf-16'], 'leaf'],
    'in DER': [leaf.certificateDer, ['der'], 'leaf'],
    'in base64 without its marks': [leaf.certificateDer.toString('base64'), ['no-pem-block'], 'leaf'],
    'with garbage behind the leaf in its block': [
      broken('CERTIFICATE', Buffer.concat([leaf.certificateDer, Buffer.of(7)]).toString('base64')),
      ['not-a-certificate'],
      'leaf',
    ],
    'that is a key': [K, ['key-among-certificates', 'other-blocks-only'], ''],
    'with a label in lower case': [L.replaceAll('CERTIFICATE', 'certificate'), ['other-blocks-only'], ''],
    'of white space': [' \n', ['no-pem-block'], ''],
    'of nothing': ['', ['empty'], ''],
  });
});

suite('a CA bundle', () => {
  judges('trusted-ca', {
    'as it should be': [R + L, [], 'root leaf'],
    'with a revocation list': [R + C, [], 'root'],
    'with keys': [R + K + traditional, ['key-among-certificates'], 'root'],
    'with a broken PKCS#8 key': [R + broken('PRIVATE KEY', 'AAAA'), ['key-among-certificates'], 'root'],
    'with a broken PKCS#1 key': [
      R + broken('RSA PRIVATE KEY', 'AAAA'),
      ['key-among-certificates', 'unreadable-key'],
      'root',
    ],
    'with a broken revocation list': [R + broken('X509 CRL', 'AAAA'), ['not-a-crl'], 'root'],
    'behind a byte order mark': [`\uFEFF${R}${L}`, ['byte-order-mark'], 'leaf'],
    'of a revocation list only': [C, ['other-blocks-only'], ''],
  });
});

// Envoy 1.38.3 takes a value without any list, and then refuses every client with unknown_ca: that counts as refused.
suite('a revocation list', () => {
  judges('crl', {
    'as it should be': [C, [], ''],
    'of nothing': ['', [], ''],
    'of white space': [' ', ['no-pem-block'], ''],
    'that is a certificate': [R, ['other-blocks-only'], 'root'],
    'joined on one line': [C.trimEnd() + C, ['blocks-joined'], ''],
    'with a broken block': [broken('X509 CRL', 'AAAA'), ['not-a-crl'], ''],
  });

  test('is read, also where Envoy would not', () => {
    for (const text of [C, C.trimEnd() + C, `\uFEFF${C}`]) {
      const [list] = judgePem(text, 'crl').revocationLists;
      assert.deepEqual([list?.issuer, list?.revoked], ['CN=root', ['f00d']]);
    }
  });
});

suite('a private key', () => {
  const cases: Readonly<Record<string, readonly [string | Buffer, readonly PemProblem[]]>> = {
    'in PKCS#8': [K, []],
    'in PKCS#1': [traditional, []],
    'in PKCS#8 under the label of PKCS#1': [K.replaceAll('PRIVATE', 'RSA PRIVATE'), []],
    'in PKCS#1 under the label of PKCS#8': [traditional.replaceAll('RSA ', ''), ['unreadable-key']],
    'in PKCS#8 under the label of EC': [K.replaceAll('PRIVATE', 'EC PRIVATE'), ['unreadable-key']],
    'behind its certificate': [L + K, []],
    'before another key': [K + ecKey, ['several-keys']],
    'before a broken block': [K + broken('X', '***'), []],
    'behind a broken block': [broken('X', '***') + K, ['bad-base64']],
    'joined to another block': [K.trimEnd() + L, ['blocks-joined']],
    encrypted: [privateKeyText(K, 'encrypted-pkcs8'), ['encrypted']],
    'encrypted in the traditional form': [privateKeyText(K, 'encrypted-traditional'), ['encrypted']],
    'behind a byte order mark': [`\uFEFF${K}`, ['byte-order-mark', 'no-pem-block']],
    'in base64 twice': [Buffer.from(K).toString('base64'), ['base64-twice']],
    'in DER': [createPrivateKey(K).export({ format: 'der', type: 'pkcs8' }), ['der']],
    'of OpenSSH': [broken('OPENSSH PRIVATE KEY', 'AAAA'), ['other-blocks-only']],
    'that is a certificate': [L, ['other-blocks-only']],
    'of nothing': ['', ['empty']],
  };
  for (const [name, [text, problems]] of Object.entries(cases)) {
    test(`${name}: ${problems.some(isFatal) ? 'refused' : 'taken'}`, () => {
      assert.deepEqual(readPrivateKey(text).problems, problems);
    });
  }

  test('is told by its public half, even where Envoy refuses the text', () => {
    const { publicKey } = judgePem(L, 'certificates').certificates[0] ?? {};
    assert.equal(publicKey?.bits, 2048);
    for (const text of [K, traditional, L + K, K + ecKey, `\uFEFF${K}`, Buffer.from(K).toString('base64')]) {
      assert.deepEqual(readPrivateKey(text).facts.publicKey, publicKey);
    }
    const sec1 = readPrivateKey(privateKeyText(ecKey, 'traditional')).facts;
    assert.deepEqual([sec1.label, sec1.publicKey?.curve], ['EC PRIVATE KEY', 'prime256v1']);
    assert.deepEqual(readPrivateKey(privateKeyText(K, 'encrypted-traditional')).facts, {
      encrypted: true,
      label: 'RSA PRIVATE KEY',
    });
  });
});

suite('hostile text', () => {
  const purposes = ['certificates', 'trusted-ca', 'crl', 'private-key'] as const;
  const pieces = fc.constantFrom(
    L,
    R,
    K,
    C,
    '-----BEGIN ',
    '-----',
    '-----END ',
    'CERTIFICATE',
    '\n',
    '\0',
    '30',
    '\uFEFF',
  );

  test('never throws', () => {
    const noise = fc.oneof(fc.string({ unit: 'binary' }), pieces, fc.base64String());
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 12 }), fc.constantFrom(...purposes), (parts, purpose) => {
        judgePem(parts.join(''), purpose);
      }),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(900),
        fc.constantFrom(...purposes),
        (noise, at, purpose) => {
          judgePem(noise, purpose);
          judgePem(Buffer.concat([leaf.certificateDer.subarray(0, at), noise]), purpose);
          judgePem(
            broken('CERTIFICATE', Buffer.concat([leaf.certificateDer.subarray(0, at), noise]).toString('base64')),
            purpose,
          );
        },
      ),
    );
  });

  test('that is nearly a key or a list is read or refused', () => {
    const rsa = createPrivateKey(K);
    const ec = createPrivateKey(ecKey);
    const blocks: readonly (readonly [string, Buffer])[] = [
      ['RSA PRIVATE KEY', rsa.export({ format: 'der', type: 'pkcs1' })],
      ['EC PRIVATE KEY', ec.export({ format: 'der', type: 'sec1' })],
      ['PRIVATE KEY', ec.export({ format: 'der', type: 'pkcs8' })],
      ['X509 CRL', Buffer.from(C.split('\n').slice(1, -2).join(''), 'base64')],
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...blocks),
        fc.nat(200),
        fc.uint8Array({ maxLength: 4 }),
        ([label, der], at, noise) => {
          const damaged = Buffer.from(der);
          damaged.set(noise, Math.min(at, der.length - 4));
          for (const purpose of purposes) judgePem(broken(label, damaged.toString('base64')), purpose);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of two megabytes is judged in linear time', () => {
    const size = 2_000_000;
    for (const unit of [
      'a',
      '-',
      '\n',
      '-----BEGIN ',
      '-----BEGIN CERTIFICATE-----\n',
      '-----END X-----',
      '\u0000-',
      '0\u0000',
      '0\u0080',
    ]) {
      const text = Buffer.from(unit.repeat(Math.ceil(size / unit.length)), 'latin1');
      const started = performance.now();
      for (const purpose of purposes) judgePem(text, purpose);
      assert.ok(performance.now() - started < 10_000, `${JSON.stringify(unit)} took ${performance.now() - started} ms`);
    }
  });
});
