import type { Evidence } from '../../facts/evidence.ts';
import {
  brokenRules,
  rulelessHosts,
  unmatchedPaths,
  type DeadRule,
  type Rulelessness,
  type UnmatchedPath,
} from '../../facts/dead-rules.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import { isObject } from '../../kubernetes/read.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, valueAt } from '../remedies.ts';
import { noRoute } from '../symptoms.ts';
import { decisionOn, shownField } from './field-change.ts';
import { addHttpRule, mendMatch } from './match-fixes.ts';
import { seenWithoutRoute } from './missing-route.ts';

function describe(dead: readonly DeadRule[]): string {
  const [first] = dead;
  if (!first) return 'has no http rule';
  return `${first.obstacle.path} ${first.obstacle.says}`;
}

function rulelessFault(evidence: Evidence, ruleless: Rulelessness): Fault {
  const { server, hosts, virtualService, dead } = ruleless;
  const { resource, sections } = virtualService;
  const [first] = dead;
  const owner = first?.rule.owner ?? resource;
  const path = first?.obstacle.path ?? `spec.${sections[0] ?? 'http'}`;
  const title = `No rule of ${named(resource)} can take a request to ${named(server.owner)} ${server.path}: ${
    first ? describe(dead) : `it has ${sections.length > 0 ? `${sections.join(' and ')} rules only` : 'no rule'}`
  }`;
  const seen = hosts.flatMap((host) => seenWithoutRoute(evidence, server, host)).slice(0, 4);
  return {
    subject: subjectOf(owner, path),
    title,
    message: `${title}. The handshake succeeds, and every request for ${hosts.join(', ')} is answered with 404.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(owner)} ${path}`,
        detail: first ? shownField(owner, path) : 'no http section',
      },
      {
        source: 'resource',
        ref: `${named(server.owner)} ${server.path}`,
        detail: `${server.protocol} on port ${server.port}`,
      },
      ...seen,
    ],
    affects: [{ server, hosts }],
    confidence: seen.length > 0 ? 0.93 : 0.87,
    related: [subjectOf(server.owner, server.path)],
    fix: first ? mendMatch(owner, first.obstacle, server) : addHttpRule(ruleless),
    confirm: confirmHost(hosts[0]),
    ruledOut: ['the VirtualService is bound to the Gateway, and its hosts fit'],
    misleading: ['A 404 over TLS means that the handshake was well: no certificate is at fault.'],
  };
}

function brokenFault({ rule, obstacle, binding }: ReturnType<typeof brokenRules>[number]): Fault {
  const { server, hosts } = binding;
  const title = `${named(rule.owner)} ${obstacle.path} ${obstacle.says}`;
  return {
    subject: subjectOf(rule.owner, obstacle.path),
    title,
    message: `${title}. The rule takes no request; they go to another rule, or are answered with 404.`,
    evidence: [
      {
        source: 'resource',
        ref: `${named(rule.owner)} ${obstacle.path}`,
        detail: shownField(rule.owner, obstacle.path),
      },
    ],
    affects: [{ server, hosts }],
    confidence: 0.85,
    severity: 'warning',
    fix: mendMatch(rule.owner, obstacle, server),
    confirm: confirmHost(hosts[0]),
  };
}

function pathFault(evidence: Evidence, { server, host, path, bindings }: UnmatchedPath): Fault | undefined {
  const [first] = bindings;
  if (!first) return undefined;
  const { resource } = first.virtualService;
  const title = `No rule of ${bindings.map(({ virtualService }) => named(virtualService.resource)).join(', ')} takes the path ${path}`;
  const rules = valueAt(resource, 'spec.http');
  const known = Array.isArray(rules)
    ? rules.filter(isObject).map((rule) => JSON.stringify(rule['match'] ?? null).slice(0, 80))
    : [];
  return {
    subject: { ...subjectOf(resource, 'spec.http'), host },
    title,
    message: `${title}. The handshake succeeds, and a request for https://${host}${path} is answered with 404 by the gateway.`,
    evidence: [
      { source: 'resource', ref: `${named(resource)} spec.http`, detail: known.join('; ') },
      ...seenWithoutRoute(evidence, server, host),
    ],
    affects: [{ server, hosts: [host] }],
    confidence: 0.85,
    fix: {
      summary: `add a rule for ${path}, or ask for a path that is routed`,
      commands: [
        jsonPatch(resource, [
          {
            op: 'add',
            path: '/spec/http/-',
            value: { match: [{ uri: { prefix: path } }], route: [{ destination: { host: '<SERVICE>' } }] },
          },
        ]),
      ],
      undo: [],
      doNot: [],
      ...decisionOn(resource),
    },
    confirm: { argv: ['istls', 'doctor', `https://${host}${path}`] },
  };
}

/** A match that no request can meet, or none that meets the request in question. */
export const vsRouteMatch: Check = {
  name: 'vs-route-match',
  title: 'Every routed host has a rule that its requests can meet',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'route',
  reads: ['resource', 'probe', 'access-log', 'istiod-log', 'config-dump'],
  explains: noRoute,
  *inspect(evidence): Iterable<Judgement> {
    for (const ruleless of rulelessHosts(evidence)) yield rulelessFault(evidence, ruleless);
    const told = new Set<string>();
    for (const broken of brokenRules(evidence)) {
      const key = `${fullName(broken.rule.owner)} ${broken.obstacle.path}`;
      if (told.has(key)) continue;
      told.add(key);
      yield brokenFault(broken);
    }
    for (const unmatched of unmatchedPaths(evidence)) {
      const fault = pathFault(evidence, unmatched);
      if (fault) yield fault;
    }
  },
};
