import type { JsonObject } from '../../model/json.ts';
import type { Kind } from './kinds.ts';
import { groupVersion } from './kinds.ts';

/** `/openapi/v3`: where the document of each group and version is. */
export function openApiIndex(kinds: readonly Kind[]): JsonObject {
  const paths = kinds.flatMap((kind) => kind.versions.map((version) => pathOf(kind, version)));
  const entries = [...new Set(paths)].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }]);
  return { paths: Object.fromEntries(entries) };
}

/**
 * `/openapi/v3/GROUP-VERSION`: no schemas, only that PATCH takes `fieldValidation` and `dryRun`. That is what kubectl looks
 * for before it leaves validation to the server, and so needs no schema of its own.
 */
export function openApiDocument(kinds: readonly Kind[], path: string): JsonObject | undefined {
  const operations = kinds.flatMap((kind) =>
    kind.versions
      .filter((version) => pathOf(kind, version) === path)
      .map((version) => [
        `/${path}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}/{name}`,
        { patch: patchOperation(kind, version) },
      ]),
  );
  if (operations.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: Object.fromEntries(operations),
    components: { schemas: {} },
  };
}

function patchOperation(kind: Kind, version: string): JsonObject {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }));
  return {
    parameters,
    responses: { 200: { description: 'OK' } },
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: kind.group, version, kind: kind.kind },
  };
}

function pathOf(kind: Kind, version: string): string {
  return `${kind.group === '' ? 'api' : 'apis'}/${groupVersion(kind.group, version)}`;
}
