import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { commandTable } from '../../src/cli/commands.ts';
import { flagsOfContract } from '../../src/cli/flags/contract.ts';
import { helpGroups } from '../../src/cli/flags/help-groups.ts';
import { commandHelp } from '../../src/cli/help.ts';

const src = join(import.meta.dirname, '../../src');

describe('the table of commands', () => {
  it('has every file of the commands, and no other command', () => {
    const files = readdirSync(join(src, 'commands'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.slice(0, -'.ts'.length).replaceAll(/[/\\]/g, ' '));
    assert.deepEqual([...commandTable.commands.keys()].sort(), files.sort());
  });

  it('names the topic of every command of two words', () => {
    const first = [...commandTable.commands.keys()].flatMap((name) =>
      name.includes(' ') ? [name.split(' ')[0] ?? ''] : [],
    );
    assert.deepEqual([...commandTable.topics.keys()].sort(), [...new Set(first)].sort());
  });

  it('can be loaded without a client of Kubernetes, of HTTP or a library of certificates', () => {
    const code = [
      `import { registerHooks } from 'node:module';`,
      `registerHooks({ resolve(name, context, next) { process._rawDebug('loads ' + name); return next(name, context); } });`,
      `const { commandTable } = await import('${src}/cli/commands.ts');`,
      `for (const { load } of commandTable.commands.values()) await load();`,
    ].join('');
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    const loaded = [...stderr.matchAll(/^loads (.*)$/gm)].map(([, name = '']) => name);
    assert.equal(status, 0, stderr);
    assert.ok(loaded.some((name) => name.startsWith('@oclif/core')));
    assert.deepEqual(
      loaded.filter((name) => /^(?:@kubernetes|undici|node-forge|cli-table3|js-yaml|tar-stream)/.test(name)),
      [],
    );
  });
});

for (const [name, entry] of commandTable.commands) {
  describe(`istls ${name}`, () => {
    it('answers a question in one line, and shows how it is used', async () => {
      const { default: command } = await entry.load();
      assert.match(entry.summary, /^[A-Z].{10,100}[^.]$/);
      assert.ok((command.examples ?? []).length > 0);
      for (const example of command.examples ?? []) {
        assert.ok(typeof example !== 'string' && example.description);
        assert.ok(example.command.includes(`istls ${name}`), example.command);
      }
      const help = await commandHelp(name, entry, command, {
        program: 'istls',
        color: false,
        ascii: false,
        width: 100,
      });
      const long = help.split('\n').filter((line) => line.length > 100);
      assert.deepEqual(long, []);
    });

    it('leaves standard input to --from, and says of each flag what it does and where it belongs', async () => {
      const { default: command } = await entry.load();
      const groups: readonly string[] = Object.values(helpGroups);
      for (const [flag, { summary, helpGroup }] of Object.entries(command.flags ?? {})) {
        assert.ok(summary !== undefined && summary.length > 10 && !summary.endsWith('.'), flag);
        assert.ok(helpGroup !== undefined && groups.includes(helpGroup), flag);
      }
      // oclif reads standard input in the place of an argument that is not given, unless it is told not to.
      for (const [arg, { ignoreStdin }] of Object.entries(command.args)) assert.equal(ignoreStdin, true, arg);
    });
  });
}

describe('the flags of the contract', () => {
  it('are all known by name, so that one that is not there yet is not called unknown', () => {
    const contract =
      'namespace all-namespaces selector kubeconfig context as as-group request-timeout istio-namespace revision resolve ' +
      'connect-to cacert cert key client-secret symptom no-secrets max-probes expect expect-status expect-issuer ' +
      'expect-fingerprint expect-min-tls from check skip min-severity fail-on suppress baseline timeout probe-timeout ' +
      'concurrency wait watch audit no-probe phone-out in-cluster output report color ascii quiet verbose ' +
      'allow-incomplete verify-fixes';
    assert.deepEqual([...flagsOfContract].sort(), contract.split(' ').sort());
  });
});
