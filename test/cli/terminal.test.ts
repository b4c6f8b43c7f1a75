import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { openProgress } from '../../src/cli/progress.ts';
import { lookOf, takesUnicode, wantsColor } from '../../src/cli/terminal.ts';
import { writeFully } from '../../src/cli/write.ts';

describe('colour', () => {
  const table: readonly [string, Parameters<typeof wantsColor>, boolean][] = [
    ['in a terminal', ['auto', { TERM: 'xterm' }, true], true],
    ['not in a file or pipe', ['auto', { TERM: 'xterm' }, false], false],
    ['not in a dumb terminal', ['auto', { TERM: 'dumb' }, true], false],
    ['not with NO_COLOR', ['auto', { NO_COLOR: '1' }, true], false],
    ['with an empty NO_COLOR', ['auto', { NO_COLOR: '' }, true], true],
    ['with FORCE_COLOR in a pipe', ['auto', { FORCE_COLOR: '1' }, false], true],
    ['with FORCE_COLOR and NO_COLOR', ['auto', { FORCE_COLOR: '', NO_COLOR: '1' }, false], true],
    ['not with FORCE_COLOR=0', ['auto', { FORCE_COLOR: '0' }, true], false],
    ['not with FORCE_COLOR=false', ['auto', { FORCE_COLOR: 'false' }, true], false],
    ['always', ['always', { NO_COLOR: '1', TERM: 'dumb' }, false], true],
    ['never', ['never', { FORCE_COLOR: '1' }, true], false],
  ];
  for (const [what, given, wanted] of table) it(what, () => assert.equal(wantsColor(...given), wanted));
});

describe('marks', () => {
  it('are Unicode unless the locale or the flag says otherwise', () => {
    assert.ok(takesUnicode({}));
    assert.ok(takesUnicode({ LANG: 'de_DE.UTF-8' }));
    assert.ok(takesUnicode({ LC_ALL: '', LANG: 'C.utf8' }));
    assert.ok(!takesUnicode({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }));
    assert.ok(!takesUnicode({ LC_CTYPE: 'POSIX', LANG: 'de_DE.UTF-8' }));
    assert.ok(!takesUnicode({ LANG: 'de_DE.ISO-8859-1' }));
    assert.ok(!takesUnicode({ TERM: 'linux', LANG: 'de_DE.UTF-8' }));
    assert.equal(lookOf({}, {}).ascii, false);
    assert.equal(lookOf({}, {}, { ascii: true }).ascii, true);
    assert.equal(lookOf({}, { LC_ALL: 'C' }).ascii, true);
  });
});

describe('the width of running text', () => {
  it('follows a terminal within reason, and nobody else', () => {
    const widths = [{}, { columns: 300 }, ...[300, 80, 10, 0].map((columns) => ({ isTTY: true, columns }))];
    assert.deepEqual(
      widths.map((stream) => lookOf(stream, {}).width),
      [100, 100, 120, 80, 40, 100],
    );
  });
});

/** Stands where a terminal would, and keeps what it is given. */
class Screen extends Writable {
  readonly isTTY: boolean;
  readonly columns = 60;
  text = '';

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

describe('progress', () => {
  it('is nothing in a file, nothing with -q, and nothing for what is over at once', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    for (const [screen, quiet] of [
      [new Screen(false), false],
      [new Screen(), true],
    ] as const) {
      const progress = openProgress(screen, { quiet });
      progress.begin('reading Gateways');
      progress.note('a note');
      context.mock.timers.tick(10_000);
      progress.stop();
      assert.equal(screen.text, '');
    }
    const screen = new Screen();
    const progress = openProgress(screen, { quiet: false });
    progress.begin('reading Gateways')();
    progress.stop();
    context.mock.timers.tick(10_000);
    assert.equal(screen.text, '');
  });

  it('begins within 300 ms, is one line that leaves no trace, and cannot be abused', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    const screen = new Screen();
    const progress = openProgress(screen, { quiet: false });
    const done = progress.begin(`pod \u001b[2J${'x'.repeat(100)}`);
    context.mock.timers.tick(299);
    assert.ok(screen.text.startsWith('\r\u001b[K0/1 pod \\x1b[2Jxxx'));
    assert.ok(screen.text.endsWith('...'));
    assert.ok(screen.text.length - '\r\u001b[K'.length < screen.columns);
    done();
    progress.note('one note');
    progress.begin('next');
    context.mock.timers.tick(299);
    progress.stop();
    assert.ok(screen.text.endsWith('\r\u001b[Kone note\n\r\u001b[K1/2 next\r\u001b[K'));
  });

  it('says after five seconds what it still waits for', (context) => {
    context.mock.timers.enable({ apis: ['setInterval'] });
    let now = 0;
    context.mock.method(performance, 'now', () => now);
    for (const term of ['xterm', 'dumb']) {
      now = 0;
      const screen = new Screen();
      const progress = openProgress(screen, { quiet: false, term });
      progress.begin('Gateways');
      const done = progress.begin('pods');
      progress.begin('Services');
      done();
      now = 4999;
      context.mock.timers.tick(299);
      assert.doesNotMatch(screen.text, /still/);
      now = 5000;
      context.mock.timers.tick(299);
      assert.match(screen.text, /still waiting for Gateways, Services/);
      if (term === 'dumb') assert.equal(screen.text, 'still waiting for Gateways, Services\n');
      progress.stop();
    }
  });
});

describe('writing', () => {
  const failing = (code: string): Writable =>
    new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(`write ${code}`), { code })) });

  it('takes a reader that went away for the end of its wish, and a full disk for an error', async () => {
    await writeFully(failing('EPIPE'), 'text');
    await assert.rejects(writeFully(failing('ENOSPC'), 'text'), /the output cannot be written: write ENOSPC/);
  });

  it('waits for a slow stream', async () => {
    let written = '';
    const slow = new Writable({
      highWaterMark: 1,
      write: (chunk, _encoding, done) => {
        written += String(chunk);
        setTimeout(done, 20);
      },
    });
    await writeFully(slow, 'text');
    assert.equal(written, 'text');
    assert.equal(slow.listenerCount('error'), 0);
  });
});
