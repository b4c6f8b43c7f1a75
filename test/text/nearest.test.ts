import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { alternatives, editDistance, nearest } from '../../src/text/nearest.ts';

describe('the distance of two words', () => {
  it('counts edits and swaps of neighbours', () => {
    const table = [
      ['', '', 0],
      ['a', '', 1],
      ['kitten', 'sitting', 3],
      ['doctor', 'dcotor', 1],
      ['doctor', 'doctor', 0],
      ['ab', 'ba', 1],
    ] as const;
    for (const [from, to, distance] of table) assert.equal(editDistance(from, to), distance, `${from} ${to}`);
  });

  it('is a distance', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.equal(editDistance(a, b) === 0, a === b);
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
        assert.ok(editDistance(a, b) >= Math.abs(a.length - b.length));
      }),
    );
  });
});

describe('the nearest names', () => {
  const names = ['cert-expired', 'cert-expiring-soon', 'cert-cn-only', 'mtls-ca-expired', 'secret-missing'];

  it('are those that were meant, nearest first', () => {
    assert.deepEqual(nearest('cert-expird', names), ['cert-expired']);
    assert.deepEqual(nearest('expired-cert', names), ['cert-expired']);
    assert.deepEqual(nearest('CERT_EXPIRED', names)[0], 'cert-expired');
    assert.deepEqual(nearest('missing', names), ['secret-missing']);
  });

  it('are none for what is like nothing, empty or endless', () => {
    for (const word of ['zebra', '', 'x'.repeat(100_000)]) assert.deepEqual(nearest(word, names), []);
  });

  it('are named as one would say them', () => {
    assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(alternatives), ['', 'a', 'a or b', 'a, b or c']);
  });
});
