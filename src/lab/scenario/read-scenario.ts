import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../model/json.ts';
import { booleanAt, numberAt, objectAt, objectsAt, textAt, textMapAt, textsAt } from '../../kubernetes/read.ts';
import { readYaml } from '../yaml-document.ts';
import type { Expectation, Inclusion, Scenario, ScenarioFix, ScenarioSubject } from './scenario.ts';

/** The folder that comes with istls; the same place from `src` and from `dist`. */
export const scenariosFolder = join(import.meta.dirname, '../../../fixtures/scenarios');

/** Templates that scenarios share: not a scenario itself. */
export const baseFolder = 'base';

/** All scenarios, by name. */
export function readScenarios(folder: string = scenariosFolder): readonly Scenario[] {
  return scenarioNames(folder).map((name) => readScenario(name, folder));
}

function scenarioNames(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = entries.map(({ name }) => name).filter((name) => name !== baseFolder);
  return names.toSorted((a, b) => (a < b ? -1 : 1));
}

/** Throws when there is no such scenario, or when its `scenario.yaml` leaves out what a scenario must say. */
export function readScenario(name: string, folder: string = scenariosFolder): Scenario {
  if (!scenarioNames(folder).includes(name)) throw new Error(`There is no scenario "${name}".`);
  const document = readYaml(readFileSync(join(folder, name, 'scenario.yaml'), 'utf8'));
  const required = (field: string): string => {
    const value = textAt(document, field);
    if (value === undefined) throw new Error(`scenario ${name}: scenario.yaml has no text in "${field}".`);
    return value.trim();
  };
  const subject = subjectOf(objectAt(document, 'subject'));
  const fix = fixOf(objectAt(document, 'fix'));
  return {
    name,
    title: required('title'),
    story: required('story').replace(/\s+/g, ' '),
    runbook: textsAt(document, 'runbook'),
    cause: required('cause'),
    ...(subject && { subject }),
    arguments: textsAt(document, 'arguments'),
    apis: ['istio', ...textsAt(document, 'apis')],
    includes: objectsAt(document, 'include').map(({ value }) => inclusionOf(value)),
    expect: expectationsOf(objectAt(document), 'expect'),
    ...(fix && { fix }),
  };
}

function subjectOf(subject: JsonObject | undefined): ScenarioSubject | undefined {
  const [apiVersion, kind, name] = ['apiVersion', 'kind', 'name'].map((field) => textAt(subject, field));
  if (apiVersion === undefined || kind === undefined || name === undefined) return undefined;
  return { apiVersion, kind, namespace: textAt(subject, 'namespace') ?? '', name };
}

function inclusionOf(inclusion: JsonObject): Inclusion {
  return { template: textAt(inclusion, 'template') ?? '', values: textMapAt(inclusion, 'with') };
}

function fixOf(fix: JsonObject | undefined): ScenarioFix | undefined {
  return fix && { commands: textsAt(fix, 'commands'), expect: expectationsOf(fix, 'expect') };
}

function expectationsOf(owner: Json | undefined, field: string): readonly Expectation[] {
  return objectsAt(owner, field).map(({ value }) => expectationOf(value));
}

function expectationOf(value: JsonObject): Expectation {
  const [client, verify, location] = ['client', 'verify', 'location'].map((field) => textAt(value, field));
  const status = numberAt(value, 'status');
  const answeredBy = textAt(value, 'answeredBy');
  const maxVersion = textAt(value, 'maxVersion');
  return {
    host: textAt(value, 'host') ?? '',
    port: textAt(value, 'port') === 'http' ? 'http' : 'https',
    outcome: textAt(value, 'outcome') ?? 'ok',
    path: textAt(value, 'path') ?? '/',
    withoutSni: booleanAt(value, 'withoutSni') ?? false,
    ...(client !== undefined && { client }),
    ...(verify !== undefined && { verify }),
    ...(location !== undefined && { location }),
    ...(status !== undefined && { status }),
    ...((answeredBy === 'application' || answeredBy === 'gateway') && { answeredBy }),
    ...((maxVersion === 'TLSv1.2' || maxVersion === 'TLSv1.3') && { maxVersion }),
  };
}
