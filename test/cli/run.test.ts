import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const tool = join(import.meta.dirname, '../support/tool.ts');

function run(...argv: string[]) {
  const child = spawnSync(process.execPath, [tool, ...argv], { encoding: 'utf8', input: 'never read' });
  return { code: child.status, out: child.stdout, err: child.stderr };
}

/** The flags as the command got them. */
function flags(...argv: string[]): Record<string, unknown> {
  const { code, out, err } = run('show', ...argv);
  assert.deepEqual([code, err], [0, ''], err);
  const given: Record<string, unknown> = JSON.parse(out);
  return given;
}

describe('flags', () => {
  it('come as the values that they mean', () => {
    const line =
      'one.example -n shop -n billing --context a --context=b two.example --from - --from logs/ ' +
      '--resolve shop.example:443:[2001:db8::1] --connect-to ::shop.example:8443 --client-secret shop/client ' +
      '--timeout 2m --request-timeout 5 --probe-timeout=500ms --max-probes 20 --report json=a=b';
    const given = flags(...line.split(' '));
    assert.deepEqual(given['targets'], ['one.example', 'two.example']);
    assert.deepEqual(given['namespace'], ['shop', 'billing']);
    assert.deepEqual(given['context'], ['a', 'b']);
    assert.deepEqual(given['from'], ['-', 'logs/']);
    assert.deepEqual(given['resolve'], [{ host: 'shop.example', port: 443, addresses: ['2001:db8::1'] }]);
    assert.deepEqual(given['connect-to'], [{ from: {}, to: { host: 'shop.example', port: 8443 } }]);
    assert.deepEqual(given['client-secret'], { namespace: 'shop', name: 'client' });
    assert.deepEqual(given['report'], [{ format: 'json', path: 'a=b' }]);
    const numbers = ['timeout', 'request-timeout', 'probe-timeout', 'max-probes'].map((name) => given[name]);
    assert.deepEqual(numbers, [120_000, 5000, 500, 20]);
  });

  it('have the defaults that help names', () => {
    const given = flags();
    const named = [
      given['timeout'],
      given['probe-timeout'],
      given['istio-namespace'],
      given['fail-on'],
      given['output'],
    ];
    assert.deepEqual(named, [30_000, 3000, 'istio-system', 'error', 'text']);
    assert.deepEqual(given['targets'], []);
    const help = run('show', '--help').out.replaceAll(/\s+/g, ' ');
    for (const value of ['30s', '3s', 'istio-system', 'error', 'text'])
      assert.ok(help.includes(`(default ${value})`), value);
  });
});

describe('wrong usage exits with 2, says on standard error what would be right, and prints no report', () => {
  const mistakes: readonly [string, string[], RegExp][] = [
    ['an unknown command', ['shwo'], /^istls: there is no command "shwo"\n {2}did you mean show\?\n$/],
    ['nothing like a command', ['frobnicate'], /istls --help lists the commands/],
    ['an unknown command of a topic', ['lab', 'wiat'], /there is no command "lab wiat"\n {2}did you mean lab wait\?/],
    ['a topic alone', ['lab'], /istls lab needs a command behind it\n {2}there is lab wait/],
    [
      'a flag before the command',
      ['--context', 'a', 'show'],
      /"--context" stands where a command belongs\n {2}flags come behind it/,
    ],
    [
      'an unknown flag',
      ['show', '--kubeconfg', 'x'],
      /^istls show: there is no flag --kubeconfg\n {2}did you mean --kubeconfig\?/,
    ],
    ['an unknown short flag', ['show', '-X'], /there is no flag -X/],
    [
      'a flag of another command',
      ['end', '--from', 'x', '0'],
      /--from is not a flag of this command\n {2}it is one of show/,
    ],
    ['a word with a dash', ['show', '- - -'], /"- - -" begins with a dash and is no flag\n {2}put -- in front/],
    ['a missing argument', ['end'], /^istls end: HOW is missing/],
    ['too many arguments', ['end', '0', 'more'], /"more" is more than this command takes\n {2}it takes HOW/],
    ['an argument where none is taken', ['much', 'x'], /"x": this command takes no arguments/],
    ['a flag without its value', ['show', '--context'], /--context needs a value/],
    ['a flag that takes none', ['show', '--ascii=yes'], /--ascii takes no value\n {2}write --ascii alone/],
    ['a flag twice', ['show', '-r', 'a', '-r', 'b'], /--revision is given twice/],
    [
      'a choice that is none',
      ['show', '--fail-on', 'eror'],
      /--fail-on: "eror" is not one of its values\n {2}did you mean error\?/,
    ],
    [
      'a format of later',
      ['show', '-o', 'sarif'],
      /--output: "sarif" is not in this release yet\n {2}choose from text, json/,
    ],
    ['a report of later', ['show', '--report', 'html=x'], /--report: "html" is not in this release yet/],
    ['a report without a file', ['show', '--report', 'json'], /--report: "json" names no file\n {2}write FORMAT=PATH/],
    [
      'a bad duration',
      ['show', '--timeout', 'soon'],
      /--timeout: "soon" is not a duration\n {2}write a number with a unit/,
    ],
    ['no time at all', ['show', '--wait', '0s'], /--wait: "0s" leaves no time/],
    ['a bad number', ['show', '--concurrency', '0'], /--concurrency: "0" is not a whole number of at least 1/],
    ['a bad namespace', ['show', '-n', 'Shop'], /--namespace: "Shop" cannot be the name of a namespace/],
    ['a key without its certificate', ['show', '--key', 'a'], /--cert/],
    ['two that exclude each other', ['show', '--wait', '1m', '--watch'], /--watch.*--wait|--wait.*--watch/],
    ['hostile text', ['show', '--timeout', '\u001b[2J'], /"\\x1b\[2J" is not a duration/],
  ];
  for (const [what, argv, message] of mistakes) {
    it(what, () => {
      const { code, out, err } = run(...argv);
      assert.match(err, message);
      assert.deepEqual([code, out], [2, '']);
    });
  }
});

