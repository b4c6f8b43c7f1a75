import { numberAt, objectsAt, textsAt } from '../kubernetes/read.ts';
import type { Resource } from '../model/resource.ts';
import { namesGateway } from './http-rules.ts';
import type { RouteBinding, VirtualService } from './routes.ts';
import type { Server } from './servers.ts';

/** One `match` of a `tls` rule: the names of a filter chain of its own where TLS passes through. */
export interface SniMatch {
  readonly owner: Resource;
  /** `spec.tls[0].match[0]`. */
  readonly path: string;
  readonly sniHosts: readonly string[];
  readonly port?: number;
  readonly gateways: readonly string[];
}

/** All matches of the `tls` rules of a VirtualService. */
export const sniMatchesOf = ({ resource }: VirtualService): readonly SniMatch[] =>
  objectsAt(resource.body, 'spec', 'tls').flatMap(({ index, value: rule }) =>
    objectsAt(rule, 'match').map(({ index: place, value }) => {
      const port = numberAt(value, 'port');
      return {
        owner: resource,
        path: `spec.tls[${index}].match[${place}]`,
        sniHosts: textsAt(value, 'sniHosts').map((host) => host.toLowerCase()),
        gateways: textsAt(value, 'gateways'),
        ...(port !== undefined && port !== 0 && { port }),
      };
    }),
  );

/** Whether a match holds at a server: its port is that of the server, and its gateways name it. */
export function sniObstacle({ port, gateways, owner }: SniMatch, server: Server): 'port' | 'gateways' | undefined {
  if (port !== undefined && port !== server.port) return 'port';
  if (gateways.length > 0 && !gateways.some((text) => namesGateway(owner, text, server))) return 'gateways';
  return undefined;
}

/** The names of the chains that a binding gives a server that passes TLS through. */
export const chainNamesOf = ({ server, virtualService }: RouteBinding): readonly string[] =>
  sniMatchesOf(virtualService)
    .filter((match) => sniObstacle(match, server) === undefined)
    .flatMap(({ sniHosts }) => sniHosts);
