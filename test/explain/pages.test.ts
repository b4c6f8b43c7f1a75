import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CORE_SCHEMA, loadAll } from 'js-yaml';
import { checks } from '../../src/checks/registry.ts';
import { parseBlocks } from '../../src/explain/markdown.ts';
import type { Page } from '../../src/explain/page.ts';
import { parsePage } from '../../src/explain/page.ts';
import { pageNames, readPage } from '../../src/explain/pages.ts';

const folder = join(import.meta.dirname, '../../src/explain/pages');
const noShell = spawnSync('sh', ['-c', 'exit 0']).status === 0 ? false : 'there is no sh on this machine';

/**
 * Lists of names, each of which must have a page, because istls prints them and tells people to ask `explain` about
 * them. Whatever comes to print further names is added here.
 */
const mustBeExplained: readonly { readonly what: string; readonly names: readonly string[] }[] = [
  { what: 'a check', names: checks.map(({ name }) => name) },
];

/** Those that have none so far. Whoever writes a page takes its name out; the test sees to that. */
const unexplained: ReadonlySet<string> = new Set([
  'secret-missing',
  'connection-timeout',
  'connection-refused',
  'listener-missing',
  'listener-status-invalid',
  'filter-chain-missing',
  'secret-warming',
  'secret-refused',
  'handshake-reset',
  'handshake-not-tls',
  'handshake-refused',
  'certificate-not-verified',
  'http-not-found',
  'http-forbidden',
  'http-upstream-failure',
  'access-log-no-filter-chain',
  'access-log-no-route',
  'access-log-upstream-failure',
  'access-log-codec-error',
]);

const pages = pageNames().map((name) => ({ name, text: readFileSync(join(folder, `${name}.md`), 'utf8') }));

function texts(page: Page): readonly string[] {
  return page.sections.flatMap(({ text }) =>
    parseBlocks(text).flatMap((block) => {
      if (block.kind === 'code') return [];
      return block.kind === 'paragraph' ? [block.text.replaceAll('\n', ' ')] : block.items.map((item) => item.text);
    }),
  );
}

function codeBlocks(text: string): readonly { readonly language: string; readonly code: string }[] {
  return [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, language = '', code = '']) => ({ language, code }));
}

describe('the pages', () => {
  it('are there, and nothing else is in their folder', () => {
    assert.ok(pages.length > 0);
    assert.deepEqual(
      readdirSync(folder).filter((file) => !/^[a-z][a-z\d]*(?:-[a-z\d]+)*\.md$/.test(file)),
      [],
    );
  });

  it('explain every name that must be explained', () => {
    const known = new Set(pageNames());
    for (const { what, names } of mustBeExplained) {
      const missing = names.filter((name) => !known.has(name) && !unexplained.has(name));
      assert.deepEqual(missing, [], `${what} without a page`);
    }
    assert.deepEqual(
      [...unexplained].filter((name) => known.has(name)),
      [],
      'these have a page by now',
    );
  });

  it('stand in the group of their check', () => {
    const groups = new Map<string, string>(checks.map(({ name, group }) => [name, group]));
    for (const { name, text } of pages) {
      const { group } = parsePage(name, text);
      assert.equal(group, groups.get(name) ?? group, name);
    }
  });

  it('say each thing once: no two share a title or a paragraph', () => {
    const seen = new Map<string, string>();
    for (const { name, text } of pages) {
      const page = parsePage(name, text);
      for (const said of [page.title, ...texts(page)]) {
        const key = said.toLowerCase().replaceAll(/\W+/g, ' ').trim();
        assert.equal(seen.get(key), undefined, `${name} repeats "${said.slice(0, 60)}…"`);
        seen.set(key, name);
      }
    }
  });
});

