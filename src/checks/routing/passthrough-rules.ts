import type { Evidence } from '../../facts/evidence.ts';
import type { RouteBinding } from '../../facts/routes.ts';
import { hostsMeet, listedHosts, type Server } from '../../facts/servers.ts';
import { chainNamesOf, sniMatchesOf, sniObstacle, type SniMatch } from '../../facts/tls-rules.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix } from '../../model/finding.ts';
import type { Fault } from '../check.ts';
import { confirmHost, jsonPatch, valueAt } from '../remedies.ts';
import { decisionOn, fieldChange } from './field-change.ts';
import { passthroughTrail, takenBy } from './passthrough-rivals.ts';

/** A rule by SNI in the place of one by path. Paths and headers are encrypted here: they cannot be matched. */
function routeBySni({ virtualService, hosts }: RouteBinding, section: 'http' | 'tcp'): Fix {
  const { resource, destinations } = virtualService;
  const [first] = destinations;
  const destination = { host: first?.host ?? '<SERVICE>', port: { number: first?.port ?? 443 } };
  const old = valueAt(resource, `spec.${section}`) ?? [];
  const rule = { match: [{ sniHosts: [...hosts] }], route: [{ destination }] };
  return {
    summary:
      'route by sniHosts, to a port of the backend that speaks TLS; or end TLS at the gateway with a certificate of its own',
    commands: [jsonPatch(resource, [{ op: 'add', path: '/spec/tls', value: [rule] }])],
    undo: [
      jsonPatch(resource, [
        { op: 'test', path: `/spec/${section}`, value: old },
        { op: 'remove', path: '/spec/tls' },
      ]),
    ],
    doNot: [],
    ...decisionOn(resource),
  };
}

/** No tls rule at all: http and tcp rules make no chain where TLS passes through. */
export function withoutRule(evidence: Evidence, binding: RouteBinding): Fault {
  const { server, virtualService, hosts } = binding;
  const { resource, sections } = virtualService;
  const section = sections.includes('http') ? 'http' : 'tcp';
  const other = takenBy(evidence, server, hosts[0] ?? '');
  const title = `${named(resource)} has ${section} routes only, and ${named(server.owner)} ${server.path} passes TLS through`;
  return {
    subject: subjectOf(resource, `spec.${section}`),
    title,
    message: `${title}. What passes through stays encrypted, so that only a tls rule with sniHosts can route it: the server gets no filter chain, and ${
      other
        ? `${named(other.owner)} takes its hosts, with a certificate and routes of its own`
        : 'clients are reset after their first message'
    }.`,
    evidence: [
      { source: 'resource', ref: `${named(server.owner)} ${server.path}.tls.mode`, detail: 'PASSTHROUGH' },
      { source: 'resource', ref: named(resource), detail: `sections: ${sections.join(', ')}` },
      ...passthroughTrail(evidence, server, hosts),
    ],
    affects: [{ server, hosts }],
    confidence: 0.9,
    related: [subjectOf(server.owner, server.path), ...(other ? [subjectOf(other.owner, other.path)] : [])],
    fix: routeBySni(binding, section),
    confirm: confirmHost(hosts[0]),
  };
}

function whyNot(
  server: Server,
  match: SniMatch | undefined,
): { readonly path: string; readonly says: string; readonly wanted: number | readonly string[] } {
  const obstacle = match && sniObstacle(match, server);
  if (match && obstacle === 'port') {
    return {
      path: `${match.path}.port`,
      says: `has port ${match.port ?? ''}, and the server’s port is ${server.port}`,
      wanted: server.port,
    };
  }
  if (match && obstacle === 'gateways') {
    return {
      path: `${match.path}.gateways`,
      says: 'names other gateways',
      wanted: [`${server.owner.namespace}/${server.owner.name}`],
    };
  }
  const names = match?.sniHosts.join(', ') ?? '';
  return {
    path: match ? `${match.path}.sniHosts` : 'spec.tls',
    says: `has the sniHosts ${names}`,
    wanted: listedHosts(server),
  };
}

/** Hosts of the server for which no tls rule of its VirtualServices makes a chain. */
export function unmatched(evidence: Evidence, server: Server, bindings: readonly RouteBinding[]): Fault | undefined {
  const names = bindings.flatMap(chainNamesOf);
  const bound = [...new Set(bindings.flatMap(({ hosts }) => hosts))];
  const hosts = listedHosts(server).filter(
    (host) => bound.some((one) => hostsMeet(one, host)) && !names.some((name) => hostsMeet(name, host)),
  );
  const [binding] = bindings;
  if (hosts.length === 0 || !binding) return undefined;
  const matches = bindings.flatMap(({ virtualService }) => sniMatchesOf(virtualService));
  const match = matches.find((one) => sniObstacle(one, server) !== undefined) ?? matches[0];
  const { path, says, wanted } = whyNot(server, match);
  const owner = match?.owner ?? binding.virtualService.resource;
  const title = `${named(owner)} ${path} ${says}, so that no chain of ${named(server.owner)} ${server.path} takes ${hosts.join(', ')}`;
  return {
    subject: subjectOf(owner, path),
    title,
    message: `${title}. Where TLS passes through, a chain takes just the sniHosts of its rule: clients that send another name are reset after their first message.`,
    evidence: [
      { source: 'resource', ref: `${named(owner)} ${path}`, detail: says },
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}`,
        detail: `port ${server.port}, hosts ${listedHosts(server).join(', ')}`,
      },
      ...passthroughTrail(evidence, server, hosts),
    ],
    affects: [{ server, hosts }],
    confidence: 0.88,
    related: [subjectOf(server.owner, server.path)],
    fix: fieldChange(owner, path, wanted, { summary: 'let port and sniHosts of the rule be those of the server' }),
    confirm: confirmHost(hosts[0]),
  };
}
