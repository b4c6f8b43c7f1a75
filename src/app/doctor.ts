import { checks as allChecks } from '../checks/registry.ts';
import type { Check } from '../checks/check.ts';
import { diagnose, type Diagnosis } from '../diagnosis/diagnose.ts';
import { evidenceOf } from '../facts/evidence.ts';
import { IstlsError } from '../model/errors.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { nearest } from '../text/nearest.ts';

/** A glob over names of checks: a star matches any text. */
function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  const regex = new RegExp(`^${parts.join('.*')}$`);
  return (name) => regex.test(name);
}

function assertMatches(flag: string, patterns: readonly string[]): void {
  for (const pattern of patterns) {
    if (allChecks.some(({ name }) => matcher(pattern)(name))) continue;
    const near = nearest(
      pattern,
      allChecks.map(({ name }) => name),
    );
    throw new IstlsError('unknown-check', `${flag} ${pattern}: there is no check of that name`, {
      exit: 2,
      hint: near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'istls checks lists them',
    });
  }
}

/**
 * The checks that `--check` and `--skip` leave. Symptoms always run with the causes that are chosen: without them a
 * verdict would not know what clients see. Throws an IstlsError (exit 2) for a name that no check has.
 */
export function chosenChecks(only: readonly string[], skip: readonly string[]): readonly Check[] {
  assertMatches('--check', only);
  assertMatches('--skip', skip);
  const wanted = only.map(matcher);
  const unwanted = skip.map(matcher);
  return allChecks.filter(
    ({ name, kind }) =>
      (wanted.length === 0 || kind === 'symptom' || wanted.some((matches) => matches(name))) &&
      !unwanted.some((matches) => matches(name)),
  );
}

export const examine = (snapshot: Snapshot, checks: readonly Check[], cluster?: string): Diagnosis =>
  diagnose(evidenceOf(snapshot), checks, cluster);
