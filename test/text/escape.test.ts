import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { escapeForTerminal, escapeLines, isPlain } from '../../src/text/escape.ts';

/** What terminals act on or hide, written out here so that the test does not lean on the classes that the code names. */
function acts(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0xad ||
    code === 0x61c ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    (code >= 0xd800 && code <= 0xdfff) ||
    code === 0xfeff ||
    (code >= 0xe0000 && code <= 0xe0fff)
  );
}

const codePoints = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);
const anything = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) });

describe('escaping for a terminal', () => {
  it('shows each thing that a terminal would act on', () => {
    assert.equal(escapeForTerminal('a\u001b[31mb\r\n\t\0'), String.raw`a\x1b[31mb\r\n\t\x00`);
    assert.equal(escapeForTerminal('moc.\u202eknab\u200b'), String.raw`moc.\u202eknab\u200b`);
    assert.equal(escapeForTerminal('\u{e0041}\ud800'), String.raw`\u{e0041}\ud800`);
  });

  it('leaves nothing of the kind in any text', () => {
    const all = Array.from({ length: 0x11_0000 }, (_, code) => code);
    for (let start = 0; start < all.length; start += 0x1000) {
      const text = all.slice(start, start + 0x1000).map((code) => String.fromCodePoint(code));
      for (const character of text) {
        if (acts(character.codePointAt(0) ?? 0)) assert.ok(!codePoints(escapeForTerminal(character)).some(acts));
      }
    }
    fc.assert(fc.property(anything, (text) => !codePoints(escapeForTerminal(text)).some(acts)));
    fc.assert(fc.property(anything, (text) => !codePoints(escapeLines(text).replaceAll('\n', '')).some(acts)));
  });

  it('leaves all other text as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        assert.equal(escapeForTerminal(text), text);
        assert.ok(isPlain(text));
      }),
    );
    assert.equal(escapeForTerminal('CN=Müller & Söhne 株式会社 ✓'), 'CN=Müller & Söhne 株式会社 ✓');
  });

  it('keeps the lines of a text, and only those', () => {
    assert.equal(escapeLines('one\r\ntwo\rthree\n'), 'one\ntwo\\rthree\n');
  });
});
