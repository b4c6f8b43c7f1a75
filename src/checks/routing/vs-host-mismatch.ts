import type { Evidence } from '../../facts/evidence.ts';
import type { VirtualService } from '../../facts/routes.ts';
import { isMismatch, strayHostsByOwner, waitingHosts, type StrayHost } from '../../facts/stray-hosts.ts';
import type { UnroutedHost } from '../../facts/unrouted-hosts.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix } from '../../model/finding.ts';
import { nearest } from '../../text/nearest.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { noFilterChain, noRoute } from '../symptoms.ts';
import { fieldChange } from './field-change.ts';
import { affectedHosts, seenOf } from './missing-route.ts';

const gatewaysOf = (strays: readonly StrayHost[]): string =>
  [...new Set(strays.flatMap((stray) => stray.named.map(({ owner }) => `Gateway ${fullName(owner)}`)))].join(', ');

function whyOf(strays: readonly StrayHost[]): string {
  const [kept] = strays.flatMap(({ keptOutBy }) => keptOutBy);
  if (kept) {
    const texts = kept.hosts.map(({ text }) => text).join(', ');
    return `its server admits ${texts}, which keeps out VirtualServices of other namespaces`;
  }
  const hosts = new Set(
    strays.flatMap((stray) => stray.named.flatMap((server) => server.hosts.map(({ text }) => text))),
  );
  const shown = [...hosts].slice(0, 5).join(', ');
  return `the hosts there are ${shown}${hosts.size > 5 ? ' …' : ''}`;
}

function fixOf({ resource }: VirtualService, strays: readonly StrayHost[], unrouted: readonly UnroutedHost[]): Fix {
  const [first] = strays;
  const candidates = unrouted.map(({ host }) => host.host).filter((host) => host !== '*');
  const wanted = first && (nearest(first.host, candidates)[0] ?? candidates[0]);
  if (first && first.keptOutBy.length === 0 && wanted !== undefined) {
    return fieldChange(resource, first.path, wanted, {
      summary: `let the VirtualService have the host of the Gateway, ${wanted}`,
    });
  }
  return fieldChange(resource, 'spec.hosts', ['<HOST_OF_THE_GATEWAY>'], {
    summary:
      (first?.keptOutBy.length ?? 0) > 0
        ? 'move the VirtualService to the namespace that the Gateway admits, or let the Gateway admit this one'
        : 'let the hosts of the two objects meet',
  });
}

function faultOf(
  evidence: Evidence,
  strays: readonly StrayHost[],
  unrouted: readonly UnroutedHost[],
): Fault | undefined {
  const [first] = strays;
  if (!first) return undefined;
  const { virtualService } = first;
  const { resource, hosts } = virtualService;
  const title = `${named(resource)} has ${hosts.join(', ')}, which no server of ${gatewaysOf(strays)} takes`;
  const hurts = unrouted.length > 0;
  const affected = [...new Set(unrouted.map(({ host }) => host.text))].join(', ');
  return {
    subject: subjectOf(resource, strays.length === 1 ? first.path : 'spec.hosts'),
    title,
    message: hurts
      ? `${title}: ${whyOf(strays)}. So ${affected} has no route, and the gateway answers with 404 after a good handshake.`
      : `${title}: ${whyOf(strays)}. Its routes are in force nowhere.`,
    evidence: [
      { source: 'resource', ref: `${named(resource)} spec.hosts`, detail: `${hosts.join(', ')}; ${whyOf(strays)}` },
      ...seenOf(evidence, unrouted),
    ],
    affects: hurts ? affectedHosts(unrouted) : [{ hosts }],
    confidence: hurts ? 0.88 : 0.75,
    severity: hurts ? 'error' : 'warning',
    related: [...new Set(first.named.map(({ owner }) => owner))].map((owner) => subjectOf(owner)),
    fix: fixOf(virtualService, strays, unrouted),
    confirm: confirmHost(unrouted[0]?.host.host ?? hosts[0]),
    misleading: hurts ? ['The handshake succeeds and the certificate is right: only the route is missing.'] : [],
  };
}

/** The hosts of a VirtualService and those of the Gateway that it names do not meet. */
export const vsHostMismatch: Check = {
  name: 'vs-host-mismatch',
  title: 'Every VirtualService has a host of the Gateways that it names',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'route',
  reads: ['resource', 'probe', 'access-log', 'istiod-log', 'config-dump'],
  explains: [...noRoute, ...noFilterChain],
  *inspect(evidence): Iterable<Judgement> {
    for (const strays of strayHostsByOwner(evidence)) {
      if (!isMismatch(evidence, strays)) continue;
      const fault = faultOf(evidence, strays, waitingHosts(evidence, strays));
      if (fault) yield fault;
    }
  },
};
