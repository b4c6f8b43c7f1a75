import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { mergeStates } from '../../src/envoy/merge-states.ts';
import {
  readBoundListeners,
  readCerts,
  readClusters,
  readInitDump,
  readServerInfo,
} from '../../src/envoy/read-admin-pages.ts';
import { readStats } from '../../src/envoy/read-stats.ts';
import { writeAdminPages } from '../../src/envoy/write-admin-pages.ts';
import type { EnvoyState } from '../../src/model/envoy.ts';
import { present } from '../../src/envoy/present.ts';
import { arbitrarySection } from './arbitrary-section.ts';
import { fixture, readDump } from './dump.ts';

type Pages = Readonly<Record<string, string | undefined>>;

/** All of an Envoy's pages by their file names in a snapshot. */
async function readPages(pages: Pages): Promise<Partial<EnvoyState>> {
  const dump = pages['config_dump.json'];
  const { state } = dump === undefined ? { state: {} } : await readDump(dump);
  const page = <T>(name: string, read: (text: string) => T | undefined) => read(pages[name] ?? '');
  return mergeStates(
    state,
    present({
      node: page('server_info.json', readServerInfo),
      loadedCertificates: page('certs.json', readCerts),
      boundListeners: page('listeners.json', readBoundListeners),
      endpoints: page('clusters.txt', readClusters),
      waitingFor: page('init_dump.json', readInitDump),
      stats: page('stats.txt', readStats),
    }),
  );
}

async function assertReadsBack(pages: Pages): Promise<Partial<EnvoyState>> {
  const state = await readPages(pages);
  const written = Object.fromEntries(writeAdminPages(state).map(({ file, text }) => [file, text]));
  assert.deepEqual(await readPages(written), state);
  return state;
}

for (const name of ['config-dump-v3.json', 'config-dump-v2.json']) {
  test(`what was narrowed from ${name} reads back equal`, async () => {
    await assertReadsBack({ 'config_dump.json': fixture(name) });
  });
}

const captures = process.env['ISTLS_CAPTURES'];
test(
  'the pages of every saved cluster read back equal',
  { skip: captures === undefined && 'ISTLS_CAPTURES is not set' },
  async () => {
    const folders = globSync('*/envoy/*/*/config_dump.json', { cwd: captures }).map((file) =>
      dirname(join(captures ?? '', file)),
    );
    assert.ok(folders.length > 0, `no saved cluster in ${captures}`);
    for (const folder of folders) {
      const files = [
        'config_dump.json',
        'server_info.json',
        'certs.json',
        'listeners.json',
        'clusters.txt',
        'init_dump.json',
        'stats.txt',
      ];
      const pages = Object.fromEntries(
        files.map((file) => [
          file,
          existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : undefined,
        ]),
      );
      const state = await assertReadsBack(pages);
      for (const part of [
        'node',
        'listeners',
        'secrets',
        'routeConfigs',
        'clusters',
        'endpoints',
        'stats',
        'loadedCertificates',
        'boundListeners',
        'waitingFor',
      ] as const) {
        assert.ok(state[part], `${folder} has no ${part}`);
      }
    }
  },
);

test('whatever shape a dump has, what was narrowed from it reads back equal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitrarySection, { maxLength: 2 }), async (configs) => {
      await assertReadsBack({ 'config_dump.json': JSON.stringify({ configs }) });
    }),
    { numRuns: 100 },
  );
});