for (const { name, text } of pages) {
  describe(`the page ${name}`, () => {
    const page = parsePage(name, text);

    it('has front matter that is in order', () => {
      assert.match(page.title, /^[A-Z].{10,90}[^.]$/);
      for (const id of page.runbook) assert.match(id, /^[A-E]\d{1,2}$/);
      for (const release of [page.since, page.until]) if (release !== undefined) assert.match(release, /^1\.\d{1,2}$/);
      for (const report of page.reports) assert.match(report, /^https:\/\/[\w.-]+\/[\w./#-]+$/);
      for (const list of [page.runbook, page.reports]) assert.equal(new Set(list).size, list.length);
    });

    it('says something in every section, and how to see it by hand', () => {
      for (const section of page.sections) assert.ok(section.text.length > 80, section.heading);
      const confirm = page.sections.find(({ heading }) => heading === 'Confirm by hand');
      assert.ok(parseBlocks(confirm?.text ?? '').some(({ kind }) => kind === 'code'));
    });

    it('uses no Markdown but paragraphs, lists and code', () => {
      const prose = text
        .replace(/^---\n[^]*?\n---\n/, '')
        .replaceAll(/^```[^]*?^```$/gm, '')
        .replaceAll(/^## .*$/gm, '');
      assert.doesNotMatch(prose, /^\s*(?:#|>|\||\* |\+ |~~~|!\[)|\*\*|__|\]\(|<\/?[a-z]+>(?!`)|```/m);
      assert.equal((prose.match(/`/g) ?? []).length % 2, 0);
      assert.ok(text.endsWith('\n') && !text.endsWith('\n\n'));
    });

    it('loses no word when it is taken apart', () => {
      for (const section of page.sections) {
        const parts = parseBlocks(section.text).flatMap((block) =>
          block.kind === 'list' ? block.items.flatMap((item) => [item.mark, item.text]) : [block.text],
        );
        const words = (part: string): readonly string[] => part.split(/\s+/).filter((word) => word !== '');
        assert.deepEqual(parts.flatMap(words), words(section.text.replaceAll(/^```.*$/gm, '')));
      }
    });

    it('has lines that fit', () => {
      const lines = text.split('\n').filter((line) => !/^reports: |^`[^`]+`[,.]$/.test(line));
      assert.deepEqual(
        lines.filter((line) => line.length > 120),
        [],
      );
      assert.deepEqual(
        codeBlocks(text)
          .flatMap(({ code }) => code.split('\n'))
          .filter((line) => line.length > 100),
        [],
      );
    });

    it('holds code that is what it says it is', { skip: noShell }, () => {
      for (const { language, code } of codeBlocks(text)) {
        if (language === 'yaml') {
          assert.doesNotThrow(() => loadAll(code, { schema: CORE_SCHEMA }), code);
          continue;
        }
        assert.equal(language, '', 'a block is for a shell, or says that it is yaml');
        const check = spawnSync('sh', ['-n'], { input: code, encoding: 'utf8' });
        assert.deepEqual([check.status, check.stderr], [0, ''], code);
      }
    });

    it('is what the program reads', () => assert.deepEqual(readPage(name), page));
  });
}

describe('a page that is not in order', () => {
  const [first] = pages;
  const sound = first?.text ?? '';
  const faults: readonly [string, string, RegExp][] = [
    ['without front matter', sound.replace(/^---\n/, ''), /does not begin with front matter/],
    ['with a group of its own', sound.replace(/^group: .*$/m, 'group: other'), /group is one of front, platform/],
    [
      'with an unknown field',
      sound.replace(/^group:/m, 'colour: red\ngroup:'),
      /no field of front matter: colour: red/,
    ],
    ['without a title', sound.replace(/^title: .*\n/m, ''), /title is missing/],
    ['with a section less', sound.replace(/^## Fix$/m, ''), /every page has What it means/],
    [
      'with sections in another order',
      sound.replace('## Fix', '## X').replace('## False alarms', '## Fix').replace('## X', '## False alarms'),
      /the sections are/,
    ],
    [
      'with text before the first section',
      sound.replace('## What it means', 'text\n\n## What it means'),
      /text before the first section/,
    ],
  ];
  for (const [what, text, message] of faults) {
    it(`is refused ${what}`, () => assert.throws(() => parsePage('some-page', text), message));
  }
});
