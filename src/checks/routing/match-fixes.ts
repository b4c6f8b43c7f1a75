import type { Rulelessness } from '../../facts/dead-rules.ts';
import type { Obstacle } from '../../facts/http-rules.ts';
import type { Server } from '../../facts/servers.ts';
import type { Fix } from '../../model/finding.ts';
import type { Resource } from '../../model/resource.ts';
import { jsonPatch, pointerOf, valueAt } from '../remedies.ts';
import { blockAt, decisionOn, fieldChange } from './field-change.ts';

/** Takes the field away that can never hold. */
function withoutField(owner: Resource, path: string, summary: string): Fix {
  const pointer = pointerOf(path);
  const old = valueAt(owner, path);
  return {
    summary,
    commands: [
      jsonPatch(owner, [
        { op: 'test', path: pointer, ...(old !== undefined && { value: old }) },
        { op: 'remove', path: pointer },
      ]),
    ],
    undo: [jsonPatch(owner, [{ op: 'add', path: pointer, ...(old !== undefined && { value: old }) }])],
    doNot: [],
    ...decisionOn(owner),
  };
}

/** The condition as it was meant, where that can be told. */
export function mendMatch(owner: Resource, { reason, path }: Obstacle, server: Server): Fix {
  const parent = path.slice(0, path.lastIndexOf('.'));
  const matcher = path.slice(path.lastIndexOf('.') + 1);
  const value = valueAt(owner, path);
  if (reason === 'malformed' && ['exact', 'prefix', 'regex'].includes(matcher) && typeof value === 'string') {
    const { [matcher]: _astray, ...rest } = blockAt(owner, parent);
    return fieldChange(
      owner,
      parent,
      { ...rest, uri: { [matcher]: value } },
      { summary: `indent ${matcher} below uri` },
    );
  }
  if (reason === 'uri' && typeof value === 'string') {
    const wanted = `/${value.replaceAll('*', '').replace(/\?.*$/s, '').replace(/^\/+/, '')}`;
    return fieldChange(owner, parent, { prefix: wanted }, { summary: `match the prefix ${wanted}` });
  }
  if (reason === 'port') {
    return withoutField(
      owner,
      path,
      `take the port away, or write the Gateway’s own, ${server.port}: it is never that of the Service`,
    );
  }
  return withoutField(owner, path, 'take the condition away, or write one that requests to this gateway can meet');
}

/** A server that ends TLS takes http rules alone: tls and tcp rules are for bytes. */
export function addHttpRule({ virtualService }: Rulelessness): Fix {
  const { resource, destinations } = virtualService;
  const [first] = destinations;
  const destination = {
    host: first?.host ?? '<SERVICE>',
    ...(first?.port !== undefined && { port: { number: first.port } }),
  };
  return {
    summary: 'give it an http rule; or, if the backend is to end TLS, set mode PASSTHROUGH on the server',
    commands: [jsonPatch(resource, [{ op: 'add', path: '/spec/http', value: [{ route: [{ destination }] }] }])],
    undo: [jsonPatch(resource, [{ op: 'remove', path: '/spec/http' }])],
    doNot: [],
    ...decisionOn(resource),
  };
}
