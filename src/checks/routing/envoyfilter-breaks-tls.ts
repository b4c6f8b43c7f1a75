import { attachmentOf } from '../../facts/attachments.ts';
import { observed } from '../../facts/credential-trail.ts';
import { tamperings, type Tampering } from '../../facts/envoy-filters.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { placementsOf } from '../../facts/listeners.ts';
import { eventsOf } from '../../facts/log-events.ts';
import { probesOf } from '../../facts/probes.ts';
import { activeListeners, envoysOf } from '../../facts/proxies.ts';
import { isTlsProtocol, listedHosts, servers, terminatesTls, type Server } from '../../facts/servers.ts';
import type { Workload } from '../../facts/workloads.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { Observation, Severity } from '../../model/finding.ts';
import type { Check, Fault, Judgement } from '../check.ts';
import { confirmHost, jsonPatch, pointerOf, valueAt } from '../remedies.ts';
import { clientRefused, noFilterChain, noListener, plaintextListener } from '../symptoms.ts';
import { observedProbe } from '../symptom/probe-symptom.ts';
import { decisionOn, shownField } from './field-change.ts';

const takenBy = (evidence: Evidence, workload: Workload): readonly Server[] =>
  servers(evidence).filter(
    (server) => isTlsProtocol(server.protocol) && attachmentOf(evidence, server).workloads.includes(workload),
  );

/** Where what Envoy holds is not what the Gateways alone would give: a chain without its TLS, or no tls inspector. */
function differences(evidence: Evidence, workload: Workload, own: readonly Server[]): readonly Observation[] {
  return envoysOf(evidence, workload).flatMap((envoy) => {
    const ref = `${envoy.namespace}/${envoy.pod}`;
    const listeners = activeListeners(envoy);
    return own.filter(terminatesTls).flatMap((server): readonly Observation[] => {
      const ports = new Set(
        placementsOf(evidence, server)
          .filter(({ drop }) => !drop)
          .map(({ listenerPort }) => listenerPort),
      );
      return listeners
        .filter(({ port }) => port !== undefined && ports.has(port))
        .flatMap(({ name, chains, listenerFilters }): readonly Observation[] => {
          const hosts = listedHosts(server).filter((host) => host !== '*');
          const chain = chains.find(({ serverNames }) => hosts.some((host) => serverNames.includes(host)));
          if (chain && !chain.tls)
            return [
              { source: 'config-dump', ref, detail: `the chain for ${hosts.join(', ')} on ${name} has no TLS context` },
            ];
          const blind = chain !== undefined && !listenerFilters.some((filter) => filter.endsWith('tls_inspector'));
          return blind
            ? [{ source: 'config-dump', ref, detail: `${name} has no tls_inspector: no server name is ever read` }]
            : [];
        });
    });
  });
}

/** Envoy's refusals that are about the kind of thing that EnvoyFilters bring in. */
const foreign =
  /type[_. ]?url|Unable to parse|unknown (?:filter|field)|Didn't find a registered|no such field|could not find @type|invalid filter/i;

function refusals(evidence: Evidence, workload: Workload): readonly Observation[] {
  const own = eventsOf(evidence, 'listener-refused').filter(
    ({ proxy, namespace, pod, reason }) =>
      foreign.test((reason ?? '').slice(0, 500)) &&
      workload.pods.some((one) =>
        proxy
          ? one.name === proxy.pod && one.namespace === proxy.namespace
          : one.name === pod && one.namespace === namespace,
      ),
  );
  return own.slice(-2).map(observed);
}

function faultOf(evidence: Evidence, { filter, path, workload, effect, harm }: Tampering): Fault | undefined {
  const own = takenBy(evidence, workload);
  if (own.length === 0) return undefined;
  const seen = [...refusals(evidence, workload), ...differences(evidence, workload, own)];
  const failing = own.flatMap((server) => probesOf(evidence)(server)).filter(({ reading }) => reading === 'fails');
  const working = own.flatMap((server) => probesOf(evidence)(server)).some(({ reading }) => reading === 'works');
  if (seen.length === 0 && (working || harm === 'possible')) return undefined;
  const severity: Severity = seen.length > 0 ? 'error' : 'warning';
  const title = `${named(filter)} ${path} ${effect}, on ${workload.ref.kind} ${workload.namespace}/${workload.name}`;
  const pointer = pointerOf(path);
  const old = valueAt(filter, path) ?? null;
  return {
    subject: subjectOf(filter, path),
    title,
    message: `${title}. What istiod makes of the Gateways is changed after it is made: objects and logs of the control plane look right, and Envoy holds something else.`,
    evidence: [
      { source: 'resource', ref: `${named(filter)} ${path}`, detail: shownField(filter, path) },
      ...seen.slice(0, 3),
      ...failing.slice(0, 2).map(({ probe }) => observedProbe(probe)),
    ],
    affects: own.map((server) => ({ server })),
    confidence: seen.length > 0 ? 0.85 : 0.45,
    severity,
    fix: {
      summary:
        'take the patch out, and see whether the host comes back; most of what such patches do has a field of its own by now',
      commands: [
        jsonPatch(filter, [
          { op: 'test', path: pointer, value: old },
          { op: 'remove', path: pointer },
        ]),
      ],
      undo: [jsonPatch(filter, [{ op: 'add', path: pointer, value: old }])],
      doNot: [],
      ...decisionOn(filter),
    },
    confirm: confirmHost(own[0] && listedHosts(own[0])[0]),
    ...(seen.length === 0 && {
      decidedBy: `istioctl proxy-config listeners deploy/${workload.name} -n ${workload.namespace} -o json, with and without the EnvoyFilter`,
    }),
  };
}

/** An EnvoyFilter changes a gateway's listener or TLS context so that it no longer works. */
export const envoyfilterBreaksTls: Check = {
  name: 'envoyfilter-breaks-tls',
  title: 'No EnvoyFilter takes TLS away from a gateway',
  group: 'routing',
  kind: 'cause',
  severity: 'error',
  step: 'tls',
  reads: ['resource', 'config-dump', 'istiod-log', 'gateway-log', 'probe'],
  explains: [
    ...noFilterChain,
    ...noListener,
    ...plaintextListener,
    ...clientRefused,
    { check: 'listener-nack', over: 'listener' },
  ],
  *inspect(evidence): Iterable<Judgement> {
    for (const tampering of tamperings(evidence)) {
      const fault = faultOf(evidence, tampering);
      if (fault) yield fault;
    }
  },
};
