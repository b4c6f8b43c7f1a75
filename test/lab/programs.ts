import { spawn, spawnSync } from 'node:child_process';

/** Why a test that needs these programs cannot run here, or `false` when all of them are there. */
export function programsMissing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => spawnSync(program, ['--help']).error !== undefined);
  return absent.length > 0 && `needs ${absent.join(' and ')}, which this machine does not have`;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How long the input stays open: some programs end with it, before the answer is there. */
  readonly holdInput?: number;
}

/** Runs a program to its end, in the environment of the test and the one given. */
export function run(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input = '', env = {}, holdInput = 0 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env: { ...process.env, ...env }, timeout: 20_000 });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.on('error', () => undefined);
    child.stdin.write(input);
    setTimeout(() => child.stdin.end(), holdInput);
  });
}
