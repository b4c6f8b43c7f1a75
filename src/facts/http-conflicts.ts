import { objectsAt, textAt } from '../kubernetes/read.ts';
import { derive, type Evidence } from './evidence.ts';
import { httpRulesOf, isCatchAll, obstacleOfRule, type HttpRule } from './http-rules.ts';
import { bindingsOf, type RouteBinding } from './routes.ts';
import { servers, terminatesTls, type Server } from './servers.ts';
import { chainNamesOf } from './tls-rules.ts';

/** Two VirtualServices whose rules for one host of one server are in each other's way: only the older one's count. */
export interface RouteConflict {
  readonly server: Server;
  readonly host: string;
  readonly older: RouteBinding;
  readonly younger: RouteBinding;
  readonly kind: 'catch-all' | 'sni';
  /** The rules of the two that meet; of `http` only. */
  readonly rules: readonly HttpRule[];
}

const age = ({ virtualService }: RouteBinding): string => virtualService.resource.createdAt ?? '9999';

const byAge = (a: RouteBinding, b: RouteBinding): number =>
  age(a).localeCompare(age(b)) ||
  a.virtualService.resource.name.localeCompare(b.virtualService.resource.name) ||
  a.virtualService.resource.namespace.localeCompare(b.virtualService.resource.namespace);

/** Where the rules of a VirtualService send what no path decides; undefined: it has no such rule at this server. */
function catchAllOf(evidence: Evidence, binding: RouteBinding): HttpRule | undefined {
  return httpRulesOf(evidence, binding.virtualService).find(
    (rule) => !obstacleOfRule(evidence, rule, binding) && isCatchAll(evidence, rule, binding),
  );
}

/** A rule by what it does: two that do the same are in nobody's way. */
const effectOf = ({ owner, rule }: HttpRule): string =>
  JSON.stringify([
    objectsAt(rule, 'route').map(({ value }) => [
      textAt(value, 'destination', 'host'),
      value['destination'],
      value['weight'],
    ]),
    rule['redirect'],
    rule['directResponse'],
    // a short name means another Service in another namespace
    objectsAt(rule, 'route').some(({ value }) => !(textAt(value, 'destination', 'host') ?? '').includes('.'))
      ? owner.namespace
      : '',
  ]);

/** VirtualServices that have the very same host at a server. A wildcard and a name below it keep apart by themselves. */
function rivals(
  bindings: readonly RouteBinding[],
): readonly { readonly host: string; readonly own: readonly RouteBinding[] }[] {
  const byHost = new Map<string, Map<string, RouteBinding>>();
  for (const binding of bindings) {
    const { resource } = binding.virtualService;
    for (const host of binding.hosts) {
      const known = byHost.get(host) ?? new Map<string, RouteBinding>();
      known.set(`${resource.namespace}/${resource.name}`, binding);
      byHost.set(host, known);
    }
  }
  return [...byHost].flatMap(([host, own]) => (own.size > 1 ? [{ host, own: [...own.values()].sort(byAge) }] : []));
}

function conflictsAt(evidence: Evidence, server: Server): readonly RouteConflict[] {
  return rivals(bindingsOf(evidence, server)).flatMap(({ host, own }): readonly RouteConflict[] => {
    if (!terminatesTls(server)) {
      const [older, ...others] = own.filter((binding) => chainNamesOf(binding).includes(host));
      return older ? others.map((younger) => ({ server, host, older, younger, kind: 'sni', rules: [] })) : [];
    }
    const all = own.flatMap((binding) => {
      const rule = catchAllOf(evidence, binding);
      return rule ? [{ binding, rule }] : [];
    });
    const [older, ...others] = all;
    if (!older) return [];
    return others
      .filter(({ rule }) => effectOf(rule) !== effectOf(older.rule))
      .map(({ binding, rule }) => ({
        server,
        host,
        older: older.binding,
        younger: binding,
        kind: 'catch-all',
        rules: [older.rule, rule],
      }));
  });
}

/**
 * istiod puts the rules of all VirtualServices for one host of a gateway into one list, the older first, rules that take
 * everything last (istio pilot/pkg/networking/core/route, SortVHostRoutes): of two of those the second is never reached.
 */
export const routeConflicts = derive((evidence): readonly RouteConflict[] =>
  servers(evidence)
    .filter(({ from, protocol }) => from === 'Gateway' && (protocol === 'HTTPS' || protocol === 'TLS'))
    .flatMap((server) => conflictsAt(evidence, server)),
);