describe('the end of a command', () => {
  it('has the exit code that the command gives', () => {
    for (const code of [0, 1, 4, 124])
      assert.deepEqual(run('end', `${code}`), { code, out: 'partial result\n', err: '' });
  });

  it('is 3 with a reason when it could not start', () => {
    assert.deepEqual(run('end', 'no-cluster'), {
      code: 3,
      out: '',
      err: 'istls end: no cluster answers\n  see --context\n',
    });
  });

  it('is 3, never 1, when istls itself has a defect', () => {
    const { code, out, err } = run('end', 'bug');
    assert.deepEqual([code, out], [3, '']);
    assert.match(
      err,
      /^istls end failed, and the fault is its own; please report these lines:\nTypeError: something that is \\x1b\[31mred/,
    );
  });

  it('comes after everything was written, also to a slow reader', async () => {
    const child = spawn(process.execPath, [tool, 'much'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => setTimeout(resolve, 300));
    let text = '';
    for await (const chunk of child.stdout) text += String(chunk);
    assert.equal(text.length, 200 * 16_000 + 'the end\n'.length);
    assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 1);
  });

  it('is silent when the reader has gone away, with the exit code that it would have had', async () => {
    const child = spawn(process.execPath, [tool, 'much'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    assert.deepEqual([(await once(child, 'close'))[0], err], [1, '']);
  });
});

describe('Ctrl-C', () => {
  async function waiting(env: NodeJS.ProcessEnv = process.env) {
    const child = spawn(process.execPath, [tool, 'lab', 'wait'], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let out = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    await once(child.stdout, 'data');
    return { child, out: () => out };
  }

  it('lets a command print what it knows, and makes the exit code 130', async () => {
    const { child, out } = await waiting();
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'close'), [130, null]);
    assert.equal(out(), 'ready\nwhat is known\n');
  });

  it('ends a command at once when it comes a second time', async () => {
    const { child } = await waiting({ ...process.env, LINGER: '1' });
    child.kill('SIGINT');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'close'), [null, 'SIGINT']);
  });
});

describe('help', () => {
  it('lists the commands of the program by what they are for, and of a topic', () => {
    for (const argv of [[], ['--help'], ['-h'], ['help']]) {
      const { code, out, err } = run(...argv);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^Find the fault:\n {2}show +What it was given$/m);
      assert.match(out, /^Learn:\n {2}lab wait +Waits for Ctrl-C$/m);
    }
    const { out } = run('lab', '--help');
    assert.match(out, /^A simulated cluster\.\n\nUsage: istls lab COMMAND/);
    assert.doesNotMatch(out, /show/);
  });

  it('shows of a command each flag that it has, under its heading, and no other', () => {
    const { out } = run('show', '--help');
    assert.deepEqual(run('help', 'show').out, out);
    assert.match(
      out,
      /^What it was given\.\n\nUsage: istls show \[TARGET\.\.\.\] \[flags\]\n\nFirst paragraph of what it does\.\n\nSecond/,
    );
    assert.match(out, /^Examples:\n {2}istls show shop\.example\n {6}one host$/m);
    const headings = [...out.matchAll(/^([A-Z][^\n]*):$/gm)].map(([, heading]) => heading);
    assert.deepEqual(headings.slice(1), [
      'Cluster',
      'Evidence',
      'Connections',
      'What is judged, and what fails',
      'Time',
      'Output',
    ]);
    assert.ok(out.split('\n').every((line) => line.length <= 100));
    assert.doesNotMatch(run('end', '--help').out, /--/);
  });

  it('is not asked for by what stands behind --', () => {
    assert.deepEqual(flags('--', '--help')['targets'], ['--help']);
  });
});
