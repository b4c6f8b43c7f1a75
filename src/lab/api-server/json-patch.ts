import type { Json, JsonObject } from '../../model/json.ts';
import { isList, isObject, objectsAt, textAt } from '../../kubernetes/read.ts';
import { badRequest, patchRefused } from './failure.ts';
import { sameJson } from './object.ts';

/**
 * Applies a JSON patch (RFC 6902).
 * @throws ApiFailure 422 when a path does not exist or a `test` fails, 400 when the patch is none.
 */
export function applyJsonPatch(document: JsonObject, patch: Json): JsonObject {
  if (!isList(patch)) throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  let result: Json = document;
  for (const { value: operation } of objectsAt(patch)) result = applyOperation(result, operation);
  if (!isObject(result)) throw patchRefused();
  return result;
}

function applyOperation(document: Json, operation: JsonObject): Json {
  const path = pointer(textAt(operation, 'path'));
  const value = operation['value'];
  switch (textAt(operation, 'op')) {
    case 'add':
      return edit(document, path, addTo(required(value)));
    case 'replace':
      read(document, path);
      return edit(document, path, replaceIn(required(value)));
    case 'remove':
      read(document, path);
      return edit(document, path, removeFrom);
    case 'test':
      if (!sameJson(read(document, path), value)) throw patchRefused();
      return document;
    case 'copy':
      return edit(document, path, addTo(read(document, pointer(textAt(operation, 'from')))));
    case 'move': {
      const from = pointer(textAt(operation, 'from'));
      return edit(edit(document, from, removeFrom), path, addTo(read(document, from)));
    }
    default:
      throw patchRefused();
  }
}

function required(value: Json | undefined): Json {
  if (value === undefined) throw patchRefused();
  return value;
}

/** The steps of a JSON pointer (RFC 6901). */
function pointer(text: string | undefined): readonly string[] {
  if (text === undefined || (text !== '' && !text.startsWith('/'))) throw patchRefused();
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: Json, path: readonly string[]): Json {
  let here: Json | undefined = document;
  for (const step of path) {
    if (isList(here)) here = here[indexIn(here, step)];
    else here = isObject(here) && Object.hasOwn(here, step) ? here[step] : undefined;
    if (here === undefined) throw patchRefused();
  }
  return here;
}

type Edit = (container: JsonObject | readonly Json[], step: string) => Json;

/** The document with the container of the last step edited, and everything above it copied. */
function edit(document: Json, path: readonly string[], change: Edit): Json {
  const [step, ...rest] = path;
  if (step === undefined) return change({ '': document }, '');
  if (!isList(document) && !isObject(document)) throw patchRefused();
  if (rest.length === 0) return change(document, step);
  if (isList(document)) return document.with(indexIn(document, step), edit(read(document, [step]), rest, change));
  return { ...document, [step]: edit(read(document, [step]), rest, change) };
}

function addTo(value: Json): Edit {
  return (container, step) => {
    if (step === '' && !isList(container)) return value;
    if (!isList(container)) return { ...container, [step]: value };
    const index = step === '-' ? container.length : Number(step);
    if (!Number.isInteger(index) || index < 0 || index > container.length) throw patchRefused();
    return container.toSpliced(index, 0, value);
  };
}

function replaceIn(value: Json): Edit {
  return (container, step) => {
    if (isList(container)) return container.with(indexIn(container, step), value);
    return step === '' ? value : { ...container, [step]: value };
  };
}

function removeFrom(container: JsonObject | readonly Json[], step: string): Json {
  if (isList(container)) return container.toSpliced(indexIn(container, step), 1);
  const { [step]: _removed, ...rest } = container;
  return rest;
}

function indexIn(list: readonly Json[], step: string): number {
  const index = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  if (index < 0 || index >= list.length) throw patchRefused();
  return index;
}
