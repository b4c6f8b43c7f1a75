import { attachmentOf } from '../../facts/attachments.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { activeListeners, envoysOf } from '../../facts/proxies.ts';
import { servers, terminatesTls, type Server } from '../../facts/servers.ts';
import { gatewayWorkloads } from '../../facts/workloads.ts';
import { named, subjectOf } from '../../kubernetes/names.ts';
import type { EnvoyState } from '../../model/envoy.ts';
import type { Check } from '../check.ts';

/** The Envoys that should hold the server: those of its workloads, or all gateways when it has none. */
function envoysFor(evidence: Evidence, server: Server): readonly EnvoyState[] {
  const { workloads } = attachmentOf(evidence, server);
  const own = workloads.length > 0 ? workloads : gatewayWorkloads(evidence);
  return own.flatMap((workload) => envoysOf(evidence, workload)).filter(({ listeners }) => listeners !== undefined);
}

const hasName = (envoy: EnvoyState, host: string): boolean =>
  activeListeners(envoy).some(({ chains }) =>
    chains.some(({ serverNames, tls }) =>
      serverNames.length === 0 ? host === '*' && tls !== undefined : serverNames.includes(host),
    ),
  );

/** A server that ends TLS has hosts, and no chain of any listener names them. */
export const filterChainMissing: Check = {
  name: 'filter-chain-missing',
  title: 'Every host of a TLS server has its filter chain in Envoy',
  group: 'symptom',
  kind: 'symptom',
  severity: 'error',
  step: 'listener',
  reads: ['config-dump'],
  explains: [{ check: 'handshake-reset', over: 'server' }],
  *inspect(evidence) {
    for (const server of servers(evidence).filter(terminatesTls)) {
      const envoys = envoysFor(evidence, server);
      const hosts = server.hosts.map(({ host }) => host);
      const lacking = envoys.filter((envoy) => hosts.some((host) => !hasName(envoy, host)));
      if (lacking.length === 0) continue;
      const title = `Envoy has no filter chain for ${hosts.join(', ')} of ${named(server.owner)} ${server.path}`;
      yield {
        subject: subjectOf(server.owner, server.path),
        title,
        message: `${title}. A client that asks for the name is cut off without an alert.`,
        evidence: lacking.map((envoy) => ({
          source: 'config-dump',
          ref: `${envoy.namespace}/${envoy.pod}`,
          detail: `names on its TLS chains: ${namesOf(envoy)}`,
        })),
        affects: [{ server }],
        confidence: 0.9,
        ...(lacking.length < envoys.length && { pods: lacking.map(({ namespace, pod }) => `${namespace}/${pod}`) }),
      };
    }
  },
};

function namesOf(envoy: EnvoyState): string {
  const names = activeListeners(envoy).flatMap(({ chains }) => chains.flatMap(({ serverNames }) => serverNames));
  return names.length === 0 ? 'none' : names.slice(0, 8).join(', ') + (names.length > 8 ? ' …' : '');
}
