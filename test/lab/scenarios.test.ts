import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { suite, test } from 'node:test';
import { listScenarios, startLab } from '../../src/lab/lab.ts';
import type { Lab } from '../../src/lab/lab.ts';
import type { Expectation } from '../../src/lab/scenario/scenario.ts';
import { probe } from './probe.ts';
import type { Seen } from './probe.ts';
import { programsMissing, run } from './programs.ts';

const missing = programsMissing('kubectl', 'sh', 'sed');

suite('scenarios', () => {
  for (const scenario of listScenarios()) {
    test(`${scenario.name} behaves as it says`, async () => {
      const lab = await startLab(scenario.name);
      try {
        await expectAll(lab, scenario.expect);
      } finally {
        await lab.close();
      }
    });

    if (!scenario.fix) continue;
    const { commands, expect } = scenario.fix;
    test(`${scenario.name} is mended by its commands`, { skip: missing }, async () => {
      const lab = await startLab(scenario.name);
      try {
        for (const command of commands) {
          const { code, err } = await run('sh', ['-e', '-c', command], { env: lab.env });
          assert.equal(
            code,
            0,
            `${command}
${err}`,
          );
        }
        await expectAll(lab, expect, 1000);
      } finally {
        await lab.close();
      }
    });
  }
});

/** Every expectation, all at once; with patience, each is tried again until it holds or the time is over. */
async function expectAll(lab: Lab, expectations: readonly Expectation[], patience = 0): Promise<void> {
  const seen = await Promise.all(
    expectations.map(async (expectation) => {
      const end = Date.now() + patience;
      let last = describe(expectation, await probe(lab, expectation));
      while (last !== describe(expectation) && Date.now() < end) {
        await pause(50);
        last = describe(expectation, await probe(lab, expectation));
      }
      return last;
    }),
  );
  assert.deepEqual(
    seen,
    expectations.map((expectation) => describe(expectation)),
  );
}

/** One line that says what is expected, or what was seen of that. */
function describe(expectation: Expectation, seen: Seen = { ...expectation }): string {
  const { port, host, path, client = 'nobody', maxVersion = 'any version' } = expectation;
  const status = expectation.status === undefined ? '' : seen.status;
  const by = expectation.answeredBy === undefined ? '' : seen.answeredBy;
  const verify = expectation.outcome === 'ok' ? (seen.verify ?? 'trusted') : '';
  const location = expectation.location === undefined ? '' : seen.location?.slice(0, expectation.location.length);
  return `${port}://${host}${path} as ${client}, ${maxVersion}: ${[seen.outcome, status, by, verify, location].join(' ')}`;
}
