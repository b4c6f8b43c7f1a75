import { join } from 'node:path';
import type { Page } from './page.ts';
import { parsePage } from './page.ts';

// An import of node:fs loads its promises too, and `explain` has to be fast.
const { readFileSync, readdirSync } = process.getBuiltinModule('node:fs');

/** Pages are not compiled: from the sources and from the build alike, this is where they lie. */
const folder = join(import.meta.dirname, '../../src/explain/pages');

/** The names of all causes and checks that have a page, sorted. */
export function pageNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .sort();
}

/** @throws Error when there is no such page, or it is not in order */
export function readPage(name: string): Page {
  return parsePage(name, readFileSync(join(folder, `${name}.md`), 'utf8'));
}
