import { readFileSync } from 'node:fs';
import { type ConfigDumpOptions, readConfigDump } from '../../src/envoy/read-config-dump.ts';

/** A config dump of `fixtures/envoy`. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/envoy/${name}`, import.meta.url), 'utf8');
}

/** Reads a dump that is there as a whole, in chunks of the given size. */
export function readDump(dump: unknown, options: ConfigDumpOptions = {}, chunk = 4096) {
  const bytes = Buffer.from(typeof dump === 'string' ? dump : JSON.stringify(dump));
  return readConfigDump(chunksOf(bytes, chunk), options);
}

export function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
