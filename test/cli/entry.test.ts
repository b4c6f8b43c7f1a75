import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** The packed program without its build, in a folder of its own, so that no build of the checkout is in the way. */
let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'istls-entry-'));
  for (const part of ['bin', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'src'), join(folder, 'src'));
});
after(() => rmSync(folder, { recursive: true }));

function run(
  argv: readonly string[],
  { node = process.execPath, entry = 'istls.js', nodeFlags = [] as string[] } = {},
) {
  const child = spawnSync(node, [...nodeFlags, join(folder, 'bin', entry), ...argv], {
    encoding: 'utf8',
    env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
  });
  return { code: child.status, out: child.stdout, err: child.stderr };
}

/** Makes this Node say that it is another one, and name every module that is loaded on standard error. */
function pretending(version: string): string[] {
  const code = [
    `import { registerHooks } from 'node:module';`,
    `Object.defineProperty(process.versions, 'node', { value: '${version}' });`,
    `registerHooks({ resolve(name, context, next) { process._rawDebug('loads ' + name); return next(name, context); } });`,
  ].join('');
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

const oldNodes = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((path) => join(path, 'node'))
  .filter((node) => {
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
    const [, major, minor] = /^v(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
    return major !== undefined && (Number(major) < 22 || (Number(major) === 22 && Number(minor) < 19));
  });

describe('the entry, on a Node that is too old', () => {
  for (const version of ['14.21.3', '20.20.2', '22.18.0']) {
    it(`says in one line what it needs instead of ${version}, exits with 3 and has loaded nothing`, () => {
      const { code, out, err } = run(['doctor'], { nodeFlags: pretending(version) });
      const [, entry, ...lines] = err.trimEnd().split('\n');
      assert.equal(code, 3);
      assert.equal(out, '');
      assert.match(entry ?? '', /^istls needs Node 22\.19 or later and this is Node [\d.]+: .*npm ci.*nodejs\.org/);
      assert.ok(entry?.includes(version));
      assert.deepEqual(lines, []);
    });
  }

  it(
    'does so on a real one',
    { skip: oldNodes.length === 0 && 'there is no Node older than 22.19 on the PATH' },
    () => {
      for (const node of new Set(oldNodes)) {
        for (const entry of ['istls.js', 'kubectl-istio_tls.js']) {
          const { code, out, err } = run(['--version'], { node, entry });
          assert.deepEqual([code, out, err.split('\n').length], [3, '', 2]);
          assert.match(err, /^istls needs Node 22\.19/);
        }
      }
    },
  );

  it('uses no syntax that Node 14 cannot parse', () => {
    for (const entry of ['istls.js', 'kubectl-istio_tls.js']) {
      const code = readFileSync(join(root, 'bin', entry), 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
      assert.doesNotMatch(code, /\?\?|\?\.|\|\|=|&&=|#\w|\bstatic\b|\d_\d|^await|^import [^'(]/m);
    }
  });

  it('goes on with the first Node that will do', () => {
    assert.equal(run(['--version'], { nodeFlags: pretending('22.19.0') }).code, 0);
  });
});

describe('the entry', () => {
  it('runs the build where there is one, the sources where there is none, and never hides that a build is broken', () => {
    assert.match(run(['--version']).out, /^istls \d+\.\d+\.\d+ /);
    const dist = join(folder, 'dist');
    mkdirSync(dist);
    try {
      writeFileSync(join(dist, 'main.js'), 'export const main = () => console.log("built")');
      assert.deepEqual(run([]), { code: 0, out: 'built\n', err: '' });
      const broken = { 'import "./gone.js"': 'gone.js', 'throw new Error("torn")': 'torn', 'const = 1': 'SyntaxError' };
      for (const [source, reason] of Object.entries(broken)) {
        writeFileSync(join(dist, 'main.js'), source);
        const { code, err } = run([]);
        assert.equal(code, 3);
        assert.ok(err.startsWith('istls could not be loaded, ') && err.includes(reason), err);
      }
    } finally {
      rmSync(dist, { recursive: true });
    }
  });

  it('keeps compiled code in a folder of the user, and goes without where it cannot', () => {
    rmSync(join(folder, 'cache'), { recursive: true, force: true });
    assert.equal(run(['--version']).code, 0);
    assert.ok(!existsSync(join(folder, 'cache')));
    assert.equal(run(['--help']).code, 0);
    assert.ok(existsSync(join(folder, 'cache/istls')));
    const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'package.json') };
    const child = spawnSync(process.execPath, [join(folder, 'bin/istls.js'), '--help'], { encoding: 'utf8', env });
    assert.deepEqual([child.status, child.stderr], [0, '']);
  });

  it('prints its version in one line', () => {
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const words of [['--version'], ['version']]) {
      const { code, out, err } = run(words);
      assert.deepEqual([code, err, out.split('\n').length], [0, '', 2]);
      assert.ok(out.startsWith(`istls ${version} `));
    }
  });

  it('calls itself as kubectl calls it where it is the plugin', () => {
    const plugin = { entry: 'kubectl-istio_tls.js' };
    assert.match(run(['--help'], plugin).out, /^Usage: kubectl istio-tls COMMAND/m);
    assert.match(run(['explain', '--help'], plugin).out, /^ {2}kubectl istio-tls explain 48$/m);
    assert.match(run(['explain', 'nothing at all like it'], plugin).err, /kubectl istio-tls explain lists/);
    assert.doesNotMatch(run(['--help'], plugin).out, /istls (?!is)/);
  });

  for (const words of [['--version'], ['explain'], ['explain', 'secret-wrong-namespace'], ['--help']]) {
    it(`loads no package for ${words.join(' ')}`, () => {
      const { code, err } = run(words, { nodeFlags: pretending(process.versions.node) });
      const loaded = [...err.matchAll(/^loads (.*)$/gm)].map(([, name = '']) => name);
      assert.equal(code, 0);
      assert.ok(loaded.some((name) => name.endsWith('src/main.ts')));
      assert.deepEqual(
        loaded.filter((name) => !/^(?:node:|\.|file:|\/)/.test(name)),
        [],
      );
    });
  }
});
