import { answerOf } from './answers.ts';
import { derive, type Evidence } from './evidence.ts';
import { sectionOf } from './gateway-backends.ts';
import { httpRulesOf, obstacleOfRule, openMatches, takesPath, type HttpRule, type Obstacle } from './http-rules.ts';
import { bindingsOf, type RouteBinding, type VirtualService } from './routes.ts';
import { hostsMeet, servers, terminatesTls, type Server } from './servers.ts';
import { destinations } from './targets.ts';

/** A rule that no request to a server can meet, and why. */
export interface DeadRule {
  readonly rule: HttpRule;
  readonly obstacle: Obstacle;
}

/** A VirtualService that is bound to hosts of a server and gives them no rule that could take a request. */
export interface Rulelessness {
  readonly server: Server;
  readonly hosts: readonly string[];
  readonly virtualService: VirtualService;
  /** Empty: it has no `http` rule at all. */
  readonly dead: readonly DeadRule[];
}

const deadRules = (evidence: Evidence, binding: RouteBinding): readonly DeadRule[] =>
  httpRulesOf(evidence, binding.virtualService).flatMap((rule) => {
    const obstacle = obstacleOfRule(evidence, rule, binding);
    return obstacle ? [{ rule, obstacle }] : [];
  });

const isLive = (evidence: Evidence, binding: RouteBinding): boolean =>
  httpRulesOf(evidence, binding.virtualService).some((rule) => obstacleOfRule(evidence, rule, binding) === undefined);

function ofServer(evidence: Evidence, server: Server): readonly Rulelessness[] {
  const bindings = bindingsOf(evidence, server);
  const live = bindings.filter((binding) => isLive(evidence, binding)).flatMap(({ hosts }) => hosts);
  return bindings.flatMap((binding): readonly Rulelessness[] => {
    const hosts = binding.hosts.filter(
      (host) => !live.some((one) => hostsMeet(one, host)) && !answerOf(evidence, server, host),
    );
    if (hosts.length === 0) return [];
    return [{ server, hosts, virtualService: binding.virtualService, dead: deadRules(evidence, binding) }];
  });
}

/** Hosts of HTTPS servers whose VirtualServices have no rule that a request to that server can meet. */
export const rulelessHosts = derive((evidence): readonly Rulelessness[] =>
  servers(evidence)
    .filter((server) => server.from === 'Gateway' && terminatesTls(server) && sectionOf(server) === 'http')
    .flatMap((server) => ofServer(evidence, server)),
);

/** Rules that are written so that they can never hold, beside others that can. */
export const brokenRules = derive((evidence): readonly (DeadRule & { readonly binding: RouteBinding })[] => {
  const isWritten = ({ obstacle }: DeadRule): boolean => ['malformed', 'uri', 'authority'].includes(obstacle.reason);
  return servers(evidence)
    .filter((server) => server.from === 'Gateway' && terminatesTls(server) && sectionOf(server) === 'http')
    .flatMap((server) => bindingsOf(evidence, server).filter((binding) => isLive(evidence, binding)))
    .flatMap((binding) =>
      deadRules(evidence, binding)
        .filter(isWritten)
        .map((dead) => ({ ...dead, binding })),
    );
});

/** A path that was asked for and that no rule of a host takes. */
export interface UnmatchedPath {
  readonly server: Server;
  readonly host: string;
  readonly path: string;
  readonly bindings: readonly RouteBinding[];
}

const mayTake = (evidence: Evidence, binding: RouteBinding, path: string): boolean =>
  httpRulesOf(evidence, binding.virtualService).some((rule) => {
    const open = openMatches(evidence, rule, binding);
    return open === 'all' || open.some((match) => takesPath(match, path) !== 'no');
  });

/** Paths of the question (`https://host/path`) that are sure to be answered with 404. */
export const unmatchedPaths = (evidence: Evidence): readonly UnmatchedPath[] =>
  destinations(evidence).flatMap(({ host, server, path }) => {
    if (!server || path === undefined || path === '/' || server.from !== 'Gateway' || sectionOf(server) !== 'http')
      return [];
    const bindings = bindingsOf(evidence, server).filter(({ hosts }) => hosts.some((one) => hostsMeet(one, host)));
    const live = bindings.filter((binding) => isLive(evidence, binding));
    if (live.length === 0 || live.some((binding) => mayTake(evidence, binding, path))) return [];
    return [{ server, host, path, bindings: live }];
  });
