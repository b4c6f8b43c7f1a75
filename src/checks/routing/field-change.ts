import { isObject } from '../../kubernetes/read.ts';
import type { Fix } from '../../model/finding.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import { managerOf, ownerOfNamespace, replaceField, restoreField, valueAt } from '../remedies.ts';

/** What a fix says beside its commands. */
export interface ChangeAbout {
  readonly summary: string;
  readonly doNot?: readonly string[];
  readonly widensAccess?: string;
}

/** Whose decision a change of an object is, and which tool would write it back. */
export function decisionOn(object: Resource): Pick<Fix, 'owner' | 'managedBy'> {
  const managedBy = managerOf(object);
  return { owner: ownerOfNamespace(object.namespace), ...(managedBy !== undefined && { managedBy }) };
}

/** The fix that gives one field of an object another value, with the command that takes it back. */
export function fieldChange(object: Resource, path: string, value: Json, about: ChangeAbout): Fix {
  return {
    summary: about.summary,
    commands: [replaceField(object, path, value)],
    undo: [restoreField(object, path, value)],
    doNot: about.doNot ?? [],
    ...(about.widensAccess !== undefined && { widensAccess: about.widensAccess }),
    ...decisionOn(object),
  };
}

/** The block at a path of an object; empty where there is none. */
export function blockAt(object: Resource, path: string): JsonObject {
  const block = valueAt(object, path);
  return isObject(block) ? block : {};
}

/** A field as it stands, on one line, for an observation. */
export const shownField = (object: Resource, path: string): string =>
  JSON.stringify(valueAt(object, path) ?? null).slice(0, 240);
