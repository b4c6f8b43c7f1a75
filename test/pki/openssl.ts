import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A reason to skip what needs the openssl command, or false where it is there. */
export const noOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'there is no openssl command here';

/** Runs openssl in a folder of its own that holds `files`, and gives its exit status and all that it printed. */
export function openssl(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'istls-openssl-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    const { status, stdout, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8', timeout: 20_000 });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
