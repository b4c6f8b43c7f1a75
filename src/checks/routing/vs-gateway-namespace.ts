import type { Evidence } from '../../facts/evidence.ts';
import { danglingReferences, missedByReference, type UnroutedHost } from '../../facts/unrouted-hosts.ts';
import type { GatewayReference, VirtualService } from '../../facts/routes.ts';
import { kinds } from '../../kubernetes/kinds.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { noFilterChain, noRoute } from '../symptoms.ts';
import { fieldChange } from './field-change.ts';
import { affectedHosts, seenOf } from './missing-route.ts';

type Dangling = { readonly virtualService: VirtualService; readonly reference: GatewayReference };

/** Gateways that the name was meant for: those whose hosts it leaves without routes, else those of the same name. */
function meant(evidence: Evidence, { reference }: Dangling, unrouted: readonly UnroutedHost[]): readonly string[] {
  const without = unrouted.map(({ server }) => fullName(server.owner));
  const alike = evidence
    .list(kinds.gateway)
    .items.filter(({ name }) => name === reference.name)
    .map(fullName);
  return [...new Set(without.length > 0 ? without : alike)];
}

function fixOf({ virtualService, reference }: Dangling, names: readonly string[]): Fix {
  const { resource } = virtualService;
  const [name, ...others] = names;
  if (name === undefined) {
    return fieldChange(resource, reference.path, '<NAMESPACE/GATEWAY>', {
      summary: 'take the reference away, or name a Gateway that exists',
    });
  }
  const choice = others.length > 0 ? ` (or ${others.join(', ')})` : '';
  return fieldChange(resource, reference.path, name, {
    summary: `name the Gateway with its namespace, ${name}${choice}; nothing has to be restarted`,
    doNot: ['move one of the two objects to the other’s namespace: short destination names would then mean others'],
  });
}

function faultOf(evidence: Evidence, one: Dangling): Fault {
  const { virtualService, reference } = one;
  const { resource } = virtualService;
  const unrouted = missedByReference(evidence).get(reference) ?? [];
  const names = meant(evidence, one, unrouted);
  // a name left behind beside one that works, or beside `mesh`, takes nothing away
  const works = virtualService.bindsMesh || virtualService.gateways.some(({ gateway }) => gateway.state !== 'absent');
  const severity = unrouted.length > 0 ? 'error' : works ? 'info' : 'warning';
  const where = names.length === 0 ? 'no namespace has one of that name' : `there is ${names.join(', ')}`;
  const title = `${named(resource)} ${reference.path} names Gateway ${fullName(reference)}, which does not exist`;
  const bare = reference.text === reference.name ? ' A name without a namespace means the VirtualService’s own.' : '';
  return {
    subject: subjectOf(resource, reference.path),
    title,
    message:
      unrouted.length > 0
        ? `${title}; ${where}.${bare} Its hosts get no route there: the handshake succeeds, and every request is answered with 404.`
        : `${title}; ${where}.${bare} No host of a TLS server waits for it.`,
    evidence: [
      { source: 'resource', ref: `${named(resource)} ${reference.path}`, detail: `"${reference.text}"; ${where}` },
      ...seenOf(evidence, unrouted),
    ],
    affects: unrouted.length > 0 ? affectedHosts(unrouted) : [{ hosts: virtualService.hosts }],
    confidence: unrouted.length > 0 ? 0.93 : 0.8,
    severity,
    related: unrouted.map(({ server }) => subjectOf(server.owner, server.path)),
    fix: fixOf(one, names),
    confirm: confirmHost(unrouted[0]?.host.host ?? virtualService.hosts[0]),
    misleading: unrouted.length > 0 ? ['The 404 comes from the gateway, not from the application.'] : [],
  };
}

/** A VirtualService names a Gateway that is not there, most often because the Gateway is in another namespace. */
export const vsGatewayNamespace: Check = {
  name: 'vs-gateway-namespace',
  title: 'Every Gateway that a VirtualService names exists',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'route',
  reads: ['resource', 'probe', 'access-log', 'istiod-log', 'config-dump'],
  explains: [...noRoute, ...noFilterChain],
  *inspect(evidence): Iterable<Judgement> {
    for (const dangling of danglingReferences(evidence)) yield faultOf(evidence, dangling);
  },
};
