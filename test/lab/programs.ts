import { spawnSync } from 'node:child_process';

/** Why a test that needs these programs cannot run here, or `false` when all of them are there. */
export function programsMissing(...programs: readonly string[]): string | false {
  const absent = programs.filter((program) => spawnSync(program, ['--help']).error !== undefined);
  return absent.length > 0 && `needs ${absent.join(' and ')}, which this machine does not have`;
}
