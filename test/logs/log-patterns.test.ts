import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessPatterns } from '../../src/logs/access-patterns.ts';
import { explainLogLine } from '../../src/logs/explain-log-line.ts';
import type { LogMeaning } from '../../src/logs/log-pattern.ts';
import { logPatterns } from '../../src/logs/match-message.ts';
import { examples } from './pattern-examples.ts';

const all: readonly LogMeaning[] = [
  ...logPatterns.flatMap((pattern) => [pattern, ...(pattern.reason?.known ?? [])]),
  ...accessPatterns,
];
const ids = [...new Set(all.map(({ id }) => id))];

test('every pattern has an example, and every example a pattern', () => {
  assert.deepEqual(Object.keys(examples).sort(), ids.toSorted());
  assert.equal(new Set(logPatterns.map(({ id }) => id)).size, logPatterns.length, 'two patterns have one id');
});

for (const [id, { line, near }] of Object.entries(examples)) {
  test(`${id} explains its line, and not one that only looks like it`, () => {
    assert.equal(explainLogLine(line)?.meaning.id, id);
    assert.notEqual(explainLogLine(near)?.meaning.id, id);
  });
}

test('every pattern says what it means, from when on, and names causes unless nothing is wrong', () => {
  for (const { id, meaning, versions, causes, severity } of all) {
    assert.match(meaning, /^\S.{20,}\.$/s, id);
    assert.match(versions.from, /^1\.\d+(?:\.\d+)?$/, id);
    assert.ok(
      causes.every((cause) => /^[a-z0-9]+(?:-[a-z0-9]+)+$/.test(cause)),
      id,
    );
    if (severity === 'none') assert.deepEqual(causes, [], id);
  }
});

test('patterns are sticky, so that no text makes one slow', () => {
  for (const pattern of logPatterns) {
    assert.ok(pattern.rest.sticky && !pattern.rest.global, pattern.id);
    for (const reason of pattern.reason?.known ?? []) assert.ok(reason.text.sticky, reason.id);
  }
});
