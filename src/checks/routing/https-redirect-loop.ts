import type { Evidence } from '../../facts/evidence.ts';
import { plaintextFronts, type PlaintextFront } from '../../facts/plaintext-fronts.ts';
import {
  redirectLines,
  redirectProbes,
  redirectRules,
  redirectsToHttps,
  type RedirectRule,
} from '../../facts/redirects.ts';
import { isHttpProtocol, listedHosts, servers, terminatesTls, type Server } from '../../facts/servers.ts';
import { hostsMeet } from '../../facts/servers.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Fix, Observation } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost } from '../remedies.ts';
import { observedEntry } from '../symptom/access-log-symptom.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { blockAt, fieldChange, shownField } from './field-change.ts';

function seenLooping(evidence: Evidence, server: Server, hosts: readonly string[]): readonly Observation[] {
  return [
    ...redirectProbes(evidence, server)
      .slice(0, 2)
      .map(({ probe }) => observedProbe(probe)),
    ...redirectLines(evidence, hosts).slice(-2).map(observedEntry),
  ];
}

/** The rule gets a condition that it lacks: the port of the plaintext server. */
function onlyForPlaintext({ owner, path }: RedirectRule): Fix {
  if (owner.kind !== 'VirtualService') {
    return fieldChange(owner, 'spec.parentRefs[0].sectionName', '<HTTP_LISTENER>', {
      summary: 'attach the redirect to the plaintext listener alone, by its sectionName',
    });
  }
  const rule = path.replace(/\.redirect$/, '');
  const matches = blockAt(owner, rule)['match'];
  const wanted = Array.isArray(matches) ? matches.map((match) => ({ ...match, port: 80 })) : [{ port: 80 }];
  return fieldChange(owner, `${rule}.match`, wanted, {
    summary: 'let the rule hold for port 80 alone; or take it out, and set httpsRedirect on the plaintext server',
  });
}

function ruleFault(evidence: Evidence, rules: readonly RedirectRule[]): Fault | undefined {
  const [rule] = rules;
  if (!rule) return undefined;
  const { owner, path, server, takesAll } = rule;
  const hosts = [...new Set(rules.flatMap((one) => one.hosts))];
  const seen = seenLooping(evidence, server, hosts);
  const title = `${named(owner)} ${path} sends https requests to https again: it also holds for ${named(server.owner)} ${server.path}`;
  return {
    subject: subjectOf(owner, path),
    title,
    message: `${title}. The answer to every such request is a redirect to the same address, until the client gives up.`,
    evidence: [{ source: 'resource', ref: `${named(owner)} ${path}`, detail: shownField(owner, path) }, ...seen],
    affects: rules.map((one) => ({ server: one.server, hosts: one.hosts })),
    confidence: seen.length > 0 ? 0.95 : 0.88,
    severity: takesAll || seen.length > 0 ? 'error' : 'warning',
    related: [subjectOf(server.owner, server.path)],
    fix: onlyForPlaintext(rule),
    confirm: confirmHost(hosts[0]),
    ruledOut: seen.length > 0 ? ['the handshake succeeds, and the certificate is not in question'] : [],
  };
}

function frontFault(evidence: Evidence, server: Server, front: PlaintextFront): Fault {
  const { owner, path } = server;
  const hosts = listedHosts(server);
  const secure = servers(evidence).filter(
    (one) => one.owner === owner && one !== server && isHttpProtocol(one.protocol) && one.port === 443,
  );
  const seen = [server, ...secure].flatMap((one) => seenLooping(evidence, one, hosts));
  const title = `${named(owner)} ${path} redirects to https what ${named(front.object)} has decrypted`;
  return {
    subject: subjectOf(owner, `${path}.tls.httpsRedirect`),
    title,
    message: `${title}. To the gateway every request behind it is plain http: each is sent to https again, which arrives in the same way, without end.`,
    evidence: [
      { source: 'resource', ref: `${named(front.object)} ${front.path}`, detail: front.says },
      {
        source: 'resource',
        ref: `${named(owner)} ${path}.tls.httpsRedirect`,
        detail: 'true; no proxy in front is trusted about the scheme (numTrustedProxies)',
      },
      ...seen.slice(0, 3),
    ],
    affects: [server, ...secure].map((one) => ({ server: one })),
    confidence: seen.length > 0 ? 0.9 : front.meets ? 0.75 : 0.45,
    severity: seen.length > 0 || front.meets ? 'error' : 'warning',
    ...(seen.length === 0 &&
      !front.meets && {
        decidedBy: `curl -sI https://${hosts[0] ?? 'HOST'}/: a Location equal to the address that was asked`,
      }),
    related: [subjectOf(front.object, front.path)],
    fix: fieldChange(owner, `${path}.tls.httpsRedirect`, false, {
      summary:
        'let the balancer redirect, and not the gateway; or let it pass TLS through; or trust it about X-Forwarded-Proto (gatewayTopology.numTrustedProxies: 1)',
      doNot: [
        'trust a proxy in front of which clients can reach the gateway directly: they could then claim any scheme and address',
      ],
    }),
    confirm: confirmHost(hosts[0]),
  };
}

/** A loop that was seen, with a redirect at the gateway and no front that an object tells of. */
function seenFault(evidence: Evidence, server: Server): Fault | undefined {
  const loops = redirectProbes(evidence, server);
  const [loop] = loops;
  const source = servers(evidence).find(
    (one) =>
      redirectsToHttps(one) && one.hosts.some(({ host }) => hostsMeet(host, loop?.probe.host.toLowerCase() ?? '')),
  );
  if (!loop || !source) return undefined;
  const title = `${named(source.owner)} ${source.path} redirects to https, and requests by https get that redirect`;
  return {
    subject: subjectOf(source.owner, `${source.path}.tls.httpsRedirect`),
    title,
    message: `${title}. Something in front of the gateway ends TLS and sends plaintext on, so that the gateway never sees an https request.`,
    evidence: [
      ...loops.slice(0, 2).map(({ probe }) => observedProbe(probe)),
      { source: 'resource', ref: `${named(source.owner)} ${source.path}.tls.httpsRedirect`, detail: 'true' },
    ],
    affects: [{ server, hosts: [loop.probe.host.toLowerCase()] }],
    confidence: 0.75,
    fix: fieldChange(source.owner, `${source.path}.tls.httpsRedirect`, false, {
      summary: 'let whatever ends TLS redirect, and not the gateway; or let it pass TLS through',
    }),
    confirm: confirmHost(loop.probe.host),
  };
}

/** A redirect to https that https requests get too. */
export const httpsRedirectLoop: Check = {
  name: 'https-redirect-loop',
  title: 'No https request is redirected to where it already is',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'http',
  reads: ['resource', 'probe', 'access-log'],
  explains: [],
  *inspect(evidence): Iterable<Judgement> {
    const all = servers(evidence);
    const rules = all.filter(terminatesTls).flatMap((server) => redirectRules(evidence, server));
    const explained = new Set(rules.map(({ server }) => server));
    for (const own of Map.groupBy(
      rules,
      ({ owner, path }) => `${owner.kind} ${owner.namespace}/${owner.name} ${path}`,
    ).values()) {
      const fault = ruleFault(evidence, own);
      if (fault) yield fault;
    }
    for (const server of all.filter(redirectsToHttps)) {
      const [front] = plaintextFronts(evidence, server);
      if (front) yield frontFault(evidence, server, front);
    }
    for (const server of all.filter((one) => terminatesTls(one) && !explained.has(one))) {
      const fault = seenFault(evidence, server);
      if (fault) yield fault;
    }
  },
};
