import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps compiled code for the next start. The folder is the user's own: what lies in one that others can write to could
 * be code of theirs. Where it cannot be written, nothing is kept.
 */
export function keepCompiledCode(): void {
  const { XDG_CACHE_HOME: cache, LOCALAPPDATA: local } = process.env;
  const home = process.platform === 'darwin' ? join(homedir(), 'Library/Caches') : join(homedir(), '.cache');
  enableCompileCache(join(cache || local || home, 'istls'));
}
