import { kinds } from '../kubernetes/kinds.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt } from '../kubernetes/read.ts';
import type { JsonObject } from '../model/json.ts';
import type { Resource } from '../model/resource.ts';
import { derive, type Evidence } from './evidence.ts';
import { meshConfig, rootNamespace } from './mesh.ts';
import { completeHost, isExportedTo } from './routes.ts';
import { takesName } from './servers.ts';

/** The `tls` block that a DestinationRule gives one port of a host. Without one the mesh decides (automatic mTLS). */
export interface UpstreamTls {
  /** As written; left out it is DISABLE (networking/v1 ClientTLSSettings). */
  readonly mode: string;
  /** `spec.trafficPolicy.tls`. */
  readonly path: string;
  readonly settings: JsonObject;
}

interface HostRule {
  readonly host: string;
  readonly rule: Resource;
  readonly exportTo: readonly string[];
}

const rulesByNamespace = derive((evidence) => {
  const standard = textsAt(meshConfig(evidence).mesh, 'defaultDestinationRuleExportTo');
  const rules = [...evidence.list(kinds.destinationRule).items]
    .sort((a, b) => (a.createdAt ?? '9999').localeCompare(b.createdAt ?? '9999') || a.name.localeCompare(b.name))
    .flatMap((rule): readonly HostRule[] => {
      const host = textAt(rule.body, 'spec', 'host');
      if (host === undefined) return [];
      const written = textsAt(rule.body, 'spec', 'exportTo');
      const full = completeHost(host, rule.namespace).toLowerCase();
      return [{ host: full, rule, exportTo: written.length > 0 ? written : standard }];
    });
  return new Map(
    [...Map.groupBy(rules, ({ rule }) => rule.namespace)].map(([namespace, own]) => [
      namespace,
      {
        exact: Map.groupBy(
          own.filter(({ host }) => !host.startsWith('*')),
          ({ host }) => host,
        ),
        wildcards: own.filter(({ host }) => host.startsWith('*')).sort((a, b) => b.host.length - a.host.length),
      },
    ]),
  );
});

/**
 * The DestinationRule that a client in one namespace goes by for a host: of its own namespace, else of the Service's,
 * else of the root namespace; the most specific host first (istio pilot/pkg/model/push_context.go, destinationRule).
 *
 * @param host the full name, as `web.shop.svc.cluster.local`
 */
export function destinationRuleFor(
  evidence: Evidence,
  host: string,
  places: { readonly client: string; readonly service?: string },
): Resource | undefined {
  const order = new Set([places.client, places.service ?? places.client, rootNamespace(evidence)]);
  for (const namespace of order) {
    const own = rulesByNamespace(evidence).get(namespace);
    if (!own) continue;
    const candidates = [
      ...(own.exact.get(host.toLowerCase()) ?? []),
      ...own.wildcards.filter((one) => takesName(one.host, host.toLowerCase())),
    ];
    const taken = candidates.find(({ rule, exportTo }) => isExportedTo(rule, exportTo, places.client));
    if (taken) return taken.rule;
  }
  return undefined;
}

function tlsOf(
  policy: JsonObject | undefined,
  base: string,
  port: number | undefined,
): UpstreamTls | 'none' | undefined {
  const level = objectsAt(policy, 'portLevelSettings').find(
    ({ value }) => port !== undefined && numberAt(value, 'port', 'number') === port,
  );
  // settings of a port replace those of the destination as a whole: what they leave out is not inherited
  const [holder, path] = level
    ? [level.value, `${base}.portLevelSettings[${level.index}].tls`]
    : [policy, `${base}.tls`];
  const settings = objectAt(holder, 'tls');
  if (settings) return { mode: textAt(settings, 'mode') ?? 'DISABLE', path, settings };
  return level ? 'none' : undefined;
}

/** What a DestinationRule says of TLS for a port and subset of its host; undefined: nothing, the mesh decides. */
export function upstreamTlsOf(rule: Resource, port: number | undefined, subset?: string): UpstreamTls | undefined {
  const own = objectsAt(rule.body, 'spec', 'subsets').find(({ value }) => textAt(value, 'name') === subset);
  const ofSubset = own && tlsOf(objectAt(own.value, 'trafficPolicy'), `spec.subsets[${own.index}].trafficPolicy`, port);
  const found = ofSubset ?? tlsOf(objectAt(rule.body, 'spec', 'trafficPolicy'), 'spec.trafficPolicy', port);
  return found === 'none' ? undefined : found;
}

export const hasSubset = (rule: Resource, subset: string): boolean =>
  objectsAt(rule.body, 'spec', 'subsets').some(({ value }) => textAt(value, 'name') === subset);
