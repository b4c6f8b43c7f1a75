import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '../../model/json.ts';
import type { Answer } from './answer.ts';
import {
  aggregatedDiscovery,
  aggregatedType,
  coreVersions,
  groupList,
  oneGroup,
  resourceList,
  wantsAggregated,
} from './discovery.ts';
import type { Kind } from './kinds.ts';
import { openApiDocument, openApiIndex } from './openapi.ts';

/** The release of Kubernetes whose words and habits the lab follows. */
const kubernetesVersion = 'v1.35.3';

/** The paths of the API that name no object: version, health, discovery, OpenAPI. `undefined` for any other. */
export function answerServerPath(request: IncomingMessage, url: URL, kinds: readonly Kind[]): Answer | undefined {
  const path = url.pathname.replace(/\/$/, '');
  const [root, ...rest] = path.split('/').slice(1);
  switch (root) {
    case 'version':
      return json(versionInfo());
    case 'healthz':
    case 'livez':
    case 'readyz':
      return { code: 200, body: 'ok', contentType: 'text/plain; charset=utf-8' };
    case 'api':
    case 'apis':
      return discovery(request, root, rest, kinds);
    case 'openapi':
      if (rest[0] !== 'v3') return undefined;
      return json(rest.length === 1 ? openApiIndex(kinds) : openApiDocument(kinds, rest.slice(1).join('/')));
    default:
      return undefined;
  }
}

function discovery(
  request: IncomingMessage,
  root: 'api' | 'apis',
  rest: readonly string[],
  kinds: readonly Kind[],
): Answer | undefined {
  const [first, second] = rest;
  if (first === undefined) {
    if (wantsAggregated(request)) {
      return { code: 200, body: aggregatedDiscovery(kinds, root === 'api'), contentType: aggregatedType };
    }
    return json(root === 'api' ? coreVersions() : groupList(kinds));
  }
  if (root === 'api') return rest.length === 1 ? json(resourceList(kinds, '', first)) : undefined;
  if (second === undefined) return json(oneGroup(kinds, first));
  return rest.length === 2 ? json(resourceList(kinds, first, second)) : undefined;
}

function json(body: JsonObject | undefined): Answer | undefined {
  return body && { code: 200, body };
}

function versionInfo(): JsonObject {
  const [major, minor] = kubernetesVersion.slice(1).split('.');
  return {
    major,
    minor,
    gitVersion: kubernetesVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '2026-03-18T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'lab',
  };
}
