import { numberAt, objectAt, objectsAt, textAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import type { AccessLogEntry } from '../model/log-event.ts';
import type { Resource } from '../model/resource.ts';
import type { Evidence } from './evidence.ts';
import { isFromBackend } from './answers.ts';
import { attachedRoutes } from './gateway-api-routes.ts';
import { httpRulesOf, isCatchAll, obstacleOfRule, openMatches, type HttpRule } from './http-rules.ts';
import { probesOf, type ReadProbe } from './probes.ts';
import { requestsFor } from './requests.ts';
import { bindingsOf, type RouteBinding } from './routes.ts';
import { isHttpProtocol, type Server } from './servers.ts';

/** A rule that sends an https request to the https address that it already has. */
export interface RedirectRule {
  readonly owner: Resource;
  /** `spec.http[0].redirect`. */
  readonly path: string;
  readonly server: Server;
  readonly hosts: readonly string[];
  /** Whether it takes every request, or only some paths. */
  readonly takesAll: boolean;
}

/** Whether a redirect leads back to where the request was: to https, with neither host, port nor path changed. */
function leadsBack(redirect: JsonObject | undefined, hosts: readonly string[]): boolean {
  if (textAt(redirect, 'scheme') !== 'https' || textAt(redirect, 'uri') !== undefined) return false;
  const authority = textAt(redirect, 'authority')?.toLowerCase();
  return authority === undefined || authority === '' || hosts.every((host) => host === authority);
}

const schemeMarks = /^(?:x-forwarded-proto|:scheme|x-scheme|x-forwarded-port)$/i;

/** A rule that asks for the scheme by a header, as is done behind balancers, knows what it does. */
const asksForScheme = ({ matches }: HttpRule): boolean =>
  matches.length > 0 &&
  matches.every(
    ({ match }) =>
      objectAt(match, 'scheme') !== undefined ||
      Object.keys(objectAt(match, 'headers') ?? {}).some((name) => schemeMarks.test(name)),
  );

function ofBinding(evidence: Evidence, binding: RouteBinding): readonly RedirectRule[] {
  const { server, hosts } = binding;
  const rules = httpRulesOf(evidence, binding.virtualService).filter(
    (rule) => !obstacleOfRule(evidence, rule, binding),
  );
  for (const rule of rules) {
    const open = openMatches(evidence, rule, binding);
    const takesAll = isCatchAll(evidence, rule, binding);
    if (
      leadsBack(objectAt(rule.rule, 'redirect'), hosts) &&
      !asksForScheme(rule) &&
      (open === 'all' || open.length > 0)
    ) {
      return [{ owner: rule.owner, path: `${rule.path}.redirect`, server, hosts, takesAll }];
    }
    // what comes behind a rule that takes everything is never reached
    if (takesAll) return [];
  }
  return [];
}

/** The filter `RequestRedirect` of an HTTPRoute that is attached to the HTTPS listener too. */
function ofRoutes(evidence: Evidence, server: Server): readonly RedirectRule[] {
  return attachedRoutes(evidence, server).flatMap(({ route }) =>
    objectsAt(route.resource.body, 'spec', 'rules').flatMap(({ index, value: rule }) =>
      objectsAt(rule, 'filters').flatMap(({ index: place, value }): readonly RedirectRule[] => {
        const redirect = objectAt(value, 'requestRedirect');
        const moved = textAt(redirect, 'hostname') ?? objectAt(redirect, 'path') ?? undefined;
        const port = numberAt(redirect, 'port');
        if (textAt(redirect, 'scheme') !== 'https' || moved !== undefined) return [];
        if (port !== undefined && port !== server.port) return [];
        const path = `spec.rules[${index}].filters[${place}]`;
        const hosts = route.hostnames.length > 0 ? route.hostnames : server.hosts.map(({ host }) => host);
        return [{ owner: route.resource, path, server, hosts, takesAll: objectsAt(rule, 'matches').length === 0 }];
      }),
    ),
  );
}

/** Rules that redirect to https what has come by https already, for one server that ends TLS. */
export const redirectRules = (evidence: Evidence, server: Server): readonly RedirectRule[] =>
  server.from === 'GatewayAPI'
    ? ofRoutes(evidence, server)
    : bindingsOf(evidence, server).flatMap((binding) => ofBinding(evidence, binding));

const isRedirect = (status: number | undefined): boolean =>
  status !== undefined && [301, 302, 303, 307, 308].includes(status);

/** Redirects that the gateway itself gave to requests by TLS. */
export const redirectLines = (evidence: Evidence, hosts: readonly string[]): readonly AccessLogEntry[] =>
  hosts
    .flatMap((host) => requestsFor(evidence, host))
    .filter(
      ({ status, sni, upstreamHost }) =>
        isRedirect(status) && typeof sni === 'string' && typeof upstreamHost !== 'string',
    );

/** Probes by https that were sent back to the address that they had asked. */
export const redirectProbes = (evidence: Evidence, server: Server): readonly ReadProbe[] =>
  probesOf(evidence)(server).filter(({ probe }) => {
    const { http, host } = probe;
    if (!http || !isRedirect(http.status) || isFromBackend(probe)) return false;
    const target = /^https:\/\/([^/:?#]+)/i.exec(http.headers['location'] ?? '')?.[1];
    return target?.toLowerCase() === host.toLowerCase();
  });

/** Whether a plaintext server sends every request to https. */
export const redirectsToHttps = (server: Server): boolean =>
  isHttpProtocol(server.protocol) && server.tls?.httpsRedirect === true;
