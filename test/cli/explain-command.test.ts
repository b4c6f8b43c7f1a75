import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const src = join(import.meta.dirname, '../../src');
const program = JSON.stringify({ name: 'istls', version: '0.0.0', root: src });
/** The program as the user runs it, which answers `explain` without the parser of flags where it can; and the command itself. */
const atOnce = `import { main } from '${src}/main.ts'; await main([process.execPath, 'istls', ...process.argv.slice(1)]);`;
const byCommand = `import { run } from '${src}/cli/run.ts'; process.exitCode = await run(process.argv.slice(1), ${program});`;

function run(code: string, argv: readonly string[], input = '') {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code, '--', ...argv], {
    encoding: 'utf8',
    input,
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
  return { code: child.status, out: child.stdout, err: child.stderr };
}

describe('istls explain', () => {
  const questions: readonly (readonly string[])[] = [
    ['explain'],
    ['explain', '-o', 'json'],
    ['explain', '48', '--output=json'],
    ['explain', '--color', 'always', 'secret-wrong-namespace'],
    ['explain', '--ascii', 'curl: (35)', 'Recv failure: Connection reset by peer'],
    ['explain', 'nothing', 'of', 'the', 'kind'],
    ['explain', '-o', 'yaml', '48'],
    ['explain', '--', '--color'],
    ['explain', '-o'],
  ];
  for (const argv of questions) {
    it(`gives the same answer with and without the parser of flags: ${argv.join(' ')}`, () => {
      const answer = run(atOnce, argv);
      assert.deepEqual(answer, run(byCommand, argv));
      assert.equal(answer.code === 0, answer.out !== '' && answer.err === '');
    });
  }

  it('explains every line of standard input that it knows', () => {
    const log =
      'noise\n2026-11-21T14:59:11.7Z\twarn\tads\tfailed to fetch key and certificate for kubernetes://s: secret ns/s not found\n';
    const { code, out } = run(atOnce, ['explain', '-', '-o', 'json'], log);
    const { answers }: { answers: readonly { readonly name: string }[] } = JSON.parse(out);
    assert.equal(code, 0);
    assert.deepEqual(
      answers.map(({ name }) => name),
      ['istiod-key-not-found'],
    );
    assert.deepEqual(run(atOnce, ['explain', '-'], 'noise\n').code, 2);
    assert.equal(run(atOnce, ['explain', '-'], 'x'.repeat(2_000_000)).code, 3);
  });

  it('takes a line that begins with a dash for what it is', () => {
    assert.match(run(atOnce, ['explain', '- - -']).err, /nothing is known of "- - -"/);
  });
});
