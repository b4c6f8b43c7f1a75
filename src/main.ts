import { basename, join } from 'node:path';
import type { ExitCode } from './cli/exit-code.ts';

/**
 * The whole program. What needs neither a cluster nor a parser of flags is answered here, before anything heavy is
 * loaded; everything else is a command.
 *
 * @param argv as in `process.argv`: Node, the file that was called, the user's words
 */
export async function main(argv: readonly string[]): Promise<void> {
  const [, file = '', ...words] = argv;
  const name = basename(file).startsWith('kubectl-') ? 'kubectl istio-tls' : 'istls';
  // Node would end with 1 here, and 1 means that a gateway is broken. Nothing is sound enough to go on.
  process.on('uncaughtException', (error) => void fail(name, error).then(() => process.exit()));
  try {
    process.exitCode = await answer(name, words);
  } catch (error) {
    await fail(words[0] === 'explain' ? `${name} explain` : name, error);
  }
}

async function answer(name: string, words: readonly string[]): Promise<ExitCode> {
  const [first, ...rest] = words;
  if (rest.length === 0 && (first === '--version' || first === 'version')) {
    const { writeFully } = await import('./cli/write.ts');
    const { versions, platform, arch } = process;
    await writeFully(process.stdout, `istls ${version()} (Node ${versions.node}, ${platform} ${arch})\n`);
    return 0;
  }
  const { keepCompiledCode } = await import('./cli/compile-cache.ts');
  keepCompiledCode();
  if (first === 'explain') {
    const { explainAtOnce } = await import('./cli/explain-at-once.ts');
    const exitCode = await explainAtOnce(rest, name);
    if (exitCode !== undefined) return exitCode;
  }
  const { run } = await import('./cli/run.ts');
  return run(words, { name, version: version(), root: join(import.meta.dirname, '..') });
}

function version(): string {
  // An import of node:fs loads its promises too, which takes longer than all the rest of `--version`.
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const manifest: { version: string } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  return manifest.version;
}

async function fail(who: string, error: unknown): Promise<void> {
  const { settle } = await import('./cli/settle.ts');
  const { text, exitCode } = settle(who, error);
  process.exitCode = exitCode;
  process.stderr.write(text);
}
