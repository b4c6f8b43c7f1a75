import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import type { Certificate } from '../../src/model/certificate.ts';
import type { CertificateDescription, Minted } from '../../src/pki/certificate-description.ts';
import { mintCertificate } from '../../src/pki/mint-certificate.ts';
import { isSelfSigned, issued, orderChain, placeOfKey } from '../../src/x509/chain.ts';
import { publicRoots } from '../../src/x509/public-roots.ts';
import { readCertificate } from '../../src/x509/read-certificate.ts';
import { verifyChain } from '../../src/x509/verify-chain.ts';
import { noOpenssl, openssl } from '../pki/openssl.ts';

const at = new Date('2026-06-01T00:00:00Z');
const valid = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') };
const past = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2021-01-01T00:00:00Z') };
const future = { notBefore: new Date('2030-01-01T00:00:00Z'), notAfter: new Date('2031-01-01T00:00:00Z') };
const mint = (description: CertificateDescription, issuer?: Minted): Minted =>
  mintCertificate({ ...valid, ...description }, issuer);
const ca = (CN: string, issuer?: Minted, more?: CertificateDescription): Minted =>
  mint({ subject: { CN }, ca: true, ...more }, issuer);
const leafOf = (issuer: Minted, more?: CertificateDescription): Minted => mint({ subject: 'CN=leaf', ...more }, issuer);
const sameKey = ({ privateKeyPem }: Minted): CertificateDescription => ({ privateKeyPem });

const root = ca('root');
const oldRoot = ca('root', undefined, { ...sameKey(root), ...past });
const otherRoot = ca('other');
const mimic = ca('root');
const intermediate = ca('intermediate', root);
const oldIntermediate = ca('intermediate', root, { ...sameKey(intermediate), ...past });
const serverIntermediate = ca('server only', root, { extendedKeyUsage: ['serverAuth'] });
const notCa = mint({ subject: 'CN=no ca', keyUsage: [] }, root);
const notSigning = mint({ subject: 'CN=no ca', keyUsage: ['keyCertSign'] }, root);
const short = ca('short', root, { pathLength: 0 });
const belowShort = ca('below', short);
const leaf = leafOf(intermediate);
const serverLeaf = leafOf(intermediate, { extendedKeyUsage: ['serverAuth'] });
const anyLeaf = leafOf(intermediate, { extendedKeyUsage: ['anyExtendedKeyUsage'] });
const encipherLeaf = leafOf(intermediate, { keyUsage: ['keyEncipherment'] });
const expiredLeaf = leafOf(intermediate, past);
const futureLeaf = leafOf(intermediate, future);
const forged = leafOf({ ...root, privateKeyPem: otherRoot.privateKeyPem });
const selfSigned = mint({ subject: 'CN=self' });

const certificateOf = ({ certificatePem }: Minted): Certificate => {
  const certificate = readCertificate(certificatePem);
  assert.ok(certificate);
  return certificate;
};

function verdict(
  sent: readonly Minted[],
  anchors: readonly Minted[],
  purpose: 'server' | 'client',
  partialChain: boolean,
): string {
  const result = verifyChain(sent.map(certificateOf), anchors.map(certificateOf), { at, purpose, partialChain });
  return result.ok ? 'ok' : `${result.code} at ${result.depth}`;
}

