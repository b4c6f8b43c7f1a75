import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { isPlain } from '../../src/text/escape.ts';
import { quoteWords, renderCommand } from '../../src/text/shell.ts';

const noShell = spawnSync('sh', ['-c', 'exit 0']).status === 0 ? false : 'there is no sh on this machine';
const here = { program: ['istls'] };

/** What a real shell makes of a line: the words, one after another with a NUL behind each. */
function wordsOf(line: string): readonly string[] {
  const run = spawnSync('sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  assert.equal(run.stderr, '');
  return run.stdout.split('\0').slice(0, -1);
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('\n', '\u001b', "'", '"', '$', '`', '\\', '%', ' ', 'a', '\u202e', '!'),
    maxLength: 8,
  }),
  fc.constantFrom('', '-n', '~', '*', 'a=b', '--flag=two words', '#', '<CLIENT_CA>', '\n\n', 'x\u001b\n', '\\c'),
);

describe('quoting for a shell', () => {
  it('gives a real shell exactly the words that went in', { skip: noShell }, () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 40 }), (words) => {
        const possible = words.map((word) => word.replaceAll('\0', '').toWellFormed());
        assert.deepEqual(wordsOf(quoteWords(['printf', ...possible]).slice('printf '.length)), possible);
      }),
      { numRuns: 150 },
    );
  });

  it('shows a terminal nothing but printable text, however hostile the words are', () => {
    fc.assert(
      fc.property(fc.array(nasty), (words) => {
        assert.ok(isPlain(quoteWords(words).replace(/\n+'/g, "'")));
      }),
    );
  });

  it('leaves alone what needs no quotes, and quotes the value of a flag alone', () => {
    assert.equal(
      quoteWords(['kubectl', '-n', 'shop', 'get', 'gateways.networking.istio.io/public', '-o=yaml']),
      'kubectl -n shop get gateways.networking.istio.io/public -o=yaml',
    );
    assert.equal(
      quoteWords(['tool', '--from-file=ca.crt=<CLIENT_CA>', '']),
      "tool --from-file='ca.crt=<CLIENT_CA>' ''",
    );
    assert.equal(quoteWords(['A=b', 'if']), "'A=b' if");
  });

  it('shows a NUL, which no argument can hold, as a replacement character', () => {
    assert.equal(quoteWords(['a\0b']), "'a\ufffdb'");
  });
});

describe('a printed command', () => {
  const apply = { argv: ['kubectl', 'apply', '-f', '-'] };

  it('hands its manifest over unchanged, even one that holds the usual delimiter', { skip: noShell }, () => {
    for (const stdin of [
      'kind: Secret\n',
      'a: $HOME\nEOF\nEOF_\n\tb: `id`',
      "it's\n",
      'name: "\u001b[2J"\n',
      'a\u202eb\n',
    ]) {
      const text = renderCommand({ argv: ['cat'], stdin, pipe: { argv: ['cat', '-'] } }, here);
      assert.ok(
        text.split('\n').every((line) => isPlain(line.replaceAll('\t', ''))),
        text,
      );
      const run = spawnSync('sh', ['-c', text], { encoding: 'utf8' });
      assert.equal(run.stdout, stdin.endsWith('\n') ? stdin : `${stdin}\n`);
    }
  });

  it('shows a manifest as a here-document and pipes as pipes', () => {
    assert.equal(
      renderCommand({ ...apply, stdin: 'kind: Secret\n' }, here),
      "kubectl apply -f - <<'EOF'\nkind: Secret\nEOF",
    );
    assert.equal(
      renderCommand({ argv: ['echo', 'a | b'], stdin: 'x', pipe: { argv: ['base64', '-d'] } }, here),
      "echo 'a | b' <<'EOF' | base64 -d\nx\nEOF",
    );
  });

  it('takes the way to the cluster that the user took, in every stage that goes there and in no other', () => {
    const invocation = {
      program: ['kubectl', 'istio-tls'],
      kubeconfig: '/home/me/prod config',
      context: 'prod',
      as: 'oncall',
      asGroups: ['a', 'b'],
    };
    const flags = "--kubeconfig '/home/me/prod config' --context prod --as oncall --as-group a --as-group b";
    assert.equal(
      renderCommand(
        { argv: ['kubectl', 'get', 'secret', 's'], pipe: { ...apply, pipe: { argv: ['wc'] } } },
        invocation,
      ),
      `kubectl ${flags} get secret s | kubectl ${flags} apply -f - | wc`,
    );
    assert.equal(
      renderCommand({ argv: ['istls', 'doctor', 'shop.example'] }, invocation),
      `kubectl istio-tls doctor shop.example ${flags}`,
    );
    assert.equal(
      renderCommand({ argv: ['istls', 'lab', 'run', '--', 'sh'] }, { program: ['istls'], context: 'lab' }),
      'istls lab run --context lab -- sh',
    );
  });
});
