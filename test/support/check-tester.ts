import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBlind, type Blind, type Check, type Fault, type Judgement } from '../../src/checks/check.ts';
import { fullName } from '../../src/kubernetes/names.ts';
import type { Severity } from '../../src/model/finding.ts';
import { evidence, type EvidenceParts } from './evidence.ts';

/** What a broken case must give: the object to mend, the field, and words that its text must have. */
export interface ExpectedFault {
  /** `Gateway shop/storefront`. */
  readonly subject: string;
  readonly path?: string;
  readonly severity?: Severity;
  /** Hosts, where the fault is about some of a server's hosts only. */
  readonly hosts?: readonly string[];
  /** Each must stand in title, message or evidence. */
  readonly says?: readonly (string | RegExp)[];
  /** Words of the first command of the fix. */
  readonly fix?: string | RegExp;
}

export interface CheckCases {
  readonly healthy: Readonly<Record<string, EvidenceParts>>;
  readonly broken: Readonly<
    Record<string, { readonly given: EvidenceParts; readonly faults: readonly ExpectedFault[] }>
  >;
  /** Cases in which the look itself was not possible: no fault, and a blind with words of its text. */
  readonly blind: Readonly<
    Record<string, { readonly given: EvidenceParts; readonly about: string | RegExp } | EvidenceParts>
  >;
}

function judge(check: Check, given: EvidenceParts): { faults: readonly Fault[]; blinds: readonly Blind[] } {
  const judgements: readonly Judgement[] = [...check.inspect(evidence(given))];
  return {
    faults: judgements.filter((one): one is Fault => !isBlind(one)),
    blinds: judgements.filter(isBlind),
  };
}

function textOf(fault: Fault): string {
  return [fault.title, fault.message, ...fault.evidence.map(({ ref, detail }) => `${ref}: ${detail}`)].join('\n');
}

function assertSays(text: string, wanted: string | RegExp): void {
  if (typeof wanted === 'string') assert.ok(text.includes(wanted), `«${wanted}» does not stand in:\n${text}`);
  else assert.match(text, wanted);
}

function assertFault(check: Check, fault: Fault, expected: ExpectedFault): void {
  assert.equal(`${fault.subject.kind} ${fullName(fault.subject)}`, expected.subject);
  if (expected.path !== undefined) assert.equal(fault.subject.path, expected.path);
  assert.equal(fault.severity ?? check.severity, expected.severity ?? check.severity);
  if (expected.hosts)
    assert.deepEqual(
      fault.affects.flatMap(({ hosts }) => hosts ?? []),
      expected.hosts,
    );
  for (const wanted of expected.says ?? []) assertSays(textOf(fault), wanted);
  if (expected.fix !== undefined) assertSays((fault.fix?.commands[0]?.argv ?? []).join(' '), expected.fix);
}

/** What every fault must keep, whatever check made it. */
function assertWellMade(check: Check, fault: Fault): void {
  assert.ok(fault.confidence > 0 && fault.confidence <= 1, 'confidence is between 0 and 1');
  assert.ok(fault.title.length > 0 && !fault.title.endsWith('.'), `a title has no full stop: ${fault.title}`);
  assert.match(fault.message, /[.!?]$/, 'a message is made of sentences');
  assert.ok(fault.evidence.length > 0, 'a fault shows how it is known');
  for (const { source } of fault.evidence) {
    assert.ok(
      check.reads.includes(source),
      `${check.name} shows evidence of ${source}, which it does not say it reads`,
    );
  }
  if (check.kind === 'cause') assert.ok(fault.fix && fault.confirm, 'a cause has a fix and a command that confirms it');
}

/** Runs a check over small evidence: healthy cases must be silent, broken ones must give just these faults. */
export function testCheck(check: Check, cases: CheckCases): void {
  for (const [name, given] of Object.entries(cases.healthy)) {
    test(`${check.name}: silent when ${name}`, () => {
      const { faults } = judge(check, given);
      assert.deepEqual(faults.map(textOf), []);
    });
  }
  for (const [name, { given, faults: expected }] of Object.entries(cases.broken)) {
    test(`${check.name}: found when ${name}`, () => {
      const { faults } = judge(check, given);
      assert.equal(faults.length, expected.length, faults.map(textOf).join('\n\n'));
      for (const [index, fault] of faults.entries()) {
        assertWellMade(check, fault);
        const wanted = expected[index];
        if (wanted) assertFault(check, fault, wanted);
      }
    });
  }
  for (const [name, one] of Object.entries(cases.blind)) {
    test(`${check.name}: says that it could not look when ${name}`, () => {
      const { given, about } = 'given' in one ? one : { given: one, about: undefined };
      const { faults, blinds } = judge(check, given);
      assert.deepEqual(faults.map(textOf), []);
      assert.ok(blinds.length > 0 || about === undefined, 'no blind was told');
      if (about !== undefined)
        assertSays(blinds.map((blind) => `${blind.about}: ${blind.blind.detail}`).join('\n'), about);
    });
  }
}