/** Each case was sent to Envoy 1.38.3 as a client's chain; where it refused, the alert fits the reason given here. */
const asEnvoy: Readonly<Record<string, readonly [readonly Minted[], readonly Minted[], string]>> = {
  'the intermediate is the only anchor': [[leaf, intermediate], [intermediate], 'ok'],
  'the anchor above a trusted intermediate is expired': [[leaf], [intermediate, oldRoot], 'CERT_HAS_EXPIRED at 2'],
  'the expired of two roots with one key stands first': [
    [leaf, intermediate],
    [oldRoot, root],
    'CERT_HAS_EXPIRED at 2',
  ],
  'the expired of two roots with one key stands second': [[leaf, intermediate], [root, oldRoot], 'ok'],
  'a root of the same name and another key stands first': [[leaf, intermediate], [mimic, root], 'ok'],
  'the expired intermediate is sent, the renewed trusted': [[leaf, oldIntermediate], [intermediate], 'ok'],
  'the renewed intermediate is sent, the expired trusted': [
    [leaf, intermediate],
    [oldIntermediate],
    'CERT_HAS_EXPIRED at 1',
  ],
  'the expired intermediate is sent first': [[leaf, oldIntermediate, intermediate], [root], 'CERT_HAS_EXPIRED at 1'],
  'the expired intermediate is sent second': [[leaf, intermediate, oldIntermediate], [root], 'ok'],
  'the leaf is the anchor': [[leaf], [leaf], 'ok'],
  'the leaf is the anchor, its intermediate is sent': [[leaf, intermediate], [leaf], 'ok'],
  'the leaf is the anchor, and for servers': [[serverLeaf], [serverLeaf], 'ok'],
  'the leaf is an anchor, and so is an expired root': [[leaf], [leaf, intermediate, oldRoot], 'CERT_HAS_EXPIRED at 2'],
  'the leaf is sent twice': [[leaf, leaf, intermediate], [root], 'ok'],
  'the root is sent too': [[leaf, intermediate, root], [root], 'ok'],
  'a self-signed leaf is not known': [[selfSigned], [root], 'DEPTH_ZERO_SELF_SIGNED_CERT at 0'],
  'a self-signed leaf is known': [[selfSigned], [selfSigned], 'ok'],
  'another root is sent under the name of the anchor': [
    [leafOf(mimic), mimic],
    [root],
    'SELF_SIGNED_CERT_IN_CHAIN at 1',
  ],
  'the intermediate is missing': [[leaf], [root], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE at 0'],
  'the root is another': [[leaf, intermediate], [otherRoot], 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY at 1'],
  'the path is too long': [[leafOf(belowShort), belowShort, short], [root], 'PATH_LENGTH_EXCEEDED at 2'],
  'the path is too long for the anchor': [[leafOf(belowShort), belowShort], [short], 'ok'],
  'the issuer is no CA': [[leafOf(notCa), notCa], [root], 'INVALID_CA at 1'],
  'the issuer is no CA, though it may sign': [[leafOf(notSigning), notSigning], [root], 'INVALID_CA at 1'],
  'the anchor is no CA': [[leafOf(notCa)], [notCa], 'ok'],
  'the signature is wrong': [[forged], [root], 'CERT_SIGNATURE_FAILURE at 0'],
  'the leaf is expired': [[expiredLeaf, intermediate], [root], 'CERT_HAS_EXPIRED at 0'],
  'the leaf is not yet valid': [[futureLeaf, intermediate], [root], 'CERT_NOT_YET_VALID at 0'],
  'the leaf is for servers': [[serverLeaf, intermediate], [root], 'INVALID_PURPOSE at 0'],
  'the leaf is for any purpose': [[anyLeaf, intermediate], [root], 'INVALID_PURPOSE at 0'],
  'the leaf is for encryption': [[encipherLeaf, intermediate], [root], 'INVALID_PURPOSE at 0'],
  'the leaf is a CA': [[intermediate], [root], 'INVALID_PURPOSE at 0'],
  'the intermediate is for servers': [[leafOf(serverIntermediate), serverIntermediate], [root], 'INVALID_PURPOSE at 1'],
  'the anchor is an intermediate for servers': [[leafOf(serverIntermediate)], [serverIntermediate], 'ok'],
};

suite('a client chain is verified as Envoy does it, when', () => {
  for (const [name, [sent, anchors, expected]] of Object.entries(asEnvoy)) {
    test(name, () => assert.equal(verdict(sent, anchors, 'client', true), expected));
  }
});

const codeOf: Readonly<Record<string, string>> = {
  '2': 'UNABLE_TO_GET_ISSUER_CERT',
  '7': 'CERT_SIGNATURE_FAILURE',
  '9': 'CERT_NOT_YET_VALID',
  '10': 'CERT_HAS_EXPIRED',
  '18': 'DEPTH_ZERO_SELF_SIGNED_CERT',
  '19': 'SELF_SIGNED_CERT_IN_CHAIN',
  '20': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  '25': 'PATH_LENGTH_EXCEEDED',
  '26': 'INVALID_PURPOSE',
  '79': 'INVALID_CA',
};

test('any chain is verified as OpenSSL does it', { skip: noOpenssl }, () => {
  const leaves = [leaf, serverLeaf, anyLeaf, encipherLeaf, expiredLeaf, futureLeaf, forged, selfSigned, intermediate];
  const deep = [leafOf(belowShort), leafOf(notCa), leafOf(notSigning), leafOf(serverIntermediate), leafOf(mimic)];
  const intermediates = [
    intermediate,
    oldIntermediate,
    serverIntermediate,
    notCa,
    notSigning,
    short,
    belowShort,
    mimic,
    root,
  ];
  const roots = [root, oldRoot, otherRoot, mimic, selfSigned, intermediate];
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(
      fc.constantFrom(...leaves, ...deep),
      fc.shuffledSubarray(intermediates),
      fc.shuffledSubarray(roots, { minLength: 1 }),
      fc.constantFrom('server' as const, 'client' as const),
      (first, others, anchors, purpose) => {
        const { output } = openssl(
          ['verify', '-no-CApath', '-no-CAstore', '-attime', String(+at / 1000), '-purpose', `ssl${purpose}`].concat(
            ['-CAfile', 'anchors'],
            others.length > 0 ? ['-untrusted', 'others'] : [],
            ['leaf'],
          ),
          {
            anchors: anchors.map(({ certificatePem }) => certificatePem).join(''),
            others: others.map(({ certificatePem }) => certificatePem).join(''),
            leaf: first.certificatePem,
          },
        );
        const [, number, depth] = /^error (\d+) at (\d+) depth/m.exec(output) ?? [];
        const alone = number === '20' && depth === '0' ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : undefined;
        const expected = number === undefined ? 'ok' : `${alone ?? codeOf[number] ?? number} at ${depth}`;
        outcomes.add(expected);
        assert.equal(verdict([first, ...others], anchors, purpose, false), expected);
      },
    ),
    { numRuns: 60 },
  );
  assert.ok(outcomes.size > 5, `only ${[...outcomes].join(', ')} were seen`);
});

suite('the order of a chain', () => {
  const order = (certificates: readonly Minted[], key?: Minted): object => {
    const found = orderChain(certificates.map(certificateOf), key && certificateOf(key).publicKey);
    const names = (list: readonly Certificate[] = []): string => list.map(({ commonName }) => commonName).join(' ');
    return [names(found?.chain), names(found?.extra), found?.leafFirst, found?.inOrder];
  };

  test('is found wherever the certificates stand', () => {
    assert.deepEqual(order([leaf, intermediate, root]), ['leaf intermediate root', '', true, true]);
    assert.deepEqual(order([leaf, root, intermediate]), ['leaf intermediate root', '', true, false]);
    assert.deepEqual(order([intermediate, leaf]), ['leaf intermediate', '', false, false]);
    assert.deepEqual(order([root, intermediate, leaf]), ['leaf intermediate root', '', false, false]);
    assert.deepEqual(order([leaf, otherRoot]), ['leaf', 'other', true, true]);
    assert.deepEqual(order([otherRoot, leaf]), ['leaf', 'other', false, false]);
    assert.deepEqual(order([leaf, mimic]), ['leaf', 'root', true, true]);
    assert.deepEqual(order([leaf, intermediate, intermediate]), ['leaf intermediate', '', true, true]);
    assert.deepEqual(order([root]), ['root', '', true, true]);
    assert.equal(orderChain([]), undefined);
  });

  test('begins with the certificate of the key', () => {
    assert.deepEqual(order([leaf, serverLeaf, intermediate], serverLeaf), ['leaf intermediate', 'leaf', false, false]);
    assert.equal(placeOfKey([root, leaf].map(certificateOf), certificateOf(leaf).publicKey), 1);
    assert.equal(placeOfKey([root, leaf].map(certificateOf), certificateOf(mimic).publicKey), -1);
  });
});

test('a certificate was issued by its issuer, not by its namesake', () => {
  assert.ok(issued(certificateOf(root), certificateOf(intermediate)));
  assert.ok(!issued(certificateOf(mimic), certificateOf(intermediate)));
  assert.ok(!issued(certificateOf(root), certificateOf(forged)));
  assert.ok(!issued(certificateOf(intermediate), certificateOf(root)));
  assert.ok(isSelfSigned(certificateOf(root)) && !isSelfSigned(certificateOf(intermediate)));
});

test('the public roots are roots', () => {
  assert.ok(publicRoots().length > 100);
  assert.equal(publicRoots(), publicRoots());
  for (const anchor of publicRoots()) assert.ok(isSelfSigned(anchor), anchor.subject);
});
