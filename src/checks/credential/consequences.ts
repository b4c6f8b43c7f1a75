import { attachmentOf } from '../../facts/attachments.ts';
import type { CredentialUse } from '../../facts/credentials.ts';
import { deliveryOf, isDelivered, lackingSome } from '../../facts/delivery.ts';
import type { Evidence } from '../../facts/evidence.ts';
import { isServed, layout } from '../../facts/listeners.ts';
import { release } from '../../facts/mesh.ts';
import { isTlsProtocol, type Server } from '../../facts/servers.ts';
import { before, type Release } from '../../istio/release.ts';
import type { Severity } from '../../model/finding.ts';
import type { Affected, Fault } from '../check.ts';

/** The release whose rules hold for a use: that of the pods that ask. */
export const rulesOf = (evidence: Evidence, { workload }: Pick<CredentialUse, 'workload'>): Release | undefined =>
  workload?.release ?? release(evidence);

/** Who looks for the Secret: istiod since 1.8, before that an agent in the gateway's pod. */
export const readerOf = (evidence: Evidence, use: CredentialUse): string =>
  before(rulesOf(evidence, use), 1, 8) ? 'The agent in the gateway’s pod' : 'istiod';

/** What clients get of a server whose key pair does not come, as a sentence (istio-gateway-tls 0.2, 7.3). */
export function consequenceOf(evidence: Evidence, use: CredentialUse): string {
  if (use.server.from === 'GatewayAPI') {
    return 'istiod leaves the listener out of the gateway: handshakes for its host are reset, and a port that has no other listener refuses connections.';
  }
  return before(rulesOf(evidence, use), 1, 4)
    ? 'Envoy does not open the port before it comes, so that connections to every host of the port are refused.'
    : 'Envoy has no certificate to show and resets every handshake of these hosts.';
}

const neighboursOf = (evidence: Evidence, server: Server): readonly Server[] =>
  layout(evidence)
    .listeners.filter(({ accepted }) => accepted.includes(server))
    .flatMap(({ accepted }) => accepted.filter(({ protocol }) => isTlsProtocol(protocol)));

/** The servers that suffer: up to 1.3 all of the port, since its listener waits for every one of its Secrets. */
export function affectedBy(evidence: Evidence, uses: readonly CredentialUse[]): readonly Affected[] {
  const servers = uses.flatMap((use) =>
    before(rulesOf(evidence, use), 1, 4) ? [use.server, ...neighboursOf(evidence, use.server)] : [use.server],
  );
  return [...new Map(servers.map((server) => [server.key, server])).values()].map((server) => ({ server }));
}

/** Another Gateway's server has the hosts or the port: nothing of this one is asked for. */
const isLeftOut = (evidence: Evidence, { server }: CredentialUse): boolean =>
  attachmentOf(evidence, server).workloads.length > 0 && !isServed(evidence, server);

/** Whether each use is still served, from Envoy's memory, or is not in force at all: nobody notices yet. */
export function isLatent(evidence: Evidence, uses: readonly CredentialUse[]): boolean {
  return uses.every((use) => isDelivered(deliveryOf(evidence, use)) || isLeftOut(evidence, use));
}

/** Severity and pods of a fault that keeps a credential from coming. */
export function reachOf(evidence: Evidence, uses: readonly CredentialUse[]): Pick<Fault, 'severity' | 'pods'> {
  const severity: Severity = isLatent(evidence, uses) ? 'warning' : 'error';
  const lacking = uses.flatMap((use) => lackingSome(deliveryOf(evidence, use)) ?? []);
  const some = uses.every((use) => lackingSome(deliveryOf(evidence, use)) !== undefined);
  return { severity, ...(some && lacking.length > 0 && { pods: [...new Set(lacking)] }) };
}

/** The uses of one Secret: at least one. */
export type Uses = readonly [CredentialUse, ...CredentialUse[]];

/** The uses of each Secret together: whatever is wrong with it is one thing to mend. */
export function groupedBySecret(uses: readonly CredentialUse[]): readonly Uses[] {
  const groups = Map.groupBy(uses, ({ namespace, name }) => `${namespace}/${name}`);
  return [...groups.values()].flatMap(([first, ...others]) => (first ? [[first, ...others] satisfies Uses] : []));
}
