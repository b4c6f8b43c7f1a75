import { readFileSync } from 'node:fs';

const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

/** What istls calls itself in requests, so that a gateway's access log tells its probes from clients. */
export const userAgent = `istls/${versionOf(manifest)}`;

function versionOf(found: unknown): string {
  const version: unknown =
    typeof found === 'object' && found !== null && 'version' in found ? found.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}
