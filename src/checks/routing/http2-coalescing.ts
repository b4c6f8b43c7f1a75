import { sharedNames, strayRequests, type SharedName, type StrayRequest } from '../../facts/coalescing.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { bindingsOf } from '../../facts/routes.ts';
import { serversOfOwner, type Server } from '../../facts/servers.ts';
import { fullName, named, subjectOf } from '../../kubernetes/names.ts';
import { textsAt } from '../../kubernetes/read.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, deleteObject, replaceField, restoreField } from '../remedies.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { decisionOn, fieldChange } from './field-change.ts';

const place = ({ owner, path, listener }: Server): string =>
  listener === undefined ? `${named(owner)} ${path}` : `${named(owner)} listener ${listener}`;

/** One server for both: routes first, then the host changes over. */
function joinServers(evidence: Evidence, opened: Server, meant: Server): Fix {
  const hosts = [...opened.hosts, ...meant.hosts].map(({ text }) => text);
  const bound = bindingsOf(evidence, meant).map(({ virtualService }) => virtualService.resource);
  const gateway = fullName(opened.owner);
  const binds = bound
    .map((resource) => ({ resource, wanted: [...new Set([...textsAt(resource.body, 'spec', 'gateways'), gateway])] }))
    .filter(({ resource, wanted }) => wanted.length > textsAt(resource.body, 'spec', 'gateways').length);
  const alone = serversOfOwner(evidence, meant.owner).length === 1;
  const path = `${opened.path}.hosts`;
  return {
    summary: `serve both from one server: bind the routes to Gateway ${gateway}, ${alone ? `delete ${named(meant.owner)}` : `take ${meant.path} out of ${named(meant.owner)}`}, and give ${gateway} its hosts; in between they are not served`,
    commands: [
      ...binds.map(({ resource, wanted }) => replaceField(resource, 'spec.gateways', wanted)),
      ...(alone ? [deleteObject(meant.owner)] : []),
      replaceField(opened.owner, path, hosts),
    ],
    undo: [
      restoreField(opened.owner, path, hosts),
      ...binds.map(({ resource, wanted }) => restoreField(resource, 'spec.gateways', wanted)),
    ],
    doNot: ['give one server a certificate of its own without taking the other’s names off the shared one'],
    ...decisionOn(opened.owner),
  };
}

function fixOf(evidence: Evidence, opened: Server, meant: Server): Fix {
  if (opened.from === 'Gateway' && meant.from === 'Gateway' && meant.tls?.mode !== 'PASSTHROUGH') {
    return joinServers(evidence, opened, meant);
  }
  const path = meant.from === 'GatewayAPI' ? `${meant.path}.tls.certificateRefs` : `${opened.path}.tls.credentialName`;
  const owner = meant.from === 'GatewayAPI' ? meant.owner : opened.owner;
  const value = meant.from === 'GatewayAPI' ? [{ kind: 'Secret', name: '<OWN_SECRET>' }] : '<NARROWER_SECRET>';
  return fieldChange(owner, path, value, {
    summary: 'let each of the two have a certificate that covers its own hosts alone',
  });
}

const observe = ({ line, probe }: StrayRequest): Observation | undefined =>
  line ? observedEntry(line) : probe && observedProbe(probe.probe);

function seenFault(evidence: Evidence, strays: readonly StrayRequest[], meant: Server): Fault | undefined {
  const [first] = strays;
  if (!first) return undefined;
  const { opened } = first;
  const hosts = [...new Set(strays.map(({ host }) => host))];
  const title = `Requests for ${hosts.join(', ')} come over connections that were opened for ${first.sni}, and find no route there`;
  return {
    subject: subjectOf(meant.owner, meant.path),
    title,
    message: `${title}. The certificate of ${place(opened)} covers both names, so that HTTP/2 clients use one connection for both; Envoy keeps to the routes of ${place(opened)}, which has no such host, and answers 404.`,
    evidence: [
      ...strays.flatMap((stray) => observe(stray) ?? []).slice(0, 4),
      { source: 'resource', ref: place(opened), detail: opened.hosts.map(({ text }) => text).join(', ') },
      { source: 'resource', ref: place(meant), detail: meant.hosts.map(({ text }) => text).join(', ') },
    ],
    affects: [{ server: meant, hosts }],
    confidence: strays.some(({ line }) => line) ? 0.92 : 0.85,
    severity: 'warning',
    related: [subjectOf(opened.owner, opened.path)],
    clients: 'browsers and other HTTP/2 clients that reuse connections, now and then',
    fix: fixOf(evidence, opened, meant),
    confirm: confirmHost(hosts[0]),
    ruledOut: ['each host by itself has its own chain and routes'],
    misleading: ['curl and a fresh browser window get 200: only a connection that is already open leads astray.'],
  };
}

/** Nothing is seen of harm: that the certificate allows it is worth a word, no more. */
function possibleFault(evidence: Evidence, { opened, meant, hosts }: SharedName): Fault {
  const title = `The certificate of ${place(opened)} also covers ${hosts.join(', ')} of ${place(meant)}`;
  return {
    subject: subjectOf(meant.owner, meant.path),
    title,
    message: `${title}, on the same address and port. Browsers may send requests for one over a connection to the other, and get 404 there.`,
    evidence: [
      {
        source: 'secret',
        ref: place(opened),
        detail: opened.tls?.credentialNames.map(({ name }) => name).join(', ') ?? '',
      },
      { source: 'resource', ref: place(meant), detail: meant.hosts.map(({ text }) => text).join(', ') },
    ],
    affects: [{ server: meant, hosts }],
    confidence: 0.6,
    severity: 'info',
    related: [subjectOf(opened.owner, opened.path)],
    clients: 'browsers and other HTTP/2 clients that reuse connections',
    fix: fixOf(evidence, opened, meant),
    confirm: confirmHost(hosts[0]),
  };
}

/** One certificate over several servers of an address: HTTP/2 clients reuse the connection and miss the route. */
export const http2Coalescing: Check = {
  name: 'http2-coalescing',
  title: 'No certificate covers hosts of two servers on one address',
  group: 'routing',
  kind: 'cause',
  severity: 'warning',
  step: 'route',
  reads: ['resource', 'secret', 'probe', 'access-log'],
  explains: [{ check: 'access-log-no-route', over: 'host' }],
  *inspect(evidence): Iterable<Judgement> {
    const seen = Map.groupBy(strayRequests(evidence), ({ meant }) => meant);
    const hurt = new Set<Server>();
    for (const [meant, strays] of seen) {
      const fault = seenFault(evidence, strays, meant);
      if (fault) yield fault;
      for (const { opened } of strays) hurt.add(opened).add(meant);
    }
    const told = new Set<string>();
    for (const shared of sharedNames(evidence)) {
      // each pair once, whichever of the two certificates is the wider
      const pair = [shared.opened.key, shared.meant.key].sort().join('|');
      if (told.has(pair) || (hurt.has(shared.opened) && hurt.has(shared.meant))) continue;
      told.add(pair);
      yield possibleFault(evidence, shared);
    }
  },
};
